"""The wheel, installed outside the checkout: commands, studies, templates, names and guards."""

import os
import re
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
from floors import PROJECT

import bench

ROOT = Path(__file__).resolve().parent.parent
BUILT_FROM = ("pyproject.toml", "README.md", "LICENSE", *PROJECT)
TEST_PACKAGES = Path(pytest.__file__).resolve().parents[1]  # torch among them


class Installed:
    """A fresh environment with pip, beside which the test environment's packages stand."""

    def __init__(self, folder: Path) -> None:
        venv.create(folder, with_pip=True)  # from Python's own copy of pip: no network
        self.python, self.bench = folder / "bin" / "python", folder / "bin" / "bench"
        (self.packages,) = folder.glob("lib/python*/site-packages")
        (self.packages / "beside.pth").write_text(f"{TEST_PACKAGES}\n")

    def pip(self, *words: object) -> None:
        flags = ["--no-deps", "--no-index", "--quiet", "--disable-pip-version-check"]
        typed = [self.python, "-m", "pip", *words, *flags]
        known = os.environ | {"PYTHONPATH": str(TEST_PACKAGES)}  # newer setuptools than venv's own
        done = subprocess.run([*map(str, typed)], capture_output=True, text=True, env=known)
        assert done.returncode == 0, done.stderr

    def run(self, *words: object, cwd: Path, ok: int = 0) -> "subprocess.CompletedProcess[str]":
        """Runs `bench` as a user does who has neither a checkout nor a PYTHONPATH."""
        known = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "DDBENCH"))}
        done = subprocess.run(
            [str(word) for word in (self.bench, *words)],
            cwd=cwd, env=known | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == ok, done.stdout + done.stderr
        return done


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return Installed(tmp_path_factory.mktemp("installed") / "venv")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory, fresh: Installed) -> Path:
    """A wheel of the working tree, built from what the Dockerfile copies."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in BUILT_FROM:
        if (ROOT / name).is_dir():
            unwanted = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, source / name, ignore=unwanted)
        else:
            shutil.copy(ROOT / name, source)
    fresh.pip("wheel", source, "--no-build-isolation", "--wheel-dir", out)
    (found,) = out.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(fresh: Installed, wheel: Path) -> Installed:
    fresh.pip("install", "--force-reinstall", wheel)
    return fresh


def test_the_wheel_holds_every_module_study_and_template_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {Path(name) for name in archive.namelist()}
    kinds = ("*.py", "py.typed", "*.csv", "*.html", "*.css", "*.js", "*.j2", "*.md", "*.tex")
    ours = {
        file.relative_to(ROOT) for name in PROJECT for kind in kinds
        for file in (ROOT / name).rglob(kind)
    }  # fmt: skip
    wanted = {file for file in ours if file.parts[:2] != ("reports", "measured")}
    assert wanted - held == set()
    extra = {file for file in held - wanted if not file.parts[0].endswith(".dist-info")}
    assert {file.parts[:2] for file in extra} <= {("reports", "templates")}
    tops = {file.parts[0] for file in held}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PROJECT)


def test_the_installed_command_knows_its_version_and_all_that_the_checkout_has(
    installed: Installed, tmp_path: Path
) -> None:
    version = installed.run("--version", cwd=tmp_path).stdout
    assert version.strip() == f"bench, version {bench.__version__}"
    listed = installed.run("list", cwd=tmp_path).stdout
    studies = {p.stem.replace("_", "-") for p in (ROOT / "studies").glob("[a-rt-z]*.py")}
    assert {name for name in studies if not re.search(rf"\b{name}\b", listed)} == set()
    program = "import bench, reports; print(bench.__file__, reports.__file__)"
    where = subprocess.run(
        [installed.python, "-P", "-c", program],
        capture_output=True, text=True, check=True, cwd=tmp_path,
        env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
    ).stdout.split()  # fmt: skip
    assert [Path(file).is_relative_to(installed.packages) for file in where] == [True, True]


@pytest.mark.slow
def test_the_installed_command_runs_the_smoke_ablation_and_writes_its_report(
    installed: Installed, tmp_path: Path
) -> None:
    places = ["--store", tmp_path / "store", "--data", tmp_path / "data"]
    study = ["ablation", "--profile", "smoke", "--set", "seeds=1", *places]
    ran = installed.run("run", *study, cwd=tmp_path)
    assert "Wass + PCBN" in ran.stdout
    page = tmp_path / "page.html"
    installed.run("report", *study, "--format", "html", "--out", page, cwd=tmp_path)
    text = page.read_text(encoding="utf-8")
    assert "<style" in text  # of the template, inside the page
    assert "clean CE + BN" in text
    again = installed.run("report", *study, "--format", "csv", "--out", "-", cwd=tmp_path)
    assert again.stdout.splitlines()[0].startswith("study,")
    assert len(again.stdout.splitlines()) == 1 + 11


@pytest.mark.parametrize("kind", ["package", "module"])
def test_a_user_s_own_package_of_the_same_name_is_named_instead_of_imported(
    installed: Installed, tmp_path: Path, kind: str
) -> None:
    """`reports`, `methods` and their like are general names; a notebook's folder comes first."""
    if kind == "package":
        (tmp_path / "methods").mkdir()
        stranger = tmp_path / "methods" / "__init__.py"
    else:
        stranger = tmp_path / "methods.py"
    stranger.write_text("raise RuntimeError('was imported')\n")
    done = subprocess.run(
        [installed.python, "-m", "bench.cli.main", "list"],
        cwd=tmp_path, capture_output=True, text=True,
        env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert "package 'methods': expected the suite's own in" in done.stderr
    assert f"Python finds {tmp_path / 'methods'}" in done.stderr
    assert "Traceback" not in done.stderr
    # the installed command does not look into the folder that it is started in
    assert "wmdd" in installed.run("list", cwd=tmp_path).stdout


WINDOWS = """
import os, signal, sys
import psutil, torch  # which know their own system and must not be fooled about it
for name in ("fcntl", "resource", "pwd", "grp", "termios"):
    sys.modules[name] = None
for owner, name in ((signal, "SIGHUP"), (os, "sched_getaffinity"), (os, "getuid"), (os, "geteuid")):
    delattr(owner, name)
import pkgutil, importlib, bench, reports
for package in (bench, reports):
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)
from bench.diagnosis.hardware import cores_available
from bench.diagnosis.software import system
assert cores_available() >= 1
print(system("win32"))
sys.argv = ["bench", *sys.argv[1:]]
from bench.cli.main import main
main()
"""


def test_what_only_posix_has_is_imported_nowhere_and_a_run_is_refused_in_one_line(
    tmp_path: Path,
) -> None:
    words = ["run", "ablation", "--store", str(tmp_path / "s"), "--data", str(tmp_path / "d")]
    done = subprocess.run(
        [sys.executable, "-c", WINDOWS, *words],
        capture_output=True, text=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode == 2, done.stderr
    assert "status='fail'" in done.stdout
    assert "Windows Subsystem for Linux" in done.stdout
    last = done.stderr.splitlines()[-1]
    assert last.startswith("error: file locks: expected Linux or macOS"), done.stderr
