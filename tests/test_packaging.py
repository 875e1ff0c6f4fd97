"""The package installs what it declares, starts at once, and a fresh clone has its two commands."""

import os
import re
import subprocess
import sys
import tomllib
from fnmatch import fnmatchcase
from itertools import chain
from pathlib import Path

import pytest
from floors import HEAVY, PROJECT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from waiting import LIMIT

import bench

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))
PINS = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()


def imported_by(arguments: list[str]) -> set[str]:
    """Heavy packages that a `bench` command line imports in a process of its own."""
    program = (
        "import sys; from bench.cli.main import main\n"
        f"try: sys.argv = {['bench', *arguments]!r}; main()\n"
        "except SystemExit: pass\n"
        f"print('\\nheavy', *(name for name in {HEAVY!r} if name in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, timeout=LIMIT
    )
    assert "Traceback" not in done.stderr, done.stderr
    return set(done.stdout.splitlines()[-1].split()[1:])


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["--version"], ["run", "--help"], ["list"], ["runn"], ["doctor", "--help"]],
    ids=" ".join,
)
def test_help_lists_and_typos_import_nothing_heavy(arguments: list[str]) -> None:
    assert imported_by(arguments) == set()


def test_a_heavy_import_would_be_seen(tmp_path: Path) -> None:
    places = ["--store", str(tmp_path), "--data", str(tmp_path)]
    assert "torch" in imported_by(["doctor", *places])


def test_the_console_script_is_the_command_line() -> None:
    assert PYPROJECT["project"]["scripts"] == {"bench": "bench.cli.main:main"}


def test_the_version_has_one_source() -> None:
    assert "version" in PYPROJECT["project"]["dynamic"]
    assert PYPROJECT["tool"]["setuptools"]["dynamic"]["version"] == {
        "attr": "bench.core.__version__"
    }
    assert re.fullmatch(r"\d+\.\d+\.\d+", bench.__version__)


def test_the_changelog_knows_the_coming_version() -> None:
    assert "## [Unreleased]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_every_package_is_installed_and_no_other() -> None:
    patterns = PYPROJECT["tool"]["setuptools"]["packages"]["find"]["include"]
    packages = {file.parent.relative_to(ROOT) for file in ROOT.glob("*/**/__init__.py")}
    names = {".".join(place.parts) for place in packages if place.parts[0] != ".venv"}
    names |= {"benchmarks", "tests", "tools"}  # which no pattern may match
    found = {name for name in names if any(fnmatchcase(name, pattern) for pattern in patterns)}
    assert {name.split(".")[0] for name in found} == set(PROJECT)
    assert {name for name in names if name.split(".")[0] in PROJECT} == found


def test_the_licence_is_the_one_declared() -> None:
    assert PYPROJECT["project"]["license"] == "Apache-2.0"
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License\n                           Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_pins_name_no_host() -> None:
    assert [line for line in PINS if "://" in line or "@" in line] == []


def test_every_direct_dependency_is_pinned_within_its_range() -> None:
    pinned: dict[str, list[str]] = {}
    for requirement in map(Requirement, PINS):
        exact = [spec.version for spec in requirement.specifier if spec.operator == "=="]
        pinned.setdefault(canonicalize_name(requirement.name), []).extend(exact)
    project = PYPROJECT["project"]
    direct = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    for requirement in map(Requirement, direct):
        if canonicalize_name(requirement.name) == "dd-bench":
            continue
        versions = pinned.get(canonicalize_name(requirement.name), [])
        assert versions, f"{requirement.name} is not pinned: run `make lock`"
        assert all(requirement.specifier.contains(v) for v in versions), requirement


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", ".ci/run"])
def test_make_targets_that_are_named_exist(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    named = set(re.findall(r"(?:^|`)make (?:--\S+ )?([a-z]+)", text, re.MULTILINE))
    named |= set(re.findall(r"phase \w+ make --\S+ ([a-z]+)", text))
    assert named
    assert named <= TARGETS


def test_the_two_commands_need_nothing_but_make() -> None:
    plan = {
        target: subprocess.run(
            ["make", "-n", target, "VENV=fresh"], capture_output=True, text=True, cwd=ROOT,
            check=True,
        ).stdout
        for target in ("ablation", "test")
    }  # fmt: skip
    for target, command in (("ablation", "fresh/bin/bench run ablation"), ("test", "-m pytest")):
        assert plan[target].index("pip install") < plan[target].index(command)
        assert "-c constraints.txt" in plan[target]


def fake_python(folder: Path, name: str, code: int) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\necho 'Python 3.9.1'\nexit {code}\n")
    path.chmod(0o755)
    return path


def find_python(path: str, python: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", str(ROOT / "tools/find_python.sh")], capture_output=True, text=True,
        env={"PATH": path, "PYTHON": python},
    )  # fmt: skip


def test_an_old_python_is_refused_with_what_to_do(tmp_path: Path) -> None:
    old = fake_python(tmp_path, "python3", 1)
    done = find_python("/usr/bin:/bin", str(old))
    assert done.returncode == 1
    assert "expected Python 3.11 or newer" in done.stderr
    assert "Python 3.9.1" in done.stderr
    assert "make PYTHON=" in done.stderr


def test_the_first_python_that_is_new_enough_is_taken(tmp_path: Path) -> None:
    fake_python(tmp_path, "python3.13", 1)
    fake_python(tmp_path, "python3.12", 1)
    wanted = fake_python(tmp_path, "python3.11", 0)
    assert find_python(f"{tmp_path}:/usr/bin:/bin").stdout.strip() == str(wanted)


def test_what_runs_make_is_not_committed() -> None:
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert {".venv/", ".bench/", "uv.lock", "__pycache__/", "*.egg-info/"} <= set(ignored)


@pytest.mark.parametrize("script", [".ci/run", "tools/find_python.sh", "tools/gpu_evidence.sh"])
def test_scripts_can_be_executed_and_parse(script: str) -> None:
    path = ROOT / script
    assert os.access(path, os.X_OK)
    shell = path.read_text(encoding="utf-8").splitlines()[0].split()[-1].rsplit("/", 1)[-1]
    subprocess.run([shell, "-n", str(path)], check=True)
