"""One meter turns work into seconds and bytes, by timings of this machine that a store remembers.

A small pass, whose time is calls rather than operations, is timed as it is; a big one follows a
typical one by its operations, so that timing takes seconds. A timing says when it was taken, how
far its repeats were apart and how busy the machine was; it is taken again where it is old, or where
the machine was busy then and is not now. What is counted rather than timed is counted once.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import psutil
import torch

from bench.core.errors import BenchError
from bench.data.spec import DatasetSpec
from bench.execution.calibration import DRAWS, Shape, drawing, plain
from bench.graph.plan import CellPlan, Plan
from bench.graph.request import Context
from bench.graph.work import Clock, Passes, Timing, Work
from bench.models.flops import flops_of
from bench.models.footprint import forward, inverted, trained
from bench.stages.compute import SMALL_FLOPS, fitting_threads
from bench.storage.store import Store

STEPS, COUNTS = "calibration-3", "counts-1"  # raise the number when a step, or a count, changes
BIGGEST = {"cpu": 2e10, "cuda": 2e12}  # FLOP of a timed step; larger ones follow a typical one
TYPICAL = {"cpu": ("resnet18", 64, 8), "cuda": ("resnet18", 224, 64)}  # network, pixels, batch
START = 0.02  # seconds that every stage spends on loading and storing
OLD = 90 * 86400.0  # seconds after which a timing is taken again
BUSY, LOOK = 0.25, 0.2  # cores that others may keep busy; seconds for which a plan looks at that


@dataclass(frozen=True)
class Cost:
    """Estimated seconds of computing, bytes of storing and operations of one artifact.

    Attributes:
        unknown: why the seconds are not known; they are 0 then.
    """

    seconds: float
    bytes: float
    flops: float = 0.0
    unknown: str = ""


@dataclass(frozen=True)
class Need:
    """Bytes at the peak of a stage, on the device that computes and on its host.

    Device memory is that of tensors (bench.models.footprint); what a driver, an allocator's gaps
    and the scratch space of kernels add is not in it. Host memory leaves out the process itself and
    what is mapped from files, which the system takes back when it needs it.
    """

    device: float
    host: float


def busy_cores() -> float:
    """Cores that other processes keep busy, over a fifth of a second."""

    def others() -> float:
        times, own = psutil.cpu_times(), psutil.Process().cpu_times()
        whole = sum(times) - times.idle - getattr(times, "iowait", 0.0)
        return float(whole - getattr(times, "guest", 0.0) - own.user - own.system)

    before, begin = others(), time.monotonic()
    time.sleep(LOOK)
    return max(0.0, (others() - before) / (time.monotonic() - begin))


@dataclass
class Meter:
    """Prices work on a device.

    Attributes:
        busy: cores that other processes keep busy, looked at once, when a timing first asks.
    """

    store: Store
    device: torch.device
    busy: Callable[[], float] = busy_cores
    _known: dict[tuple[str, str], float] = field(default_factory=dict)
    _load: list[float] = field(default_factory=list)

    @property
    def load(self) -> float:
        self._load = self._load or [self.busy()]
        return self._load[0]

    def cost(self, work: Work, at: Context) -> Cost:
        """Seconds, stored bytes and operations."""
        spec, flops, unknown = at.source.spec, 0.0, ""
        seconds = START + work.seconds
        for one in work.passes:
            factor = 1 if one.kind in ("forward", "observe", "relabel") else 3
            flops += factor * self.flops(one.arch, spec) * one.batch * one.steps
            seconds += one.steps * self.seconds(one, at) if one.steps else 0.0
        if work.draws:
            draw = drawing(spec.resolution)
            found = self._timed(STEPS, f"draw-{spec.resolution}", lambda clock: clock.step(draw))
            seconds += work.draws * found / DRAWS
        for probe, times in work.probes:
            try:
                with fitting_threads(self.batch_flops(at)):
                    seconds += times * self._timed(probe.name, plain(probe.key), probe.measure)
            except BenchError as error:
                unknown = str(error)
            except Exception as error:  # a plugin that fails fails its own cells, not the plan
                unknown = f"{type(error).__name__}: {error}"
        return Cost(seconds, work.bytes, flops, unknown)

    def need(self, work: Work, at: Context) -> Need:
        """Peak memory: the largest of the passes, and what lies beside it."""
        peak = max((self._peak(one, at) for one in work.passes), default=0.0)
        return Need(peak + work.held, work.host)

    def seconds(self, one: Passes, at: Context) -> float:
        """Seconds of one step: timed, or scaled by operations from a typical step if it is big."""
        spec, fast = at.source.spec, at.fast
        alone = self.batch_flops(at) < SMALL_FLOPS
        shape = Shape(
            one.kind,
            one.arch,
            spec.channels,
            spec.resolution,
            spec.num_classes,
            spec.stem,
            one.batch,
            fast,
            one.moments if one.kind == "train" else 0,
            alone,
        )
        work = self.flops(one.arch, spec) * one.batch
        if 3 * work <= BIGGEST[self.device.type]:
            return self._step(shape)
        arch, side, batch = TYPICAL[self.device.type]
        typical = replace(
            shape,
            arch=arch,
            channels=3,
            resolution=side,
            num_classes=10,
            stem="auto",
            batch=batch,
            alone=False,
        )
        return self._step(typical) * work / (self._flops(arch, 10, 3, side, "auto") * batch)

    def flops(self, arch: str, spec: DatasetSpec) -> float:
        """Operations of a forward pass of one image."""
        return self._flops(arch, spec.num_classes, spec.channels, spec.resolution, spec.stem)

    def batch_flops(self, at: Context) -> float:
        return self.flops(at.recipe.squeeze.arch, at.source.spec) * at.recipe.recover.batch

    def _flops(self, *network: object) -> float:
        return self._counted(("flops", *network), lambda: flops_of(*network))

    def _peak(self, one: Passes, at: Context) -> float:
        spec, fast, batch = at.source.spec, at.fast, one.batch
        network = (one.arch, spec.num_classes, spec.channels, spec.resolution, spec.stem)

        def count() -> float:
            if one.kind == "train":
                return trained(network, batch, fast, one.moments)
            if one.kind == "recover":
                return inverted(network, batch, fast)
            return forward(network, batch, fast, one.kind == "observe")

        kind = "forward" if one.kind == "relabel" else one.kind
        moments = one.moments if kind == "train" else 0
        return self._counted((kind, *network, batch, fast, moments), count)

    def _step(self, shape: Shape) -> float:
        def measure(clock: Clock) -> Timing:
            with fitting_threads(0.0 if shape.alone else SMALL_FLOPS):
                return clock.step(shape.step(self.device))

        return self._timed(STEPS, shape.key(self.device), measure)

    def _counted(self, what: tuple[object, ...], count: Callable[[], float]) -> float:
        """A number that depends on nothing but the code of torch."""
        key = plain("-".join(map(str, (*what, torch.__version__))))
        if (COUNTS, key) not in self._known:
            record = self.store.record(COUNTS, key)
            if record is None:
                record = {"count": float(count())}
                self.store.put_record(COUNTS, key, record)
            self._known[COUNTS, key] = float(str(record["count"]))
        return self._known[COUNTS, key]

    def _timed(self, kind: str, key: str, measure: Callable[[Clock], Timing]) -> float:
        """Seconds under a name: measured once, and again where the record is not to be trusted."""
        if (kind, key) not in self._known:
            record = self.store.record(kind, key)
            if record is None or self._doubtful(record):
                found = measure(Clock(self.device))
                record = {
                    "seconds": found.seconds,
                    "times": found.times,
                    "spread": found.spread,
                    "taken": time.time(),
                    "busy": self.load,
                }
                self.store.put_record(kind, key, record)
            self._known[kind, key] = float(str(record["seconds"]))
        return self._known[kind, key]

    def _doubtful(self, record: Mapping[str, object]) -> bool:
        old = time.time() - float(str(record["taken"])) > OLD
        return old or (float(str(record["busy"])) > BUSY >= self.load)


def estimate(
    plan: Plan, store: Store, device: torch.device, meter: Meter | None = None
) -> dict[str, Cost]:
    """Costs by address; what the store holds costs what it took."""
    meter = meter or Meter(store, device)
    found: dict[str, Cost] = {}
    for cell in plan.cells:
        for address, task in ((task.address, task) for task in cell.tasks.values()):
            if address in found:
                continue
            if manifest := store.readable(address):
                found[address] = Cost(manifest.seconds, manifest.bytes)
            else:
                found[address] = meter.cost(task.request.work(cell.at), cell.at)
    return found


def explained(cell: CellPlan, stage: str, error: BaseException, meter: Meter) -> str:
    """What a stage that ran out of memory needed, and what would need less, in one line."""
    said = str(error).strip().splitlines() or ["no more memory"]
    work = cell.tasks[stage].request.work(cell.at)
    need = meter.need(work, cell.at)
    return (
        f"out of memory in {stage}, which needs about {(need.device + need.host) / 1e9:.2g} GB: "
        f"{work.less}, or take fewer workers ({said[0]})"
    )
