"""The clauses of the contract: functions that say what is wrong, and where they are tried."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree

import torch

from bench.app.dataset_clauses import DATASET as DATASET
from bench.app.section_fields import unheeded
from bench.app.split_reads import other_than_once
from bench.artifacts.labels import Score
from bench.artifacts.values import SyntheticSet
from bench.core.events import Emit, StageStarted, Step, silent
from bench.execution.planner import Locate, make_plan
from bench.execution.workshop import Workshop
from bench.graph.builder import tasks_of
from bench.graph.plan import CellPlan, Plan, Task
from bench.plugin.registry import Registered
from bench.plugin.space import Choice
from bench.storage.packing import content_digest, pack
from bench.storage.store import Store
from bench.study.grid import Row, Study
from bench.study.overrides import Overrides

IPC = 2
TINY = {  # lengths at which a contract is checked: enough to run every line, not to learn
    "squeeze.epochs": 1,
    "recover.iterations": 3,
    "relabel.epochs": 2,
}


@dataclass(frozen=True)
class Probe:
    """A place to run one plugin: named stores begin with a copy of what no plugin makes.

    Attributes:
        watch: an observer as runs have them, which hears one distillation; it raises at events
            that it cannot take.
    """

    plugin: Registered
    locate: Locate
    data_root: Path
    folder: Path
    base: Path
    watch: Emit = silent

    def plan(self, seed: int = 0, changes: Mapping[str, object] | None = None) -> CellPlan:
        named = self.plugin.name
        overrides = {**TINY, **(changes or {})}
        maker = named if self.plugin.kind == "distiller" else "random"
        row = Row("checked", maker, overrides=overrides)
        judge = named if self.plugin.kind == "evaluator" else "fkd"
        study = Study("check", "check", (row,), ipcs=(IPC,), seeds=(seed,), evaluators=(judge,))
        plan: Plan = make_plan(study, "smoke", Overrides(), self.locate)
        return plan.cells[0]

    def shop(self, store: str, emit: Emit = silent) -> Workshop:
        if not (self.folder / store).exists():
            above = self._at(self.base)
            plan = self.plan()
            for task in plan.tasks.values():
                if task.request.code() is None and not task.request.own:
                    above.artifact(plan, task, task.kind)
            self.base.mkdir(parents=True, exist_ok=True)
            copytree(self.base, self.folder / store)
        return self._at(self.folder / store, emit)

    def _at(self, store: Path, emit: Emit = silent) -> Workshop:
        return Workshop(Store(store), self.data_root, torch.device("cpu"), emit)

    def synthetic(self, store: str, seed: int = 0) -> SyntheticSet:
        plan = self.plan(seed)
        return self.shop(store).artifact(plan, plan.synthetic, SyntheticSet)

    def score(self, store: str, seed: int = 0) -> Score:
        return self.shop(store).finish(self.plan(seed))


def _digest(artifact: object) -> str:
    tensors, meta = pack(artifact)
    return content_digest(tensors, meta)


def _documented(bench: Probe) -> str:
    module = sys.modules[bench.plugin.factory.__module__].__doc__ or ""
    if not bench.plugin.doc:
        return "expected a one-line docstring on the factory, found none"
    return "" if "ource" in module else "expected the module docstring to name its source"


def _well_formed(bench: Probe) -> str:
    made, spec = bench.synthetic("a"), bench.plan().source.spec
    per_class = made.labels.bincount(minlength=spec.num_classes)
    shape = (spec.channels, spec.resolution, spec.resolution)
    problems: Iterator[tuple[bool, str]] = iter(
        (
            (
                made.images.dtype in (torch.uint8, torch.float32),
                f"images of dtype uint8 or float32, got {made.images.dtype}",
            ),
            (bool(torch.isfinite(made.images.float()).all()), "finite images"),
            (made.images.shape[1:] == shape, f"images {shape}, got {tuple(made.images.shape[1:])}"),
            (len(per_class) == spec.num_classes, f"labels in 0..{spec.num_classes - 1}"),
            (bool((per_class > 0).all()), "at least one image of every class"),
            (
                not bench.plugin.budgeted or bool((per_class == IPC).all()),
                f"{IPC} images of every class, got {per_class.tolist()}",
            ),
            (bool((made.labels.diff() >= 0).all()), "class-major order of the labels"),
            (len(made.slots) == len(made.labels) == len(made.weights), "one slot and weight each"),
            (abs(float(made.weights.mean()) - 1) < 1e-4, "weights with mean 1"),
            (made.image_bytes > 0, "a positive number of image bytes"),
            (bool(made.images.float().std() > 0), "images that are not constant"),
            (
                made.soft.shape in ((0,), (len(made.labels), spec.num_classes)),
                f"learned labels (images, classes) or none, got {tuple(made.soft.shape)}",
            ),
            (bool(torch.isfinite(made.soft).all()), "finite learned labels"),
            (0 <= made.lr < float("inf"), f"a learned rate of 0 or more, got {made.lr}"),
            (
                made.factor >= 1 and spec.resolution % made.factor == 0,
                f"a factor that divides {spec.resolution} pixels, got {made.factor}",
            ),
        )
    )
    return "; ".join(f"expected {text}" for ok, text in problems if not ok)


def _deterministic(bench: Probe) -> str:
    first, second = _digest(bench.synthetic("a")), _digest(bench.synthetic("b"))
    return "" if first == second else "expected equal images for equal seeds, got different ones"


class Remark(str):
    """What is to be said of a clause that holds."""


def _observable(bench: Probe) -> str:
    plan = bench.plan()
    bench.shop("b", bench.watch).artifact(plan, plan.synthetic, SyntheticSet)
    return ""


class _Broken(Exception):
    """Ends a stage in its midst."""


def _survives_a_break(bench: Probe) -> str:
    made, plan = False, bench.plan()
    task = plan.synthetic

    def break_off(event: object) -> None:
        nonlocal made
        made = made or (isinstance(event, StageStarted) and event.address == task.address)
        if isinstance(event, Step) and made:
            raise _Broken

    with suppress(_Broken):
        bench.shop("broken", break_off).artifact(plan, task, SyntheticSet)
        return Remark("it emits no Step while it distills, so that it was not broken off")
    same = _digest(bench.synthetic("broken")) == _digest(bench.synthetic("a"))
    return "" if same else "expected the same images after a break as without, got others"


def _seeded(bench: Probe) -> str:
    if not bench.plugin.seeded:
        return ""
    same = _digest(bench.synthetic("a")) == _digest(bench.synthetic("a", seed=1))
    return "" if not same else "expected other images for another seed, or seeded=False"


def _no_global_rng(bench: Probe) -> str:
    before = torch.random.get_rng_state()
    bench.score("c", seed=3)
    same = bool(torch.equal(before, torch.random.get_rng_state()))
    return "" if same else "expected the global RNG to stay untouched; use the generator argument"


def _space_builds(bench: Probe) -> str:
    for name, space in bench.plugin.space.items():
        values = space.options if isinstance(space, Choice) else (space.low, space.high)
        for value in values:
            bench.plugin.factory(**{name: value})
    return ""


def _scores(bench: Probe) -> str:
    score = bench.score("a")
    if not 0 <= score.top1 <= 1:
        return f"expected top1 in [0, 1], got {score.top1}"
    kinds = {score.predicted.dtype, score.labels.dtype}
    if kinds != {torch.int16}:
        return f"expected predicted and true classes as int16, got {sorted(map(str, kinds))}"
    share = float(score.correct.float().mean())
    same = abs(share - score.top1) < 1e-6
    return "" if same else f"expected top1 to be the predictions' {share}, got {score.top1}"


def _score_deterministic(bench: Probe) -> str:
    same = _digest(bench.score("a")) == _digest(bench.score("b"))
    return "" if same else "expected equal scores for equal seeds, got different ones"


def _honours_its_sections(bench: Probe) -> str:
    return unheeded(bench.plugin, bench.plan, bench.shop("sections"))


def _kind_task(bench: Probe) -> tuple[CellPlan, Task]:
    plan = bench.plan()
    return plan, tasks_of(bench.plugin.factory(), plan.at, {})


def _kind_digest(bench: Probe, store: str) -> str:
    plan, task = _kind_task(bench)
    return _digest(bench.shop(store).artifact(plan, task, task.kind))


def _kind_planned(bench: Probe) -> str:
    _, task = _kind_task(bench)
    again = task.request.filled(bench.plan().at)
    return "" if again == task.request else "expected `filled` to change nothing the second time"


def _kind_stored(bench: Probe) -> str:
    plan, task = _kind_task(bench)
    before = _digest(bench.shop("a").artifact(plan, task, task.kind))
    if not task.request.stored:
        return ""
    loaded: object = Store(bench.folder / "a").load(task.address, task.kind)
    return "" if _digest(loaded) == before else "expected what was stored, loaded something else"


def _kind_deterministic(bench: Probe) -> str:
    same = _kind_digest(bench, "a") == _kind_digest(bench, "b")
    return "" if same else "expected equal artifacts for equal requests, got different ones"


def _kind_no_global_rng(bench: Probe) -> str:
    before = torch.random.get_rng_state()
    _kind_digest(bench, "c")
    same = bool(torch.equal(before, torch.random.get_rng_state()))
    return "" if same else "expected the global RNG to stay untouched; use a generator of your own"


Clause = tuple[str, Callable[[Probe], str]]
ARTIFACT: tuple[Clause, ...] = (
    ("documents itself and its source", _documented),
    ("is planned the same when it is filled again", _kind_planned),
    ("is loaded as it was stored", _kind_stored),
    ("is deterministic", _kind_deterministic),
    ("leaves the global RNG alone", _kind_no_global_rng),
)
DISTILLER: tuple[Clause, ...] = (
    ("documents itself and its source", _documented),
    ("makes a well-formed synthetic set", _well_formed),
    ("emits events that observers take", _observable),
    ("is deterministic given its seed", _deterministic),
    ("makes the same after a break", _survives_a_break),
    ("depends on its seed", _seeded),
    ("leaves the global RNG alone", _no_global_rng),
    ("honours each field of a recipe section that it takes", _honours_its_sections),
    ("builds at every corner of its search space", _space_builds),
    ("can be evaluated", _scores),
)
EVALUATOR: tuple[Clause, ...] = (
    ("documents itself and its source", _documented),
    ("scores a synthetic set", _scores),
    ("is deterministic given its seed", _score_deterministic),
    ("reads each test image once", lambda bench: other_than_once(bench.shop("a"), bench.plan())),
    ("leaves the global RNG alone", _no_global_rng),
)
