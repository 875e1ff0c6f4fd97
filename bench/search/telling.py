"""What observers are told of a trial, while it runs or from the store: its events."""

from collections.abc import Sequence
from dataclasses import dataclass

from optuna.study import Study
from optuna.trial import FrozenTrial, Trial

from bench.core.events import CellFailed, CellFinished, CellStarted, Step
from bench.core.fingerprint import digest_of
from bench.execution.runner import params_of, tags_of
from bench.graph.plan import CellPlan, Plan
from bench.search.judged import Judged
from bench.search.pruning import paired_seeds, rungs
from bench.search.queue import occurrence, setting
from bench.search.settings import Search

ERROR = "error"  # attribute of a trial that broke down
CURVE = "trial"  # stage under which a trial's scores per seed or rung are tracked
OF_ONE = ("seed", "repeat", "address")  # params and tags of a cell that a trial has several of


@dataclass(frozen=True)
class TrialEvents:
    """The events of one trial, and the plans of its cells."""

    search: Search
    trial: Trial | FrozenTrial

    @property
    def label(self) -> str:
        shown = ", ".join(f"{k}={_short(v)}" for k, v in setting(self.trial).items())
        return f"trial {self.trial.number} · {self.search.row.label} · {shown}"

    def plan(self, seeds: Sequence[int], length: int) -> Plan:
        """One rung of the trial."""
        sweep = self.search.sweep
        given = {sweep.fidelity: length} if sweep.pruner == "hyperband" else {}
        return self.search.plan(setting(self.trial), seeds, self.label, given)

    def started(self, plan: Plan, at: float | None = None) -> CellStarted:
        """The event that begins a trial with its first rung."""
        first = plan.cells[0]
        params = {k: v for k, v in params_of(first).items() if k not in OF_ONE}
        params |= {"row": self.search.row.label, "trial": self.trial.number}
        params |= {"seeds": len(plan.cells), **setting(self.trial)}
        tags = {k: v for k, v in tags_of(first).items() if k not in OF_ONE}
        tags |= {"role": "trial", "optuna_trial": str(self.trial.number)}
        tags |= {"optuna_study": self.search.name, "row": self.search.row.label}
        return CellStarted(self.label, address_of(plan), params, tags, first.source.splits(), at=at)

    def scored(self, index: int, plan: Plan, top1: float, at: float | None = None) -> Step:
        """The event of one cell's score, the index-th of all rungs."""
        total = len(plan.cells) * len(rungs(self.search.sweep, self.search.recipe))
        return Step(CURVE, index, total, {"top1": top1}, at)

    def finished(
        self,
        judged: Judged,
        state: str,
        at: float | None = None,
    ) -> CellFinished:
        """The event that ends a trial; its row names no score, since no seed has it."""
        tags = {"optuna_state": state, "pruned": str(judged.stopped).lower()}
        return CellFinished(self.label, judged.address, judged.metrics(), self._row(), tags, at)

    def failed(self, error: str, at: float | None = None) -> CellFailed:
        """The event that ends a trial which broke down."""
        return CellFailed(self.label, "", error, self._row() | {"optuna_state": "FAIL"}, at)

    def _row(self) -> dict[str, object]:
        data = self.search.base.study.datasets[0]
        return {"row": self.search.row.label, "trial": self.trial.number, "dataset": data}


def seeds_of(search: Search, study: Study, trial: Trial | FrozenTrial) -> tuple[int, ...]:
    """The seeds of a trial: a setting that is drawn again runs with the next ones."""
    sweep = search.sweep
    if sweep.pruner == "wilcoxon":
        return paired_seeds(sweep, trial.number)
    first = sweep.seeds * occurrence(study, trial)
    return tuple(range(first, first + sweep.seeds))


def series_of(cell: CellPlan, plan: Plan) -> str:
    """What tells the curves of a trial's cells apart, "" where it has one."""
    return f"s{cell.cell.seed}" if len(plan.cells) > 1 else ""


def address_of(plan: Plan) -> str:
    """What stands for all cells of a rung."""
    return digest_of([cell.address for cell in plan.cells])[:32]


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
