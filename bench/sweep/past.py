"""Trials of the past: told again as they were told when they ran, from the store; nothing runs."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from bench.events import Emit
from bench.plan import CellPlan, Plan
from bench.replay import created, hit_of, own_memories, stages_made
from bench.results import row_of
from bench.store import Store
from bench.sweep.judged import Judged, judged_of
from bench.sweep.pruning import paired_seeds, rungs
from bench.sweep.queue import counted
from bench.sweep.settings import Search
from bench.sweep.telling import TrialEvents, address_of

JUDGED = (TrialState.COMPLETE, TrialState.PRUNED)


@dataclass(frozen=True)
class PastTrial:
    """A trial that was judged, with the store in which its cells are looked up."""

    search: Search
    trial: FrozenTrial
    store: Store

    @property
    def events(self) -> TrialEvents:
        return TrialEvents(self.search, self.trial)

    @property
    def address(self) -> str:
        """Of its first rung, by which it is tracked."""
        return address_of(self.plans[0])

    @cached_property
    def judged(self) -> Judged:
        return judged_of(self.trial.user_attrs)

    @cached_property
    def plans(self) -> tuple[Plan, ...]:
        """The rungs that it reached."""
        sweep = self.search.sweep
        lengths = rungs(sweep, self.search.recipe)
        if sweep.pruner == "hyperband":
            lengths = tuple(k for k in lengths if k in self.trial.intermediate_values)
        paired = sweep.pruner == "wilcoxon"
        seeds = paired_seeds(sweep, self.trial.number) if paired else tuple(self.judged.top1)
        return tuple(self.events.plan(seeds, length) for length in lengths)

    def kept(self) -> bool:
        """Whether the scores of all its cells are in the store."""
        same = address_of(self.plans[-1]) == self.judged.address
        return same and all(self.store.has(cell.address) for _, _, cell in self._ran())

    def span(self) -> tuple[float, float]:
        """When it began and ended, in seconds since the epoch.

        It ended with its last score; cells that an earlier sweep had made count with their seconds.
        """
        end = max(created(self.store.manifest(cell.address)) for _, _, cell in self._ran())
        return end - self.judged.seconds_all, end

    def tell(self, emit: Emit) -> None:
        """Emits its events, with the times at which it was computed.

        Raises:
            CorruptArtifact: one is not as it was stored.
        """
        begin, end = self.span()
        emit(self.events.started(self.plans[0], begin))
        for plan, index, cell in self._ran():
            for stage in stages_made(cell, self.store):
                emit(hit_of(cell, stage, self.store, load=True))
            top1 = float(str(row_of(cell, plan, self.store)["top1"]))
            emit(self.events.scored(index, plan, top1))
        memories = own_memories(cell, self.store)
        emit(self.events.finished(self.judged, self.trial.state.name, end, memories))

    def _ran(self) -> Iterator[tuple[Plan, int, CellPlan]]:
        """Its cells, counted in each rung, but for those before which its pruner stopped it."""
        for plan in self.plans:
            for index, cell in enumerate(plan.cells, 1):
                if cell.cell.seed in self.judged.top1:
                    yield plan, index, cell


def past_trials(search: Search, study: Study, store: Store) -> list[PastTrial]:
    """Trials that came to a score; those that failed have nothing in the store."""
    ended = [trial for trial in counted(study) if trial.state in JUDGED]
    return [PastTrial(search, trial, store) for trial in ended]
