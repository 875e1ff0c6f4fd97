"""The script for an hour on a GPU: its smoke form on the CPU, in calls that resume one another."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from bench.plugin.discovery import ROOT

SCRIPT = ROOT / "tools" / "gpu_evidence.sh"
OUT_OF_TIME = 75
STUDIES = [f"smoke-table{n}-wmdd-{recipe}" for n in (4, 1) for recipe in ("code", "paper")]


def call(
    folder: Path, data_root: Path, *words: str, seconds: int = 540, **other: str
) -> subprocess.CompletedProcess[str]:
    given = {
        "PYTHON": sys.executable,
        "PYTHONPATH": str(ROOT),
        "EVIDENCE_WORK": str(folder / "work"),
        "EVIDENCE_OUT": str(folder / "out"),
        "EVIDENCE_TESTS": "tests/storage/test_measure.py",
        "EVIDENCE_SECONDS": str(seconds),
        "DDBENCH_DATA": str(data_root),
        **other,
    }
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    return subprocess.run(
        ["sh", str(SCRIPT), *words], env={**kept, **given}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip


@pytest.mark.slow
def test_calls_resume_one_another_until_every_report_is_kept(
    tmp_path: Path, data_root: Path
) -> None:
    early = call(tmp_path, data_root, "--smoke", seconds=0)
    assert early.returncode == OUT_OF_TIME, early.stderr
    assert "call again" in early.stderr
    done = call(tmp_path, data_root, "--smoke")
    assert done.returncode == 0, done.stdout + done.stderr
    kept = tmp_path / "out"
    assert sorted(p.name for p in kept.iterdir()) == sorted([*STUDIES, "smoke-table3"])
    for folder in kept.iterdir():
        assert "WMDD" in (folder / "report.csv").read_text(encoding="utf-8")
        evidence = (folder / "evidence.txt").read_text(encoding="utf-8")
        assert [line.split(":")[0] for line in evidence.splitlines()] == [
            "command", "device", "finished", "wall time", "seeds and stages",
        ]  # fmt: skip
        assert str(tmp_path) not in evidence + (folder / "report.md").read_text(encoding="utf-8")
    before = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*") if p.is_file()}
    again = call(tmp_path, data_root, "--smoke")
    assert again.returncode == 0
    assert {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*") if p.is_file()} == before


@pytest.mark.slow
def test_a_step_that_the_clock_interrupts_goes_on_in_the_next_call(
    tmp_path: Path, data_root: Path
) -> None:
    marks = tmp_path / "work" / "done"
    marks.mkdir(parents=True)
    for name in ("tests", *STUDIES, "smoke-table3"):
        (marks / name).touch()
    tools = tmp_path / "tools"
    tools.mkdir()
    # a clock that stands, so that what comes before takes no time, and a run that never ends
    for name, text in (("date", "echo 0"), ("python", '[ "$1" = -c ] || exec sleep 1000')):
        (tools / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        (tools / name).chmod(0o755)
    given = {"PATH": f"{tools}:{os.environ['PATH']}", "PYTHON": str(tools / "python")}
    first = call(tmp_path, data_root, "--smoke", seconds=1, **given)
    assert first.returncode == OUT_OF_TIME, first.stderr
    assert "out of time in smoke after" in first.stderr
    assert not (marks / "smoke").exists()


def test_a_machine_without_a_gpu_is_told_of_the_smoke_form(tmp_path: Path, data_root: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    done = call(tmp_path, data_root)
    assert done.returncode == 2
    assert "expected a CUDA device, found none: try --smoke" in done.stderr


def test_an_unknown_word_is_refused(tmp_path: Path, data_root: Path) -> None:
    done = call(tmp_path, data_root, "--quick")
    assert (done.returncode, done.stdout) == (2, "")
    assert "usage: tools/gpu_evidence.sh [--smoke]; given --quick" in done.stderr
