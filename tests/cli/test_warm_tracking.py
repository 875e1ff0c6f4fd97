"""A run that finds its artifacts in the store tells MLflow as much of them as an import does."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from cli_runs import Bench, Invoke
from mlflow import MlflowClient
from mlflow.entities import Run

WORDS = ("tiny.py", "--profile", "smoke")
HIT = {"origin", "attempt", "host", "process", "mlflow.parentRunId"}  # tags: who told it, and when
COMPUTED = {"git_commit", "dirty", "machine"}


@dataclass(frozen=True)
class Told:
    """What MLflow holds of a run, without where it came from."""

    params: dict[str, str]
    metrics: dict[str, float]
    tags: dict[str, str]
    files: frozenset[str]
    inputs: frozenset[tuple[str, str, str]]


def told(uri: str) -> dict[str, Told]:
    """Name of each cell's run -> what it holds."""
    client = MlflowClient(uri)
    (place,) = [e.experiment_id for e in client.search_experiments() if e.name == "bench/tiny"]
    runs = client.search_runs([place], "tags.level = 'cell'")
    return {run.info.run_name or "": one(client, run) for run in runs}


def one(client: MlflowClient, run: Run) -> Told:
    tags = {k: v for k, v in run.data.tags.items() if k not in HIT | COMPUTED}
    inputs = run.inputs.dataset_inputs if run.inputs else []
    used = {(i.dataset.name, i.dataset.digest, i.tags[0].value) for i in inputs}
    return Told(
        dict(run.data.params), dict(run.data.metrics), tags,
        frozenset(files(client, run.info.run_id)), frozenset(used),
    )  # fmt: skip


def files(client: MlflowClient, run: str, folder: str | None = None) -> set[str]:
    found = client.list_artifacts(run, folder)
    below = [files(client, run, a.path) for a in found if a.is_dir]
    return {a.path for a in found if not a.is_dir}.union(*below)


@pytest.fixture
def imported(bench: Bench, tiny_ran: Bench, migrated: Path, invoke: Invoke) -> dict[str, Told]:
    """What an import tells of the six cells; the store's own database holds nothing yet."""
    shutil.copytree(tiny_ran.store, bench.store, ignore=shutil.ignore_patterns("tracking"))
    (bench.store / "tracking").mkdir()
    other = bench.folder / "mlflow.db"
    for place in (other, bench.store / "tracking" / "mlflow.db"):
        shutil.copyfile(migrated, place)
    uri = f"sqlite:///{other}"
    assert invoke("track", "import", *WORDS, "--tracking-uri", uri).code == 0
    return told(uri)


def test_hits_are_told_as_an_import_tells_them(
    bench: Bench, imported: dict[str, Told], invoke: Invoke
) -> None:
    assert invoke("run", *WORDS, "--quiet").code == 0
    found = told(bench.tracking)
    assert found.keys() == imported.keys()
    for name, cell in found.items():
        assert cell == imported[name]
    expected = {"images/synthetic.png", "images/confusion.png", "confusion.csv", "manifest.json"}
    for cell in found.values():
        assert cell.files >= expected
        assert cell.tags["synthetic_address"] in {digest for _, digest, _ in cell.inputs}
        assert cell.metrics["resources/peak_memory_evaluate"] > 0


def test_a_cell_of_which_something_is_computed_lacks_nothing(
    bench: Bench, imported: dict[str, Told]
) -> None:
    name = "statistics · digits · ipc 2 · s1"
    address = imported[name].tags["address"]
    shutil.rmtree(bench.store / "objects" / address[:2] / address)
    ended = bench.run("run", *WORDS, "--quiet")
    assert ended.code == 0, ended.err
    assert bench.run("track", "import", *WORDS).out.startswith("nothing to import")
    found = told(bench.tracking)
    assert {k: v for k, v in found.items() if k != name} == {
        k: v for k, v in imported.items() if k != name
    }
    cell, known = found[name], imported[name]
    assert (cell.params, cell.tags, cell.inputs) == (known.params, known.tags, known.inputs)
    assert cell.files >= known.files
    assert cell.metrics.keys() >= known.metrics.keys()
    assert cell.metrics["evaluate/top1"] == known.metrics["evaluate/top1"]


def test_a_damaged_set_costs_its_picture_and_nothing_else(
    bench: Bench, imported: dict[str, Told], invoke: Invoke
) -> None:
    name = "statistics · digits · ipc 2 · s1"
    address = imported[name].tags["synthetic_address"]
    data = bench.store / "objects" / address[:2] / address / "data.safetensors"
    data.write_bytes(data.read_bytes()[:-1])
    invoke("run", *WORDS, "--quiet")
    found = told(bench.tracking)
    assert found.keys() == imported.keys()
    assert "images/synthetic.png" not in found[name].files
    assert found[name].metrics == imported[name].metrics
