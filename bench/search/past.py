"""Trials of the past: told again as they were told when they ran, from the store; nothing runs."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile

from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from bench.core.events import CellFailed, CellFinished, Emit
from bench.execution.replay import created, hits
from bench.execution.results import row_of
from bench.graph.plan import CellPlan, Plan
from bench.search.judged import Judged, judged_of
from bench.search.pruning import paired_seeds, rungs
from bench.search.queue import counted
from bench.search.settings import Search
from bench.search.telling import ERROR, TrialEvents, address_of, seeds_of, series_of
from bench.storage.store import Store

Ran = tuple[Plan, CellPlan]


@dataclass(frozen=True)
class PastTrial(ABC):
    """A trial that has ended, with the store in which its cells are looked up."""

    search: Search
    study: Study
    trial: FrozenTrial
    store: Store

    @property
    def events(self) -> TrialEvents:
        return TrialEvents(self.search, self.trial)

    @property
    def address(self) -> str:
        """Of its first rung, by which it is tracked."""
        return address_of(self.plans[0])

    @property
    @abstractmethod
    def plans(self) -> tuple[Plan, ...]:
        """The rungs that it reached, or may have reached."""

    @abstractmethod
    def kept(self) -> bool:
        """Whether the scores of all its cells are in the store."""

    @abstractmethod
    def span(self) -> tuple[float, float]:
        """When it began and ended, in seconds since the epoch."""

    @abstractmethod
    def end(self, at: float) -> CellFinished | CellFailed:
        """The event that ends it."""

    @abstractmethod
    def ran(self) -> Iterator[Ran]:
        """Its cells, rung by rung."""

    def tell(self, emit: Emit) -> None:
        """Emits its events, with the times at which it was computed."""
        begin, end = self.span()
        emit(self.events.started(self.plans[0], begin))
        for index, (plan, cell) in enumerate(self.ran(), 1):
            for hit in hits(cell, self.store, series_of(cell, plan)):
                emit(hit)
            top1 = float(str(row_of(cell, plan, self.store)["top1"]))
            emit(self.events.scored(index, plan, top1, self._made(cell)))
        emit(self.end(end))

    def _made(self, cell: CellPlan) -> float:
        """When a cell was scored, in seconds since the epoch."""
        return created(self.store.manifest(cell.address))


class JudgedTrial(PastTrial):
    """A trial that came to a score, in full or until its pruner stopped it."""

    @cached_property
    def judged(self) -> Judged:
        return judged_of(self.trial.user_attrs)

    @cached_property
    def plans(self) -> tuple[Plan, ...]:
        sweep = self.search.sweep
        lengths = rungs(sweep, self.search.recipe)
        if sweep.pruner == "hyperband":
            lengths = tuple(k for k in lengths if k in self.trial.intermediate_values)
        paired = sweep.pruner == "wilcoxon"
        seeds = paired_seeds(sweep, self.trial.number) if paired else tuple(self.judged.top1)
        return tuple(self.events.plan(seeds, length) for length in lengths)

    def kept(self) -> bool:
        same = address_of(self.plans[-1]) == self.judged.address
        return same and all(self.store.has(cell.address) for _, cell in self.ran())

    def span(self) -> tuple[float, float]:
        """It ended with its last score; cells of an earlier sweep count with their seconds."""
        end = max(self._made(cell) for _, cell in self.ran())
        return end - self.judged.seconds_all, end

    def end(self, at: float) -> CellFinished:
        return self.events.finished(self.judged, self.trial.state.name, at)

    def ran(self) -> Iterator[Ran]:
        """All but those before which its pruner stopped it."""
        return (one for one in _cells(self.plans) if one[1].cell.seed in self.judged.top1)


class FailedTrial(PastTrial):
    """A trial that broke down; scores that it had come to before are in the store."""

    @cached_property
    def plans(self) -> tuple[Plan, ...]:
        seeds = seeds_of(self.search, self.study, self.trial)
        lengths = rungs(self.search.sweep, self.search.recipe)
        return tuple(self.events.plan(seeds, length) for length in lengths)

    def kept(self) -> bool:
        return True

    def span(self) -> tuple[float, float]:
        begin, end = self.trial.datetime_start, self.trial.datetime_complete
        assert begin is not None
        assert end is not None
        return begin.timestamp(), end.timestamp()

    def end(self, at: float) -> CellFailed:
        return self.events.failed(str(self.trial.user_attrs.get(ERROR, "")), at)

    def ran(self) -> Iterator[Ran]:
        return takewhile(lambda one: self.store.has(one[1].address), _cells(self.plans))


def _cells(plans: tuple[Plan, ...]) -> Iterator[Ran]:
    return ((plan, cell) for plan in plans for cell in plan.cells)


KINDS: dict[TrialState, type[PastTrial]] = {
    TrialState.COMPLETE: JudgedTrial,
    TrialState.PRUNED: JudgedTrial,
    TrialState.FAIL: FailedTrial,
}


def past_trials(search: Search, study: Study, store: Store) -> list[PastTrial]:
    """Trials that have ended, but for those that were given up and asked for again."""
    ended = [trial for trial in counted(study) if trial.state in KINDS]
    return [KINDS[trial.state](search, study, trial, store) for trial in ended]
