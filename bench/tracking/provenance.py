"""Where numbers come from: the code's commit and its changes, packages, machine. Torch-free."""

import platform
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from bench.core.numerics import numerics
from bench.core.public import public
from bench.storage.owner import host

PACKAGES = (
    "dd-bench", "torch", "torchvision", "timm", "POT", "numpy", "scipy", "scikit-learn", "pandas",
    "mlflow", "optuna", "safetensors", "pillow",
)  # fmt: skip
LARGEST_DIFF = 1_000_000  # characters
PATIENCE = 5.0  # seconds for one git command


@dataclass(frozen=True)
class Provenance:
    """Code, packages and machine of one run.

    Attributes:
        commit: of the code's git checkout, "" outside of one.
        dirty: whether tracked files differ from it or untracked ones lie beside them.
        diff: those differences, then the names of untracked files; cut at `LARGEST_DIFF`.
        device: names of the GPUs, else of the CPU.
        numerics: the class that decides the last bits of what this process computes on its CPU;
            empty in one that computes nothing.
    """

    commit: str
    dirty: bool
    diff: str
    host: str
    device: str
    python: str
    system: str
    cpus: int
    memory_bytes: int
    packages: dict[str, str] = field(default_factory=dict)
    command: tuple[str, ...] = ()
    numerics: dict[str, str] = field(default_factory=dict)

    def tags(self) -> dict[str, str]:
        """What runs are filtered by."""
        found = {"git_commit": self.commit, "host": self.host, "machine": self.device}
        return found | ({"dirty": str(self.dirty).lower()} if self.commit else {})

    def summary(self) -> dict[str, object]:
        """Everything but the diff, ready for JSON; addresses in the command hold no password."""
        found = {key: value for key, value in asdict(self).items() if key != "diff"}
        return found | {"command": [public(word) for word in self.command]}


def provenance(folder: Path | None = None) -> Provenance:
    """What can be said about the code in `folder` (default: where bench lies) and this machine."""
    commit, diff = git_state(folder or Path(__file__).resolve().parents[2])
    return Provenance(
        commit=commit,
        dirty=bool(diff),
        diff=diff,
        host=host(),
        device=device_name(),
        python=platform.python_version(),
        system=platform.platform(),
        cpus=psutil.cpu_count() or 1,
        memory_bytes=psutil.virtual_memory().total,
        packages=versions(),
        command=(Path(sys.argv[0]).name, *sys.argv[1:]),
        numerics=numerics() if "torch" in sys.modules else {},
    )


def git_state(folder: Path) -> tuple[str, str]:
    """The commit of a checkout and its uncommitted changes; two empty texts outside of one."""
    commit = _git(folder, "rev-parse", "HEAD").strip()
    if not commit:
        return "", ""
    changes = _git(folder, "diff", "HEAD", "--no-color", "--no-ext-diff")
    untracked = _git(folder, "ls-files", "--others", "--exclude-standard").splitlines()
    text = changes + "".join(f"# untracked: {name}\n" for name in untracked)
    if len(text) > LARGEST_DIFF:
        text = f"{text[:LARGEST_DIFF]}\n# cut after {LARGEST_DIFF} of {len(text)} characters\n"
    return commit, text


def _git(folder: Path, *arguments: str) -> str:
    """What git prints, "" where it is missing, refuses or takes too long."""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""


def versions() -> dict[str, str]:
    """Installed versions of the packages that can change a number."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def device_name() -> str:
    """`2 x NVIDIA H200` through NVML, else the CPU's model."""
    names = _gpu_names()
    if names:
        return ", ".join(f"{names.count(n)} x {n}" for n in dict.fromkeys(names))
    try:
        lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
    except OSError:
        lines = []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def _gpu_names() -> list[str]:
    try:
        import pynvml
    except ImportError:
        return []
    try:
        pynvml.nvmlInit()
        count = pynvml.nvmlDeviceGetCount()
        return [
            _text(pynvml.nvmlDeviceGetName(pynvml.nvmlDeviceGetHandleByIndex(i)))
            for i in range(count)
        ]
    except pynvml.NVMLError:
        return []


def _text(name: str | bytes) -> str:
    return name.decode() if isinstance(name, bytes) else name
