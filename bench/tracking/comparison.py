"""Which tracked runs to look at first: the rows that were run last, on equal terms."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from bench.tracking.connection import asking
from bench.tracking.layout import experiment_name

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

TERMS = ("dataset", "ipc", "evaluator", "student")  # params in which compared cells agree
COLUMNS = 8  # rows that fit side by side
ROWS = 20  # rows that a chart can tell apart, the most that MLflow draws
NEWEST = ["attributes.start_time DESC"]


@dataclass(frozen=True)
class Comparison:
    """Runs of one experiment that may be compared.

    Attributes:
        columns: run ids to set side by side, one for each row of the study's first group.
        runs: run ids of these rows with all their seeds.
        metrics: names of what any of these runs has.
    """

    experiment: str
    columns: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    metrics: frozenset[str] = frozenset()


def newest_comparison(client: "MlflowClient", uri: str, study: str = "") -> Comparison | None:
    """What was finished last, in a study's experiment or in any; None where there is nothing.

    Raises:
        Refused, Unreachable: the store does not answer.
    """
    with asking(uri):
        known = [e for e in client.search_experiments() if not study or e.name == study]
        places = [e.experiment_id for e in known]
        done = "tags.level = 'cell' and attributes.status = 'FINISHED'"
        last = client.search_runs(places, done, max_results=1, order_by=NEWEST) if places else []
        if not last:
            return None
        place = last[0].info.experiment_id
        cells = client.search_runs([place], done, order_by=NEWEST)
        studies = client.search_runs([place], "tags.level = 'study'")
    profiles = {run.info.run_id: run.data.params.get("profile", "") for run in studies}
    return choose(place, list(cells), profiles)


def studies_of(client: "MlflowClient", uri: str) -> list[str]:
    """Names of the studies and sweeps that have an experiment."""
    with asking(uri):
        names = [experiment.name for experiment in client.search_experiments()]
    return [name.removeprefix(experiment_name("")) for name in names if name != "Default"]


def choose(experiment: str, cells: "Sequence[Run]", profiles: Mapping[str, str]) -> Comparison:
    """The comparison of finished cells, given newest first, with the profiles of their studies.

    Of each row and seed the newest run counts, under the newest cell's profile and the terms that
    most rows share. Rows stand in the order in which they ran; trials of a search, best first.
    """
    profile = profiles.get(_parent(cells[0]), "")
    fresh: dict[tuple[tuple[str, ...], str, str], Run] = {}
    for run in cells:
        if profiles.get(_parent(run), "") == profile:
            fresh.setdefault((_terms(run), _row(run), run.data.tags.get("seed", "")), run)
    shared = Counter(terms for terms, _ in dict.fromkeys(key[:2] for key in fresh))
    terms = shared.most_common(1)[0][0]
    first = {_row(run): run.info.start_time for run in cells}  # the oldest is the last to be set
    rows = _rows((run for key, run in fresh.items() if key[0] == terms), first)
    group = _group(rows[0][0])
    shown = [runs for runs in rows if _group(runs[0]) == group]
    columns = tuple(runs[0].info.run_id for runs in shown[:COLUMNS])
    drawn = list(chain.from_iterable(shown[:ROWS]))
    metrics = frozenset(name for run in drawn for name in run.data.metrics)
    return Comparison(experiment, columns, tuple(run.info.run_id for run in drawn), metrics)


def _rows(cells: "Iterable[Run]", first: Mapping[str, int]) -> "list[list[Run]]":
    """Cells by row, each with its lowest seed first; rows by when they first ran, or best first."""
    found: dict[str, list[Run]] = defaultdict(list)
    for run in sorted(cells, key=lambda run: (_merit(run), first[_row(run)], _seed(run))):
        found[_row(run)].append(run)
    return list(found.values())


def _merit(run: "Run") -> float:
    """Ranks trials of a search, and nothing else."""
    trial = run.data.tags.get("role") == "trial"
    return -run.data.metrics.get("evaluate/top1", 0.0) if trial else 0.0


def _seed(run: "Run") -> int:
    return int(run.data.tags.get("seed", 0))


def _terms(run: "Run") -> tuple[str, ...]:
    return tuple(run.data.params.get(name, "") for name in TERMS)


def _row(run: "Run") -> str:
    """The row's label; trials have one each."""
    return run.data.params.get("row", "")


def _group(run: "Run") -> str:
    return run.data.tags.get("group", "")


def _parent(run: "Run") -> str:
    return run.data.tags.get("mlflow.parentRunId", "")
