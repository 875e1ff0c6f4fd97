"""What is corrupt in a store costs the cells that need it: in a run, in a report, in cleaning."""

import csv
import json
import shutil
from pathlib import Path

import pytest
from cli_runs import TINY, Bench, Invoke

STUDY = ("tiny.py", "--profile", "smoke")


@pytest.fixture
def made(bench: Bench, tiny_ran: Bench) -> Bench:
    """A store that holds the tiny study."""
    shutil.copytree(tiny_ran.store, bench.store, ignore=shutil.ignore_patterns("tracking"))
    return bench


def manifests(made: Bench, stage: str) -> list[Path]:
    """Of every artifact of a stage, in the order of their labels."""
    found = made.store.glob("objects/*/*/manifest.json")
    texts = {path: json.loads(path.read_text()) for path in found}
    mine = [path for path, text in texts.items() if text["stage"] == stage]
    return sorted(mine, key=lambda path: str(texts[path]["label"]))


def cells(made: Bench) -> dict[tuple[str, str], dict[str, str]]:
    text = (made.store / "reports" / "tiny-smoke" / "report.csv").read_text()
    return {(row["row"], row["seed"]): row for row in csv.DictReader(text.splitlines())}


def test_an_edited_score_is_never_shown(made: Bench, invoke: Invoke) -> None:
    path = manifests(made, "evaluate")[0]
    values = json.loads(path.read_text())
    values["meta"]["top1"] = 0.987654
    path.write_text(json.dumps(values))
    ended = invoke("report", *STUDY)
    assert ended.code == 0, ended.err
    assert "alarm: 1 of 6 cells failed" in ended.out
    rows = list(cells(made).values())
    assert [row["status"] for row in rows].count("failed") == 1
    assert not [row for row in rows if row["top1"].startswith("0.98765")]
    (failed,) = [row for row in rows if row["status"] == "failed"]
    assert failed["top1"] == ""
    assert "it was changed since it was written" in failed["error"]
    assert invoke("store", "verify").code == 1


def test_a_swapped_score_is_never_shown(made: Bench, invoke: Invoke) -> None:
    """Found as an attack that `verify` believed: another's folder under this address."""
    worst, best = manifests(made, "evaluate")[0].parent, manifests(made, "evaluate")[-1].parent
    shutil.rmtree(worst)
    shutil.copytree(best, worst)
    assert f"expected the artifact {worst.name[:12]}..." in invoke("store", "verify").out
    assert invoke("report", *STUDY).code == 0
    assert [row["address"] for row in cells(made).values() if row["status"] == "failed"] == [
        worst.name
    ]


@pytest.mark.parametrize("stage", ["squeeze", "observe", "recover", "relabel"])
def test_a_corrupt_manifest_before_the_score_leaves_the_report(
    stage: str, made: Bench, invoke: Invoke
) -> None:
    manifests(made, stage)[0].write_text("{")
    ended = invoke("report", *STUDY)
    assert ended.code == 0, ended.err
    assert [row["status"] for row in cells(made).values()] == ["ok"] * 6
    assert invoke("plan", *STUDY).code == 0


def test_a_corrupt_synthetic_set_is_told_in_the_report(made: Bench, invoke: Invoke) -> None:
    shutil.rmtree(made.store / "records" / "leaks")
    data = manifests(made, "recover")[0].with_name("data.safetensors")
    data.write_bytes(data.read_bytes()[:-1] + b"?")
    ended = invoke("report", *STUDY)
    assert ended.code == 0, ended.err
    assert "not checked for leaks" in ended.out


def test_a_run_fails_in_the_cells_of_a_corrupt_manifest_alone(made: Bench) -> None:
    path = manifests(made, "evaluate")[0]
    path.write_text("[]")
    ended = made.run("run", *STUDY, "--no-tracking")
    assert ended.code == 1
    assert ended.err.count("failed: ") == 1
    assert "Traceback" not in ended.err
    assert "alarm: 1 of 6 cells failed" in ended.out


def test_a_manifest_that_is_a_folder_is_cleaned(made: Bench, invoke: Invoke) -> None:
    path = manifests(made, "evaluate")[0]
    path.unlink()
    (path / "x").mkdir(parents=True)
    assert invoke("report", *STUDY).code == 0
    assert "1 corrupt artifacts" in invoke("store", "gc", "--corrupt").out
    assert invoke("store", "verify").code == 0
    assert not path.parent.exists()


def test_a_recovery_that_broke_down_is_an_alarm(bench: Bench) -> None:
    """Rates that no optimiser survives: the pixels end black and white."""
    (bench.folder / "tiny.py").write_text(TINY.replace("seeds=(0, 1)", "seeds=(0,)"))
    words = ("run", *STUDY, "--no-tracking", "--quiet", "--set", "recover.lr=1e6")
    ended = bench.run(*words, "--set", "relabel.epochs=1")
    assert ended.code == 0, ended.err
    alarms = [line for line in ended.out.splitlines() if line.startswith("alarm: ")]
    broken = [line for line in alarms if "the recovery broke down in 1 of 1" in line]
    assert [line.split(",")[0] for line in broken] == ["alarm: barycenter", "alarm: statistics"]
    assert all("of its pixels are black or white" in line for line in broken)
