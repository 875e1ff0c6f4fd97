"""One trial: a setting run over seeds (and rungs) on held-out data, reported as it goes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, stdev

import torch
from optuna.trial import Trial

from bench.events import CellFailed, CellFinished, CellStarted, Step
from bench.execution.executor import Executor, InProcess
from bench.fingerprint import digest_of
from bench.making import Workshop
from bench.plan import CellPlan, Plan
from bench.results import row_of
from bench.run import params_of, tags_of
from bench.search import Sweep
from bench.seeds import generator_for
from bench.sweep.costs import Meter, own_bytes, own_memory, own_seconds, shared_seconds
from bench.sweep.pruning import rungs
from bench.sweep.queue import occurrence, setting
from bench.sweep.settings import Search

CURVE = "trial"  # stage under which a trial's scores per seed or rung are tracked


@dataclass(frozen=True)
class Judged:
    """A trial's cells of the longest rung that it reached.

    Attributes:
        address: stands for all of them.
        top1: seed -> validation accuracy.
        seconds_all: device seconds of all its cells, as if each had been computed.
        pruned: whether it was stopped before its last seed or rung.
    """

    address: str
    top1: Mapping[int, float]
    seconds: float
    seconds_all: float
    bytes: float
    peak_memory: int
    shared: Mapping[str, float]
    pruned: bool

    @property
    def mean(self) -> float:
        return fmean(self.top1.values())

    def values(self, objectives: Sequence[str]) -> list[float]:
        known = {
            "top1": self.mean,
            "seconds": self.seconds,
            "peak_memory": float(self.peak_memory),
            "bytes": self.bytes,
        }
        return [known[name] for name in objectives]

    def metrics(self) -> dict[str, float]:
        scores = list(self.top1.values())
        found = {"top1": self.mean, "top1_n": float(len(scores)), "resources/seconds": self.seconds}
        found |= {"resources/bytes": self.bytes, "peak_memory": float(self.peak_memory)}
        return found | ({"top1_std": stdev(scores)} if len(scores) > 1 else {})


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
    def label(self) -> str:
        shown = ", ".join(f"{k}={_short(v)}" for k, v in setting(self.trial).items())
        return f"trial {self.trial.number} · {self.search.row.label} · {shown}"

    def seeds(self) -> tuple[int, ...]:
        """The seeds of this trial: a setting that is drawn again runs with the next ones.

        Wilcoxon's test pairs trials by seed, so under it all trials have the same ones, each trial
        in an order of its own.
        """
        count = self.sweep.seeds
        if self.sweep.pruner == "wilcoxon":
            rng = generator_for(self.sweep.seed, "seeds", self.trial.number)
            return tuple(torch.randperm(count, generator=rng).tolist())
        first = count * occurrence(self.trial.study, self.trial)
        return tuple(range(first, first + count))

    def run(self) -> Judged:
        """Runs rung after rung, seed after seed, until done or pruned."""
        lengths = rungs(self.sweep, self.search.recipe)
        seeds, spent = self.seeds(), 0.0
        plan = self._plan(seeds, lengths[0])
        self._start(plan)
        for length in lengths:
            plan = self._plan(seeds, length)
            rows, stopped = self._rung(plan)
            spent += sum(own_seconds(row) for row in rows)
            score = fmean(_top1(row) for row in rows)
            stopped = stopped or self._stop_at(length, score, last=length == lengths[-1])
            if stopped or length == lengths[-1]:
                return self._judged(plan, rows, spent, stopped)
        raise AssertionError("a trial has at least one rung")

    def _plan(self, seeds: Sequence[int], length: int) -> Plan:
        given = {self.sweep.fidelity: length} if self.sweep.pruner == "hyperband" else {}
        return self.search.plan(setting(self.trial), seeds, self.label, given)

    def _start(self, plan: Plan) -> None:
        first = plan.cells[0]
        params = {k: v for k, v in params_of(first).items() if k not in ("seed", "repeat")}
        params |= {"row": self.search.row.label, "trial": self.trial.number}
        params |= {"seeds": len(plan.cells), **setting(self.trial)}
        tags = {k: v for k, v in tags_of(first).items() if k not in ("seed", "repeat", "address")}
        tags |= {"role": "trial", "optuna_trial": str(self.trial.number)}
        tags |= {"optuna_study": self.search.name, "row": self.search.row.label}
        self.meter.emit(
            CellStarted(self.label, _address(plan), params, tags, first.source.splits())
        )

    def finished(self, judged: Judged, state: str) -> CellFinished:
        """The event that ends a trial; its row names no score, since no seed has it."""
        row = {"row": self.search.row.label, "trial": self.trial.number, "dataset": self.data}
        tags = {"optuna_state": state, "pruned": str(judged.pruned).lower()}
        return CellFinished(self.label, judged.address, judged.metrics(), row, tags)

    def failed(self, error: str) -> CellFailed:
        row = {"row": self.search.row.label, "trial": self.trial.number, "dataset": self.data}
        row |= {"optuna_state": "FAIL"}
        return CellFailed(self.label, "", error, row)

    @property
    def data(self) -> str:
        return self.search.base.study.datasets[0]

    def _rung(self, plan: Plan) -> tuple[list[dict[str, object]], bool]:
        """Rows of the cells that were run, and whether the pruner stopped them."""
        rows: list[dict[str, object]] = []
        done = self.executor.run(plan.cells, lambda cell: (cell, self._cell(cell, plan)))
        for index, (cell, row) in enumerate(done, 1):
            rows.append(row)
            score = _top1(row)
            step = Step(CURVE, index, len(plan.cells), {"top1": score})
            self.meter.emit(step)
            if self.sweep.pruner == "wilcoxon":
                self.trial.report(score, cell.cell.seed)
                if index < len(plan.cells) and self.trial.should_prune():
                    return rows, True
        return rows, False

    def _cell(self, cell: CellPlan, plan: Plan) -> dict[str, object]:
        self.meter.prefix = f"s{cell.cell.seed}" if len(plan.cells) > 1 else ""
        self.shop.finish(cell)
        return row_of(cell, plan, self.shop.store)

    def _stop_at(self, length: int, score: float, *, last: bool) -> bool:
        if self.sweep.pruner != "hyperband":
            return False
        self.trial.report(score, length)
        return not last and self.trial.should_prune()

    def _judged(
        self, plan: Plan, rows: Sequence[Mapping[str, object]], spent: float, pruned: bool
    ) -> Judged:
        store = self.shop.store
        ran = {row["seed"] for row in rows}
        cells = [cell for cell in plan.cells if cell.cell.seed in ran]
        return Judged(
            address=_address(plan),
            top1={int(str(row["seed"])): _top1(row) for row in rows},
            seconds=fmean(own_seconds(row) for row in rows),
            seconds_all=spent,
            bytes=fmean(own_bytes(row) for row in rows),
            peak_memory=max(own_memory(cell, store) for cell in cells),
            shared=shared_seconds(cells, store),
            pruned=pruned,
        )


def _address(plan: Plan) -> str:
    return digest_of([cell.address for cell in plan.cells])[:32]


def _top1(row: Mapping[str, object]) -> float:
    value = row["top1"]
    assert isinstance(value, int | float)
    return float(value)


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
