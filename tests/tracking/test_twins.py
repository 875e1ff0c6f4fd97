"""Of what several processes tell of one thing, each thing is kept once and nothing is lost."""

from collections.abc import Callable
from itertools import permutations
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import BAD_REQUEST, INVALID_PARAMETER_VALUE

from bench.tracking.books import Books
from bench.tracking.connection import Clash, Refused, Unreachable, asking, connect, experiment_id
from bench.tracking.courier import persistent
from bench.tracking.outbox import Op, new_header
from bench.tracking.tracker import Tracker, as_uri
from bench.tracking.twins import keep_one_end, keep_one_start

Attempt = Callable[[], Books]
STUDY: Op = {"op": "run", "level": "study", "key": "s", "name": "study", "t": 1000}
CELL: Op = {"op": "run", "level": "cell", "key": "c", "name": "cell", "parent": "s", "t": 1000}


@pytest.fixture
def attempt(tracker: Tracker, folder: Path) -> Attempt:
    """Another process that tells of the same study."""

    def make() -> Books:
        header = new_header("ablation", tracker.uri, "bench/ablation", as_uri(folder))
        books = Books(header, folder / "outbox" / f"{header.run}.files")
        books.apply(STUDY)
        return books

    return make


@pytest.fixture
def client(tracker: Tracker) -> MlflowClient:
    return connect(tracker.uri)


def runs(client: MlflowClient, level: str) -> list[Run]:
    experiment = client.get_experiment_by_name("bench/ablation")
    assert experiment is not None
    return list(client.search_runs([experiment.experiment_id], f"tags.level = '{level}'"))


def end(books: Books, origin: str, at: int) -> None:
    books.apply({"op": "tags", "key": "c", "tags": {"origin": origin}})
    books.apply({"op": "end", "key": "c", "status": "FINISHED", "t": at})


@pytest.mark.parametrize("first", ["computed", "store"])
def test_of_two_that_finished_a_cell_the_one_that_computed_stays(
    attempt: Attempt, client: MlflowClient, first: str
) -> None:
    both = {"computed": attempt(), "store": attempt()}
    for books in both.values():
        books.apply(CELL)
    both["computed"].log("c", [("recover/loss", 0.5, 1, 1100)])
    for origin in (first, "store" if first == "computed" else "computed"):
        end(both[origin], origin, at=2000)
    (cell,) = runs(client, "cell")
    assert (cell.info.status, cell.data.tags["origin"]) == ("FINISHED", "computed")
    assert cell.data.metrics == {"recover/loss": 0.5}


def test_a_cell_that_was_computed_is_told_though_another_was_delivered_first(
    attempt: Attempt, client: MlflowClient
) -> None:
    computed, waited = attempt(), attempt()
    waited.apply(CELL)
    end(waited, "store", at=2000)  # before a word of the other arrives
    computed.apply(CELL)
    computed.log("c", [("recover/loss", 0.5, 1, 1100)])
    end(computed, "computed", at=1900)
    (cell,) = runs(client, "cell")
    assert cell.data.metrics == {"recover/loss": 0.5}


def test_a_cell_that_began_after_another_was_finished_adds_nothing(
    attempt: Attempt, client: MlflowClient
) -> None:
    first, later = attempt(), attempt()
    first.apply(CELL)
    end(first, "store", at=2000)
    later.apply({**CELL, "t": 2000})
    (cell,) = runs(client, "cell")
    assert cell.data.tags["origin"] == "store"


@pytest.mark.parametrize("order", [*permutations(range(3))])
def test_all_processes_keep_the_same_of_three_ends_and_of_three_starts(
    tracker: Tracker, folder: Path, client: MlflowClient, order: tuple[int, ...]
) -> None:
    experiment = experiment_id(client, tracker.uri, "bench/ablation", as_uri(folder))

    def living() -> list[Run]:
        return list(client.search_runs([experiment]))

    made = [client.create_run(experiment, start_time=time) for time in (30, 10, 20)]
    for number in order:
        keep_one_start(client, made[number], living())
    assert [run.info.run_id for run in living()] == [made[1].info.run_id]
    more = [made[1], *(client.create_run(experiment, start_time=40) for _ in range(2))]
    for run, time in zip(more, (300, 100, 200), strict=True):
        client.set_terminated(run.info.run_id, "FINISHED", time)
    kept = [keep_one_end(client, more[number], living()) for number in order]
    assert [run.info.run_id for run in living()] == [more[1].info.run_id]
    assert kept[-1] == (order[-1] == 1)


