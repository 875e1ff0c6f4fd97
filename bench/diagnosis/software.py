"""Software: Python, the packages of pyproject.toml, a compiler, git."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, packages_distributions, requires, version
from pathlib import Path

from packaging.requirements import Requirement

from bench.core.errors import BenchError
from bench.diagnosis.check import Check
from bench.plugin.discovery import PACKAGES, refuse_strangers
from bench.storage.file_lock import system_locks

DISTRIBUTION = "dd-bench"
OLDEST, NEWEST = (3, 11), (3, 14)  # what continuous integration runs
PYPROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"


def python(found: Sequence[int] = sys.version_info[:3]) -> Check:
    """Whether the interpreter is new enough."""
    detail = f"{'.'.join(map(str, found))} in {sys.prefix}"
    if tuple(found[:2]) < OLDEST:
        return Check("python", "fail", detail, "install Python 3.11 or newer")
    if tuple(found[:2]) > NEWEST:
        return Check("python", "warn", f"{detail} is not tested", "use Python 3.11 to 3.14")
    return Check("python", "ok", detail)


def system(found: str = sys.platform) -> Check:
    """Whether the store's file locks exist here: on Linux and macOS, not on bare Windows."""
    if found in ("linux", "darwin"):
        return Check("system", "ok", found)
    try:
        system_locks()
    except BenchError as error:
        return Check("system", "fail", f"{found}: no run can start", str(error))
    return Check("system", "warn", f"{found} is not tested", "use Linux or macOS")


def names(owners: Callable[[], Mapping[str, list[str]]] = packages_distributions) -> Check:
    """Whether the suite's general package names are its own, on the import path and on disk."""
    try:
        refuse_strangers()
    except BenchError as error:
        return Check("names", "fail", str(error), "rename the other package")
    found = owners()
    others = {name: [d for d in found.get(name, []) if d != DISTRIBUTION] for name in PACKAGES}
    if shared := [f"{name} ({', '.join(dists)})" for name, dists in others.items() if dists]:
        detail = f"other installed packages use the suite's names: {'; '.join(shared)}"
        return Check("names", "warn", detail, "install the suite into an environment of its own")
    return Check("names", "ok", f"{', '.join(PACKAGES)} are the suite's own")


def requirements() -> list[Requirement]:
    """What this project needs without its extras: as installed, else as the checkout says."""
    try:
        lines = requires(DISTRIBUTION) or []
    except PackageNotFoundError:
        lines = []
        if PYPROJECT.is_file():
            lines = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]["dependencies"]
    parsed = [Requirement(line) for line in lines]
    return [r for r in parsed if r.marker is None or r.marker.evaluate({"extra": ""})]


def packages(needed: Sequence[Requirement], installed: Callable[[str], str] = version) -> Check:
    """Whether every required package is there, in a version that pyproject.toml admits."""
    found, wrong = [], []
    for requirement in needed:
        try:
            have = installed(requirement.name)
        except PackageNotFoundError:
            wrong.append(f"{requirement.name} is missing")
            continue
        found.append(f"{requirement.name} {have}")
        if not requirement.specifier.contains(have, prereleases=True):
            wrong.append(f"{requirement.name} {have} is not {requirement.specifier}")
    if wrong:
        return Check(
            "packages", "fail", "; ".join(wrong), "run `make install`, or pip install -e ."
        )
    if not found:
        return Check("packages", "warn", "no list of requirements found", "run `make install`")
    return Check("packages", "ok", ", ".join(found))


def compiler() -> Check:
    """Whether torch.compile can build its kernels: a C++ compiler and Python's headers."""
    found = next((c for c in (os.environ.get("CXX"), "g++", "clang++") if c and _path(c)), None)
    missing = [] if found else ["a C++ compiler"]
    if not (Path(sysconfig.get_path("include")) / "Python.h").is_file():
        missing.append("Python.h")
    if missing:
        detail = f"{' and '.join(missing)} not found: torch.compile cannot be used"
        return Check("compiler", "warn", detail, "install g++ and the headers (python3-dev)")
    return Check("compiler", "ok", f"{found} at {_path(found or '')}, Python.h")


def git(folder: Path) -> Check:
    """Whether runs can record the commit they were made from."""
    if not _path("git"):
        return Check("git", "warn", "not found: runs record no commit", "install git")
    head = _git(folder, "rev-parse", "--short", "HEAD")
    if head is None:
        detail = f"{folder} has no commit: runs record none"
        return Check("git", "warn", detail, "work in a git checkout")
    changed = len((_git(folder, "status", "--porcelain") or "").splitlines())
    return Check("git", "ok", f"{head}, " + (f"{changed} changed files" if changed else "clean"))


def _path(name: str) -> str | None:
    return shutil.which(name)


def _git(folder: Path, *arguments: str) -> str | None:
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=20
    )
    return done.stdout.strip() if done.returncode == 0 else None
