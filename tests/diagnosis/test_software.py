"""Old interpreters, missing and outdated packages, and folders without git are named."""

import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from bench.diagnosis.software import compiler, git, names, packages, python, requirements, system

INSTALLED = {"numpy": "2.4.6", "torch": "2.15.0+cpu"}


def version_of(name: str) -> str:
    if name not in INSTALLED:
        raise PackageNotFoundError(name)
    return INSTALLED[name]


def test_an_old_interpreter_fails_with_what_is_expected() -> None:
    check = python((3, 10, 4))
    assert (check.status, check.advice) == ("fail", "install Python 3.11 or newer")
    assert check.detail.startswith("3.10.4")


@pytest.mark.parametrize("found", [(3, 11, 0), (3, 14, 2)])
def test_a_new_enough_interpreter_is_ok(found: tuple[int, int, int]) -> None:
    assert python(found).status == "ok"


def test_a_newer_interpreter_than_any_tested_one_is_a_warning() -> None:
    check = python((3, 15, 0))
    assert (check.status, check.advice) == ("warn", "use Python 3.11 to 3.14")


@pytest.mark.parametrize("found", ["linux", "darwin"])
def test_a_supported_system_is_ok(found: str) -> None:
    assert system(found).status == "ok"


def test_a_system_without_file_locks_fails_and_another_with_them_is_a_warning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert system("freebsd14").status == "warn"
    monkeypatch.setitem(sys.modules, "fcntl", None)
    check = system("win32")
    assert check.status == "fail"
    assert "on Windows use the Windows Subsystem for Linux" in check.advice


def test_names_of_the_suite_that_another_distribution_uses_are_told_with_its_name() -> None:
    check = names(lambda: {"reports": ["dd-bench", "reporter"], "methods": ["dd-bench"]})
    assert check.status == "warn"
    assert check.detail.endswith("names: reports (reporter)")
    assert names(lambda: {"reports": ["dd-bench"]}).status == "ok"


def test_a_package_that_hides_the_suite_s_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "studies.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "studies", raising=False)
    check = names(dict)
    assert check.status == "fail"
    assert str(tmp_path / "studies.py") in check.detail


def test_packages_in_range_are_listed_with_their_versions() -> None:
    check = packages([Requirement("numpy>=2.0"), Requirement("torch>=2.11")], version_of)
    assert (check.status, check.detail) == ("ok", "numpy 2.4.6, torch 2.15.0+cpu")


def test_a_missing_and_an_outdated_package_are_both_named() -> None:
    check = packages([Requirement("numpy>=3"), Requirement("absent")], version_of)
    assert check.status == "fail"
    assert check.detail == "numpy 2.4.6 is not >=3; absent is missing"
    assert "make install" in check.advice


def test_no_list_of_requirements_is_a_warning_not_a_pass() -> None:
    assert packages([], version_of).status == "warn"


def test_the_requirements_of_this_project_are_known_and_hold_no_extras() -> None:
    names = {requirement.name for requirement in requirements()}
    assert {"torch", "mlflow", "POT"} <= names
    assert not names & {"pytest", "ruff"}


def test_a_missing_compiler_is_a_warning(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    check = compiler()
    assert check.status == "warn"
    assert "a C++ compiler" in check.detail


def test_a_folder_without_git_is_a_warning(tmp_path: Path) -> None:
    check = git(tmp_path)
    assert (check.status, check.advice) == ("warn", "work in a git checkout")


def test_a_repository_is_named_by_commit_and_changes(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("a line")
    for arguments in (["init", "-q"], ["add", "."]):
        subprocess.run(["git", "-C", str(tmp_path), *arguments], check=True)
    author = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run(["git", "-C", str(tmp_path), *author, "commit", "-qm", "a note"], check=True)
    assert git(tmp_path).detail.endswith(", clean")
    (tmp_path / "other.txt").write_text("another")
    assert git(tmp_path).detail.endswith(", 1 changed files")


def test_a_machine_without_git_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert git(tmp_path).advice == "install git"