def test_a_run_whose_creation_seemed_to_fail_is_not_created_again(
    attempt: Attempt, client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    books, create = attempt(), MlflowClient.create_run

    def unheard(*args: object) -> None:
        create(*args)  # type: ignore[arg-type]
        raise MlflowException("the connection broke before the answer came")

    with monkeypatch.context() as patch:
        patch.setattr(MlflowClient, "create_run", unheard)
        with pytest.raises(Unreachable, match="the connection broke"):
            books.apply(CELL)
    books.apply(CELL)
    end(books, "computed", at=2000)
    assert [run.info.status for run in runs(client, "cell")] == ["FINISHED"]


def test_a_study_shows_the_load_of_one_machine_and_each_summary_once(
    attempt: Attempt, client: MlflowClient
) -> None:
    first, second = attempt(), attempt()
    second.apply(CELL)  # so that it adds something
    for millis, books in enumerate((first, second), 1):
        books.log("s", [("system/cpu", float(millis), 0, millis), ("best", 0.5, 0, millis)])
    (study,) = runs(client, "study")
    for name, value in (("system/cpu", 1.0), ("best", 0.5)):
        (point,) = client.get_metric_history(study.info.run_id, name)
        assert (point.value, point.timestamp) == (value, 1)


def test_a_study_that_goes_on_shows_the_load_of_who_goes_on(
    attempt: Attempt, client: MlflowClient
) -> None:
    attempt().apply({"op": "end", "key": "s", "status": "KILLED", "t": 1500})
    later = attempt()
    later.apply(CELL)
    later.log("s", [("system/cpu", 7.0, 0, 1600)])
    (study,) = runs(client, "study")
    assert study.data.metrics == {"system/cpu": 7.0}


def test_loads_of_attempts_that_overlap_follow_each_other(
    attempt: Attempt, client: MlflowClient
) -> None:
    first, later = attempt(), attempt()
    for step, millis in enumerate((1100, 1200)):
        first.log("s", [("system/cpu", 1.0, step, millis)])
    first.apply({"op": "end", "key": "s", "status": "FINISHED", "t": 1250})
    kept = [("system/cpu", 2.0, step, millis) for step, millis in enumerate((1150, 1200, 1300))]
    later.apply(CELL)  # it waited with its own, and goes on where the first one ended
    for _ in range(2):  # as if it had died before the acknowledgement
        later.log("s", kept)
    (study,) = runs(client, "study")
    points = client.get_metric_history(study.info.run_id, "system/cpu")
    assert [(p.value, p.timestamp) for p in points] == [(1.0, 1100), (1.0, 1200), (2.0, 1300)]
    assert [p.step for p in points] == [0, 1, 4]


def test_a_study_that_another_ended_badly_meanwhile_is_ended_well(
    attempt: Attempt, client: MlflowClient
) -> None:
    first, second = attempt(), attempt()
    first.apply({"op": "end", "key": "s", "status": "KILLED", "t": 1500})
    second.apply({"op": "end", "key": "s", "status": "FINISHED", "t": 1600})
    assert [run.info.status for run in runs(client, "study")] == ["FINISHED"]


@pytest.mark.parametrize(("clashes", "taken"), [(0, True), (2, True), (3, False)])
def test_a_clash_is_tried_three_times(clashes: int, taken: bool) -> None:
    tries = list[int]()

    def action() -> None:
        tries.append(len(tries))
        if len(tries) <= clashes:
            raise Clash("two wrote one row")

    if taken:
        persistent(action)
    else:
        with pytest.raises(Clash):
            persistent(action)
    assert len(tries) == min(clashes + 1, 3)


@pytest.mark.parametrize(
    ("code", "kind"), [(BAD_REQUEST, Clash), (INVALID_PARAMETER_VALUE, Refused)]
)
def test_what_a_database_refuses_may_be_a_clash(code: int, kind: type[Refused]) -> None:
    with pytest.raises(Refused) as caught, asking("http://host"):
        raise MlflowException("no", error_code=code)
    assert type(caught.value) is kind
