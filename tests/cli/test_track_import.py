"""`bench track import`: a store made without MLflow becomes the runs of a tracked one."""

import csv
import json
import shutil
import socket
from datetime import datetime
from pathlib import Path
from statistics import fmean, stdev

import pytest
from cli_runs import Bench, Invoke
from mlflow import MlflowClient
from mlflow.entities import Run
from servers import held_port

from bench.tracking.connection import SHORT

IMPORT = ("track", "import", "tiny.py", "--profile", "smoke")
RUN = ("run", "tiny.py", "--profile", "smoke", "--quiet")
ROWS = ("barycenter", "statistics", "chance")


@pytest.fixture
def store(bench: Bench, tiny_ran: Bench, migrated: Path) -> Path:
    """A store with the six cells of the tiny study, of which MLflow has not heard."""
    shutil.copytree(tiny_ran.store, bench.store, ignore=shutil.ignore_patterns("tracking"))
    (bench.store / "tracking").mkdir()
    shutil.copyfile(migrated, bench.store / "tracking" / "mlflow.db")
    return bench.store


def client_of(store: Path) -> MlflowClient:
    return MlflowClient(f"sqlite:///{store}/tracking/mlflow.db")


def runs(store: Path, level: str) -> dict[str, Run]:
    """Name -> run of a level; fails where two share a name."""
    client = client_of(store)
    (found,) = [e for e in client.search_experiments() if e.name == "bench/tiny"]
    listed = client.search_runs([found.experiment_id], f"tags.level = '{level}'")
    names = {run.info.run_name or "": run for run in listed}
    assert len(names) == len(listed)
    return names


def scores(store: Path) -> dict[str, dict[str, str]]:
    """Cell -> its line of the report."""
    report = store / "reports" / "tiny-smoke" / "report.csv"
    with report.open(newline="", encoding="utf-8") as lines:
        return {f"{r['row']} · digits · ipc 2 · s{r['seed']}": r for r in csv.DictReader(lines)}


def files(store: Path, run: Run, folder: str | None = None) -> set[str]:
    found = client_of(store).list_artifacts(run.info.run_id, folder)
    below = [files(store, run, a.path) for a in found if a.is_dir]
    return {a.path for a in found if not a.is_dir}.union(*below)


def everything(store: Path) -> dict[str, tuple[object, ...]]:
    """Run id -> all that a second import might change."""
    client, found = client_of(store), dict[str, tuple[object, ...]]()
    for run in [*runs(store, "study").values(), *runs(store, "cell").values()]:
        points = {n: len(client.get_metric_history(run.info.run_id, n)) for n in run.data.metrics}
        end = (run.info.status, run.info.end_time)
        found[run.info.run_id] = (end, points, run.data.tags, files(store, run))
    return found


def test_every_finished_cell_becomes_a_run(store: Path, bench: Bench, invoke: Invoke) -> None:
    before = bench.objects()
    ended = invoke(*IMPORT)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == "imported 6 of 6 finished cells into experiment bench/tiny\n"
    assert bench.objects() == before  # nothing was computed
    (study,), cells, expected = runs(store, "study").values(), runs(store, "cell"), scores(store)
    assert cells.keys() == expected.keys()
    assert {run.info.status for run in (study, *cells.values())} == {"FINISHED"}
    for name, run in cells.items():
        row = expected[name]
        assert run.data.params["distiller"] == row["distiller"]
        assert run.data.params["seed"] == row["seed"]
        assert run.data.tags["address"] == row["address"]
        assert run.data.tags["mlflow.parentRunId"] == study.info.run_id
        assert run.data.tags["origin"] == "store"
        assert run.data.tags["numerics_instructions"] == row["numerics_instructions"]
        assert run.data.metrics["evaluate/top1"] == pytest.approx(float(row["top1"]))
        took = float(row["seconds_recover"])
        assert run.data.metrics["resources/seconds_recover"] == pytest.approx(took)
        assert run.data.metrics["resources/peak_memory_relabel"] > 0
        shown = {"images/synthetic.png", "images/confusion.png", "confusion.csv", "manifest.json"}
        found = files(store, run)
        way = {path for path in found if path.startswith("images/recover+step+")}
        assert found - way == shown
        assert any(name.startswith("evaluate/loss") for name in run.data.metrics)
        if row["row"] != "chance":  # its images are optimised, and the store has them on the way
            assert len(way) == 10
            assert any(name.startswith("recover/") for name in run.data.metrics)
        assert run.inputs is not None
        inputs = {i.tags[0].value for i in run.inputs.dataset_inputs}
        assert inputs == {"train", "test", "distilled"}


def test_the_study_has_summaries_and_the_report(store: Path, invoke: Invoke) -> None:
    assert invoke(*IMPORT).code == 0
    (study,), expected = runs(store, "study").values(), scores(store)
    for row in ROWS:
        top1 = [float(r["top1"]) for r in expected.values() if r["row"] == row]
        found = {k: study.data.metrics[f"summary/{row}_digits_ipc2_{k}"] for k in ("mean", "std")}
        assert found == pytest.approx({"mean": fmean(top1), "std": stdev(top1)})
        assert study.data.metrics[f"summary/{row}_digits_ipc2_n"] == len(top1)
    assert "report/report.html" in files(store, study)
    assert study.data.tags["origin"] == "store"
    assert "git_commit" not in study.data.tags  # whatever computed it, it need not be this code


