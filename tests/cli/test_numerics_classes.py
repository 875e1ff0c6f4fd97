"""A store that processes of two numerics classes share says so, before a run and in its report."""

import json
import os
import subprocess
import sys

import pytest
from cli_runs import Bench

STUDY = '''
"""Two rows of which one process makes one."""
from bench.study.grid import Row, Study

FAST = {"squeeze.arch": "convnet3-w16-bn", "squeeze.epochs": 1, "relabel.epochs": 2}
STUDY = Study(
    name="classes",
    title="Classes",
    rows=(Row("random", "random", overrides=FAST), Row("herding", "herding", overrides=FAST)),
    seeds=(0,),
)
'''
LOWER = {"ATEN_CPU_CAPABILITY": "default"}


def run(bench: Bench, *settings: str, **variables: str) -> str:
    """Runs the study in a process with these variables; returns what it printed."""
    words = [sys.executable, "-m", "bench.cli.main", "run", "classes.py", "--profile", "smoke"]
    return subprocess.run(
        [*words, "--no-tracking", *(w for text in settings for w in ("--set", text))],
        cwd=bench.folder,
        env={**os.environ, **bench.environment(), **variables},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


@pytest.fixture
def mixed(bench: Bench) -> Bench:
    """The study's first seed by a process with fewer instructions."""
    (bench.folder / "classes.py").write_text(STUDY)
    assert "numerics class" not in run(bench, **LOWER)
    return bench


def test_a_second_class_is_told_once_before_the_run_and_once_in_the_report(mixed: Bench) -> None:
    printed = run(mixed, "seeds=2")
    before, _, after = printed.partition("[1/4 cells]")
    assert before.count("several numerics classes in this store: instructions: ") == 1
    assert after.count("Artifacts of several numerics classes stand behind these rows") == 1
    report = mixed.store / "reports" / "classes-smoke-seeds-2"
    assert "several numerics classes" in (report / "report.md").read_text()
    manifests = (path.read_text() for path in mixed.store.glob("objects/*/*/manifest.json"))
    found = {json.loads(text)["numerics"]["instructions"] for text in manifests}
    assert len(found) == 2


def test_a_comparison_of_both_names_the_class_where_equal_addresses_differ(mixed: Bench) -> None:
    other = Bench(mixed.folder, mixed.data_root, mixed.folder / "other")
    run(other)
    sides = [str(one.store / "reports" / "classes-smoke") for one in (mixed, other)]
    # numbers of one image that a student takes otherwise, which so short a run may not show
    csv = mixed.store / "reports" / "classes-smoke" / "report.csv"
    lines = csv.read_text().splitlines()
    where = lines[0].split(",").index("top1")
    moved = [line.split(",") for line in lines[1:]]
    for line in moved:
        line[where] = str(float(line[where]) + 1 / 360)
    csv.write_text("\n".join([lines[0], *map(",".join, moved)]) + "\n")
    told = mixed.run("compare", *sides)
    assert told.out.count("numbers, under the same addresses; numerics class (instructions: ") == 2
