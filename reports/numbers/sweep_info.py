"""What a report knows about a sweep, and its trials as typed values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite

import pandas as pd

from bench.core.errors import BadValue

PARAM = "param:"  # prefix of the columns that hold parameters
NEEDED = ("method", "trial", "state", "top1", "scores")
Value = float | str


@dataclass(frozen=True)
class ParameterInfo:
    """One searched parameter.

    Attributes:
        options: of a choice, in their order; empty for numbers.
    """

    name: str
    log: bool = False
    low: float | None = None
    high: float | None = None
    options: tuple[str, ...] = ()

    @property
    def numeric(self) -> bool:
        return not self.options


@dataclass(frozen=True)
class Shares:
    """How much each parameter matters by one evaluator, over n trials."""

    evaluator: str
    n: int
    shares: Mapping[str, float]
    note: str = ""


@dataclass(frozen=True)
class MethodInfo:
    """One searched distiller.

    Attributes:
        best: the chosen setting, by name.
        best_top1: validation accuracies of all runs of that setting.
        tested, default: test accuracies by fresh seed, of the best setting and without the search.
    """

    label: str
    parameters: tuple[ParameterInfo, ...]
    importances: tuple[Shares, ...] = ()
    best: Mapping[str, Value] = field(default_factory=dict)
    best_top1: tuple[float, ...] = ()
    tested: Mapping[int, float] = field(default_factory=dict)
    default: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True)
class SweepInfo:
    """A sweep as a report sees it.

    Attributes:
        facts: name -> value under the title, such as {"sampler": "tpe"}.
        fidelity: what the intermediate steps of trials count, "" without a pruner.
        made, alone: device seconds that were computed, and those of every cell on its own.
    """

    name: str
    title: str
    dataset: str
    methods: tuple[MethodInfo, ...]
    description: str = ""
    objectives: tuple[str, ...] = ("top1",)
    paper_table: str = ""
    fidelity: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    made: float = 0.0
    alone: float = 0.0
    command: str = ""
    storage: str = ""
    provenance: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TrialInfo:
    """One trial.

    Attributes:
        state: COMPLETE, PRUNED, FAIL, RUNNING or WAITING; `gone` says that its worker died.
        stopped: whether a pruner ended it early.
        numbers: costs by name, where they are known.
        steps: intermediate scores by seed or length.
    """

    method: str
    number: int
    state: str
    gone: bool
    stopped: bool
    params: Mapping[str, Value]
    scores: tuple[float, ...]
    numbers: Mapping[str, float]
    steps: Mapping[int, float]
    retry_of: int | None = None
    error: str = ""

    @property
    def done(self) -> bool:
        return self.state == "COMPLETE" and bool(self.scores)

    @property
    def full(self) -> bool:
        return self.done and not self.stopped

    @property
    def pruned(self) -> bool:
        """Ended early by a pruner: after fewer seeds, or at a shorter length."""
        return self.state == "PRUNED" or (self.done and self.stopped)

    @property
    def length(self) -> int | None:
        """The shorter length at which a pruned trial's score was taken; None for the full one."""
        return max(self.steps) if self.state == "PRUNED" and self.steps else None

    @property
    def top1(self) -> float:
        return sum(self.scores) / len(self.scores)


def trials_of(frame: pd.DataFrame) -> tuple[TrialInfo, ...]:
    """The trials of a frame, in its order.

    Raises:
        BadValue: a column is missing.
    """
    missing = [name for name in NEEDED if name not in frame.columns]
    if missing and len(frame):
        raise BadValue(f"trials: expected the columns {', '.join(NEEDED)}, missing {missing}")
    return tuple(_trial({str(k): v for k, v in row.items()}) for row in frame.to_dict("records"))


COSTS = ("seconds", "seconds_amortised", "seconds_total", "seconds_all", "bytes", "peak_memory")


def _trial(row: Mapping[str, object]) -> TrialInfo:
    given = {name.removeprefix(PARAM): v for name, v in row.items() if name.startswith(PARAM)}
    scores, steps, retry = row["scores"], row.get("steps"), _float(row.get("retry_of"))
    return TrialInfo(
        method=str(row["method"]),
        number=int(str(row["trial"])),
        state=str(row["state"]),
        gone=bool(row.get("gone")),
        stopped=bool(row.get("stopped")),
        params={name: _value(v) for name, v in given.items() if not _absent(v)},
        scores=tuple(float(v) for v in scores) if isinstance(scores, list | tuple) else (),
        numbers={n: x for n in COSTS if (x := _float(row.get(n))) is not None},
        steps={int(k): float(v) for k, v in steps.items()} if isinstance(steps, dict) else {},
        retry_of=None if retry is None else int(retry),
        error=str(row.get("error") or ""),
    )


def _absent(value: object) -> bool:
    return value is None or (isinstance(value, float) and not isfinite(value))


def _value(value: object) -> Value:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    return str(value)


def _float(value: object) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value):
        return float(value)
    return None