def test_a_second_import_adds_nothing(store: Path, invoke: Invoke) -> None:
    assert invoke(*IMPORT).code == 0
    before = everything(store)
    ended = invoke(*IMPORT)
    assert ended.out == "nothing to import: experiment bench/tiny has all 6 finished cells\n"
    assert everything(store) == before


def test_what_a_run_tracked_is_not_imported_again(store: Path, invoke: Invoke) -> None:
    assert invoke(*RUN).code == 0  # everything is in the store: MLflow is told of it
    before = everything(store)
    assert invoke(*IMPORT).out.startswith("nothing to import")
    assert everything(store) == before


def test_what_was_imported_is_not_tracked_again(store: Path, invoke: Invoke) -> None:
    assert invoke(*IMPORT).code == 0
    before = everything(store)
    assert invoke(*RUN).code == 0
    assert everything(store) == before


def test_cells_that_finish_later_join_the_study(
    store: Path, bench: Bench, tiny_ran: Bench, invoke: Invoke
) -> None:
    (late,) = [r for r in scores(store).values() if (r["row"], r["seed"]) == ("chance", "1")]
    place = Path("objects", late["address"][:2], late["address"])
    shutil.rmtree(store / place)
    assert invoke(*IMPORT).out.startswith("imported 5 of 5 finished cells")
    (study,) = runs(store, "study").values()
    assert study.info.status == "KILLED"  # it did not come to its end
    assert study.data.metrics["summary/chance_digits_ipc2_n"] == 1
    shutil.copytree(tiny_ran.store / place, store / place)
    assert invoke(*IMPORT).out.startswith("imported 1 of 6 finished cells")
    (again,) = runs(store, "study").values()
    assert (again.info.run_id, again.info.status) == (study.info.run_id, "FINISHED")
    assert again.data.metrics["summary/chance_digits_ipc2_n"] == 2
    assert len(runs(store, "cell")) == 6


def test_runs_carry_the_times_at_which_they_were_computed(store: Path, invoke: Invoke) -> None:
    assert invoke(*IMPORT).code == 0
    for name, row in scores(store).items():
        made = Path(store, "objects", row["address"][:2], row["address"], "manifest.json")
        run = runs(store, "cell")[name]
        assert run.info.end_time == pytest.approx(created(made) * 1000, abs=1)
        own = sum(float(row[f"seconds_{s}"] or 0) for s in ("recover", "relabel", "evaluate"))
        assert run.info.end_time - run.info.start_time == pytest.approx(own * 1000, abs=1)


def test_the_study_spans_its_cells_and_names_no_importer(store: Path, invoke: Invoke) -> None:
    assert invoke(*IMPORT).code == 0
    (study,), cells = runs(store, "study").values(), runs(store, "cell").values()
    assert study.info.start_time == min(run.info.start_time for run in cells)
    assert study.info.end_time == max(run.info.end_time for run in cells)
    last = client_of(store).get_metric_history(
        study.info.run_id, f"summary/{ROWS[2]}_digits_ipc2_n"
    )
    assert [point.timestamp for point in last] == [study.info.end_time]
    for run in (study, *cells):
        assert not {"host", "machine", "mlflow.user"} & run.data.tags.keys()


def created(manifest: Path) -> float:
    return datetime.fromisoformat(json.loads(manifest.read_text())["created"]).timestamp()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("tiny.py", "--set", "ipc=3"), "expected finished cells of tiny (quick)"),
        (("tinny.py",), "tinny.py"),
        (("tiny.py", "--tracking-uri", "runs"), "given the folder 'runs'"),
    ],
)
def test_bad_input_is_one_line(
    store: Path, invoke: Invoke, words: tuple[str, ...], expected: str
) -> None:
    ended = invoke("track", "import", *words)
    assert (ended.code, ended.out) == (2, "")
    assert expected in ended.err
    assert ended.err.count("\n") == 1
    assert not (store / "tracking" / "pending").exists()


@pytest.mark.parametrize("words", [IMPORT, ("ui",)])
def test_a_server_that_is_away_is_said_at_once(
    store: Path, invoke: Invoke, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with held_port() as port:  # nobody listens on it
        uri = f"http://127.0.0.1:{port}"
        ended = invoke(*words, "--tracking-uri", uri)
    assert (ended.code, ended.out, ended.err) == (2, "", f"error: {uri} does not answer\n")


def test_a_server_that_is_silent_is_not_waited_for(
    store: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setitem(SHORT, "MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        uri = f"http://127.0.0.1:{silent.getsockname()[1]}"
        ended = invoke(*IMPORT, "--tracking-uri", uri)  # returns: that nobody answers ends it
    assert ended.code == 2
    assert ended.err.startswith(f"error: {uri}: ")


def test_a_damaged_artifact_is_named(store: Path, invoke: Invoke) -> None:
    (row,) = [r for r in scores(store).values() if (r["row"], r["seed"]) == ("chance", "0")]
    place = store / "objects" / row["address"][:2] / row["address"]
    data = place / "data.safetensors"
    data.write_bytes(data.read_bytes()[:-1])
    ended = invoke(*IMPORT)
    assert ended.code == 2
    assert row["address"] in ended.err
    assert ended.err.count("\n") == 1
