"""Provenance names the commit, shows what differs from it, and needs neither git nor torch."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench.tracking import provenance as module
from bench.tracking.provenance import git_state, provenance


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    def git(*arguments: str) -> None:
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        subprocess.run(["git", "-C", str(tmp_path), *identity, *arguments], check=True)

    git("init", "-q")
    (tmp_path / "a.py").write_text("x = 1\n")
    git("add", "a.py")
    git("commit", "-q", "-m", "first")
    return tmp_path


def test_clean_checkout_has_a_commit_and_no_diff(checkout: Path) -> None:
    commit, diff = git_state(checkout)
    assert len(commit) == 40
    assert diff == ""
    assert provenance(checkout).tags()["dirty"] == "false"


def test_changes_and_untracked_files_are_in_the_diff(checkout: Path) -> None:
    (checkout / "a.py").write_text("x = 2\n")
    (checkout / "new.py").write_text("")
    found = provenance(checkout)
    assert found.dirty
    assert "-x = 1\n+x = 2\n" in found.diff
    assert "# untracked: new.py\n" in found.diff
    assert "diff" not in found.summary()


def test_a_huge_diff_is_cut_and_says_so(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST_DIFF", 20)
    (checkout / "a.py").write_text("x = 2\n" * 100)
    _, diff = git_state(checkout)
    assert "# cut after 20 of" in diff


def test_outside_of_a_checkout_there_is_no_commit(tmp_path: Path) -> None:
    assert git_state(tmp_path) == ("", "")
    assert "dirty" not in provenance(tmp_path).tags()


def test_without_git_there_is_no_commit(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert git_state(checkout) == ("", "")


def test_machine_and_packages_are_named(tmp_path: Path) -> None:
    found = provenance(tmp_path)
    assert found.host
    assert found.device
    assert found.cpus >= 1
    assert found.packages["torch"]


def test_it_imports_neither_torch_nor_mlflow() -> None:
    code = "import sys, bench.tracking.mlflow_log; print({'torch', 'mlflow'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
