"""One trial: a setting run over seeds (and rungs) on held-out data, reported as it goes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean

from optuna.trial import Trial

from bench.execution.results import own_seconds, row_of
from bench.execution.sharing import Executor, InProcess
from bench.execution.workshop import Workshop
from bench.graph.plan import CellPlan, Plan
from bench.search.costs import Meter, own_bytes, own_memory, shared_seconds
from bench.search.judged import Judged
from bench.search.pruning import rungs
from bench.search.settings import Search
from bench.search.telling import TrialEvents, address_of, seeds_of, series_of
from bench.study.search import Sweep


@dataclass(frozen=True)
class TrialRun:
    """A trial with its search and the workshop that makes its cells."""

    search: Search
    trial: Trial
    shop: Workshop
    meter: Meter
    executor: Executor = field(default_factory=InProcess)

    @property
    def sweep(self) -> Sweep:
        return self.search.sweep

    @property
    def events(self) -> TrialEvents:
        return TrialEvents(self.search, self.trial)

    def run(self) -> Judged:
        """Runs rung after rung, seed after seed, until done or pruned."""
        lengths = rungs(self.sweep, self.search.recipe)
        seeds, spent = seeds_of(self.search, self.trial.study, self.trial), 0.0
        events = self.events
        self.meter.emit(events.started(events.plan(seeds, lengths[0])))
        for rung, length in enumerate(lengths):
            plan = events.plan(seeds, length)
            rows, stopped = self._rung(plan, rung * len(seeds))
            spent += sum(
                own_seconds(cell, row) for cell, row in zip(plan.cells, rows, strict=False)
            )
            score = fmean(_top1(row) for row in rows)
            stopped = stopped or self._stop_at(length, score, last=length == lengths[-1])
            if stopped or length == lengths[-1]:
                return self._judged(plan, rows, spent, stopped)
        raise AssertionError("a trial has at least one rung")

    def _rung(self, plan: Plan, before: int) -> tuple[list[dict[str, object]], bool]:
        """Rows of the cells that were run after others, and whether the pruner stopped them."""
        rows: list[dict[str, object]] = []
        done = self.executor.run(plan.cells, lambda cell: (cell, self._cell(cell, plan)))
        for index, (cell, row) in enumerate(done, 1):
            rows.append(row)
            score = _top1(row)
            self.meter.emit(self.events.scored(before + index, plan, score))
            if self.sweep.pruner == "wilcoxon":
                self.trial.report(score, cell.cell.seed)
                if index < len(plan.cells) and self.trial.should_prune():
                    return rows, True
        return rows, False

    def _cell(self, cell: CellPlan, plan: Plan) -> dict[str, object]:
        self.meter.prefix = series_of(cell, plan)
        self.shop.finish(cell)
        return row_of(cell, plan, self.shop.store)

    def _stop_at(self, length: int, score: float, *, last: bool) -> bool:
        if self.sweep.pruner != "hyperband":
            return False
        self.trial.report(score, length)
        return not last and self.trial.should_prune()

    def _judged(
        self, plan: Plan, rows: Sequence[Mapping[str, object]], spent: float, stopped: bool
    ) -> Judged:
        store = self.shop.store
        ran = {row["seed"] for row in rows}
        cells = [cell for cell in plan.cells if cell.cell.seed in ran]
        return Judged(
            address=address_of(plan),
            top1={int(str(row["seed"])): _top1(row) for row in rows},
            seconds=fmean(own_seconds(cell, row) for cell, row in zip(cells, rows, strict=True)),
            seconds_all=spent,
            bytes=fmean(own_bytes(row) for row in rows),
            peak_memory=max(own_memory(cell, store) for cell in cells),
            shared=shared_seconds(cells, store),
            stopped=stopped,
        )


def _top1(row: Mapping[str, object]) -> float:
    value = row["top1"]
    assert isinstance(value, int | float)
    return float(value)
