"""A worker: asks for trials, runs them, tells what came out, until the budget is used up."""

import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, Trial, TrialState

from bench.core.errors import BenchError, StopRun
from bench.core.events import Emit, Note
from bench.execution.runner import lost
from bench.execution.workshop import Workshop
from bench.search.costs import Meter
from bench.search.judged import Judged
from bench.search.queue import Queue, requeue
from bench.search.settings import Search
from bench.search.telling import ERROR
from bench.search.trial import TrialRun
from bench.storage.store import Store


@dataclass(frozen=True)
class Ended:
    """How a trial ended."""

    number: int
    label: str
    state: str
    error: str = ""
    traceback: str = ""


@dataclass(frozen=True)
class Worker:
    """One process's share of a sweep."""

    store: Store
    data_root: Path
    device: torch.device
    emit: Emit

    def work(self, search: Search, queue: Queue) -> Iterator[Ended]:
        """Runs trials of one search; an interrupt queues the running one again."""
        meter = Meter(self.emit)
        shop = Workshop(self.store, self.data_root, self.device, meter)
        while (trial := queue.next()) is not None:
            yield self._one(TrialRun(search, trial, shop, meter), queue)

    def _one(self, run: TrialRun, queue: Queue) -> Ended:
        before = run.meter.seconds
        try:
            judged = run.run()
        except (KeyboardInterrupt, StopRun):
            requeue(queue.study, _frozen(run.trial), "stopped by its user")
            raise
        except torch.AcceleratorError as error:
            requeue(queue.study, _frozen(run.trial), "its device failed")
            raise BenchError(lost(self.device, error)) from error
        except Exception as error:  # a setting that breaks down does not end the search
            return self._failed(run, queue, error)
        note(run.trial, judged, run.meter.seconds - before)
        state = self._tell(run, queue, judged)
        self.emit(run.events.finished(judged, state))
        return Ended(run.trial.number, run.events.label, state)

    def _tell(self, run: TrialRun, queue: Queue, judged: Judged) -> str:
        """Hyperband's pruned trials are PRUNED; Wilcoxon's are COMPLETE with fewer seeds."""
        study, number = queue.study, run.trial.number
        try:
            if judged.stopped and run.sweep.pruner == "hyperband":
                study.tell(number, state=TrialState.PRUNED)
                return "PRUNED"
            study.tell(number, judged.values(run.sweep.objectives))
        except (UpdateFinishedTrialError, ValueError) as error:
            self.emit(Note(f"{run.events.label}: another worker took it for lost: {error}"))
        return "COMPLETE"

    def _failed(self, run: TrialRun, queue: Queue, error: Exception) -> Ended:
        known = isinstance(error, BenchError)
        text = str(error) if known else f"{type(error).__name__}: {error}"
        run.trial.set_user_attr(ERROR, text)
        queue.study.tell(run.trial.number, state=TrialState.FAIL)
        self.emit(run.events.failed(text))
        trace = "" if known else traceback.format_exc()
        return Ended(run.trial.number, run.events.label, "FAIL", text, trace)


def note(trial: Trial, judged: Judged, made: float) -> None:
    """Keeps with the trial what a report and a later worker need to know of it."""
    for name, value in {**judged.attributes(), "seconds_made": made}.items():
        trial.set_user_attr(name, value)


def _frozen(trial: Trial) -> FrozenTrial:
    return trial.study.get_trials(deepcopy=False)[trial.number]
