"""Running plans: every cell through an executor, failures isolated, observers told."""

import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import torch

from bench.artifacts.labels import Score
from bench.core.errors import BenchError, StopRun
from bench.core.events import (
    CellFailed,
    CellFinished,
    CellStarted,
    Emit,
    Event,
    Note,
    StudentTrained,
)
from bench.execution.meter import Meter, explained
from bench.execution.results import FAILURES, Outcome, row_of
from bench.execution.sharing import Executor, Sharing
from bench.execution.workshop import Workshop
from bench.graph.plan import CellPlan, Plan
from bench.stages.precision import refuse_emulated


@dataclass(frozen=True)
class Runner:
    """Runs cells of one plan in a workshop and reports each as it ends.

    Attributes:
        students: whether observers want every trained student: one whose score is in the store is
            trained again, and must score the same.
        since: when the run began; a cell that failed later failed in a process that shares it,
            and is not tried again.
    """

    plan: Plan
    shop: Workshop
    emit: Emit
    students: bool = False
    since: float = field(default_factory=time.time)

    def __call__(self, cell: CellPlan) -> Outcome:
        """Finishes one cell; whatever goes wrong in it stays in it, except a wish to stop."""
        self.emit(cell_started(cell))
        failure = self.shop.store.record(FAILURES, cell.address)
        if failure is not None and float(str(failure.get("at", 0.0))) >= self.since:
            return self._outcome(cell, str(failure["error"]), str(failure["traceback"]))
        try:
            known = self.shop.store.has(cell.address)
            score = self.shop.finish(cell)
            if known and self.students:
                self._train_again(cell, score)
        except StopRun:
            raise
        except (Exception, SystemExit) as error:  # keeps a broken cell from the others
            return self._failed(cell, error)
        self.shop.store.delete_record(FAILURES, cell.address)
        row = row_of(cell, self.plan, self.shop.store)
        self.emit(CellFinished(cell.cell.label, cell.address, metrics_of(row), row))
        return Outcome(cell, row)

    def _train_again(self, cell: CellPlan, score: Score) -> None:
        """Trains the student of a known score, for its network alone."""
        shop = self.shop

        def hear(event: Event) -> None:
            if isinstance(event, StudentTrained):
                self.emit(event)

        again = Workshop(shop.store, shop.data_root, shop.device, hear)
        found = again.made_again(cell)
        if found.top1 != score.top1:
            shown = f"{score.top1:.4f} in the store, {found.top1:.4f} now"
            self.emit(
                Note(f"{cell.cell.label}: trained again, the student scores otherwise: {shown}")
            )

    def _failed(self, cell: CellPlan, error: BaseException) -> Outcome:
        if isinstance(error, torch.AcceleratorError):
            return replace(self._outcome(cell, lost(self.shop.device, error), ""), last=True)
        text = str(error) if isinstance(error, BenchError) else f"{type(error).__name__}: {error}"
        trace = "" if isinstance(error, BenchError) else traceback.format_exc()
        if isinstance(error, MemoryError | torch.OutOfMemoryError):
            text, trace = (
                explained(
                    cell, self._unmade(cell), error, Meter(self.shop.store, self.shop.device)
                ),
                "",
            )
            if torch.cuda.is_initialized():
                torch.cuda.empty_cache()  # the next cell may need other sizes
        record = {"error": text, "traceback": trace, "cell": cell.cell.label, "at": time.time()}
        self.shop.store.put_record(FAILURES, cell.address, record)
        return self._outcome(cell, text, trace)

    def _unmade(self, cell: CellPlan) -> str:
        """The stage of a cell that was being made: the first that the store lacks."""
        lacking = (s for s, t in cell.tasks.items() if not self.shop.store.has(t.address))
        return next(lacking, cell.root.stage)

    def _outcome(self, cell: CellPlan, text: str, trace: str) -> Outcome:
        row = row_of(cell, self.plan, self.shop.store)
        self.emit(CellFailed(cell.cell.label, cell.address, text, row))
        return Outcome(cell, row, text, trace)


def lost(device: torch.device, error: torch.AcceleratorError) -> str:
    """What to say of a device after whose error every call of this process fails."""
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    return (
        f"device {device} has failed and computes nothing more in this process: "
        f"start again, or take another device ({reason})"
    )


def run_plan(
    plan: Plan,
    shop: Workshop,
    emit: Emit,
    executor: Executor | None = None,
    students: bool = False,
) -> Iterator[Outcome]:
    """Runs all cells, seed by seed across rows, so that partial results compare like with like.

    Processes that run the same plan on one store share its cells out, unless an executor is given.
    A process whose device has failed ends there.

    Raises:
        BadValue: the plan asks for bfloat16, which the device does not have.
    """
    refuse_emulated((cell.recipe.precision for cell in plan.cells), shop.device)
    share: Sharing[CellPlan] = Sharing(lambda cell: shop.store.claim(cell.address))
    for outcome in (executor or share).run(ordered(plan.cells), Runner(plan, shop, emit, students)):
        yield outcome
        if outcome.last:
            break


def ordered(cells: Sequence[CellPlan]) -> list[CellPlan]:
    """Cells by data set, IPC and seed; rows keep the study's order."""
    datasets = list(dict.fromkeys(c.cell.dataset for c in cells))
    return sorted(cells, key=lambda c: (datasets.index(c.cell.dataset), c.cell.ipc, c.cell.seed))


def cell_started(cell: CellPlan, at: float | None = None) -> CellStarted:
    """The event that opens a cell, now or at a time in seconds since the epoch."""
    data = cell.source.splits()
    return CellStarted(cell.cell.label, cell.address, params_of(cell), tags_of(cell), data, at)


GRID = ("seed", "repeat", "teacher", "bn_weight")  # what a cell is, not what was measured of it


def metrics_of(row: dict[str, object]) -> dict[str, float]:
    """The numbers of a row: accuracies, counts and seconds."""
    return {
        key: float(value)
        for key, value in row.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and key not in GRID
    }


def params_of(cell: CellPlan) -> dict[str, object]:
    """The flat, typed parameters of a cell, for tracking."""
    point = cell.cell
    params: dict[str, object] = {
        "row": point.row.label,
        "distiller": point.row.distiller,
        "dataset": point.dataset,
        "ipc": point.ipc,
        "seed": point.seed,
        "repeat": point.repeat,
        "teacher": point.teacher,
        "evaluator": point.evaluator,
        "student": cell.recipe.student.arch,
        "recipe": point.without_teacher(cell.recipe).id,
        "precision": cell.recipe.precision,
    }
    return params | _flat(cell.synthetic.config["params"], "distiller")


def _flat(values: object, prefix: str) -> dict[str, object]:
    """Nested mappings and dataclasses as dotted keys."""
    if hasattr(values, "__dataclass_fields__"):
        values = {name: getattr(values, name) for name in values.__dataclass_fields__}
    if isinstance(values, dict):
        flat: dict[str, object] = {}
        for key, value in values.items():
            flat |= _flat(value, f"{prefix}.{key}")
        return flat
    return {prefix: values}


def tags_of(cell: CellPlan) -> dict[str, str]:
    """What a user filters runs by."""
    point = cell.cell
    return {
        "study": point.study,
        "group": point.row.group,
        "row": point.row.label,
        "distiller": point.row.distiller,
        "dataset": point.dataset,
        "data_digest": cell.source.train,
        "ipc": str(point.ipc),
        "seed": str(point.seed),
        "repeat": str(point.repeat),
        "recipe": point.without_teacher(cell.recipe).id,
        "address": cell.address,
    }
