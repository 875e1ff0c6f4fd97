"""Plans: a study's cells as a graph of addressed tasks, before anything is computed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from bench.graph.request import Context, Request, Source
from bench.plugin.contracts import Distiller, Evaluator
from bench.plugin.recipes import Profile, Recipe
from bench.study.grid import Cell, Study


@dataclass(frozen=True, eq=False)
class Task:
    """One artifact to make: its request, its address and the tasks that it stands on.

    Attributes:
        config: what its address holds of the request.
        seed: from which its random numbers derive; None where it draws none of its own.
        above: the tasks of what it needs, in the order of the request's needs.
        label: for people.
    """

    request: Request[Any]
    address: str
    config: Mapping[str, object] = field(default_factory=dict)
    seed: int | None = None
    above: tuple["Task", ...] = ()
    label: str = ""

    @property
    def stage(self) -> str:
        """The kind of its request, which names the stage that makes it."""
        return self.request.kind

    @property
    def kind(self) -> type:
        """The class of the artifact."""
        return self.request.made

    @cached_property
    def depth(self) -> int:
        """How many tasks the longest chain up to this one has."""
        return 1 + max((task.depth for task in self.above), default=0)

    @property
    def upstream(self) -> Mapping[str, str]:
        """Name -> address of the stored artifacts that it is made from."""
        return {name: task.address for name, task in named(self._stored_above()).items()}

    def _stored_above(self) -> Iterator["Task"]:
        for task in self.above:
            if task.request.stored:
                yield task
            else:
                yield from task._stored_above()

    def walk(self) -> Iterator["Task"]:
        """Every task below this one and itself, each after what it stands on; may repeat."""
        for task in self.above:
            yield from task.walk()
        yield self


def named(tasks: Iterator[Task]) -> dict[str, Task]:
    """Distinct tasks by a name of their own: the kind, then `kind.2` for a second of it."""
    found: dict[str, Task] = {}
    seen: set[str] = set()
    counts: dict[str, int] = {}
    for task in tasks:
        if task.address in seen:
            continue
        seen.add(task.address)
        counts[task.stage] = counts.get(task.stage, 0) + 1
        count = counts[task.stage]
        found[task.stage if count == 1 else f"{task.stage}.{count}"] = task
    return found


@dataclass(frozen=True)
class CellPlan:
    """One cell with its recipe, its plugins and its tasks.

    Attributes:
        at: what its requests were filled from.
        root: the task of its score.
        synthetic: the task of its synthetic set.
        tasks: its stored artifacts by name, upstream first; the first of a kind has its name.
    """

    cell: Cell
    source: Source
    recipe: Recipe
    distiller: Distiller
    evaluator: Evaluator
    at: Context
    root: Task
    synthetic: Task
    tasks: Mapping[str, Task]

    @property
    def address(self) -> str:
        return self.root.address

    @property
    def budgeted(self) -> bool:
        """Whether the synthetic set depends on the number of images per class."""
        return "ipc" in self.synthetic.config

    def kinds(self) -> tuple[str, ...]:
        """The kinds of its stored artifacts, upstream first."""
        return tuple(dict.fromkeys(task.stage for task in self.tasks.values()))

    def first(self, made: type) -> Task | None:
        """The first of its stored artifacts of a class; None where it has none."""
        return next((task for task in self.tasks.values() if task.kind is made), None)

    def of_kind(self, kind: str) -> tuple[Task, ...]:
        """Its stored artifacts of a kind."""
        return tuple(task for task in self.tasks.values() if task.stage == kind)


@dataclass(frozen=True)
class Plan:
    """All cells of a study under one profile.

    Attributes:
        called: how the command line names the study, such as `mine.py --plugin new.py`.
    """

    study: Study
    profile: Profile
    cells: tuple[CellPlan, ...]
    overrides: tuple[str, ...] = ()
    called: str = ""

    def tasks(self) -> dict[str, Task]:
        """Every distinct task by address: what an empty store would have to compute."""
        return {t.address: t for cell in self.cells for t in cell.tasks.values()}

    @cached_property
    def _kinds(self) -> tuple[str, ...]:
        depths: dict[str, int] = {}
        for task in self.tasks().values():
            depths[task.stage] = max(depths.get(task.stage, 0), task.depth)
        return tuple(sorted(depths, key=lambda kind: depths[kind]))

    def kinds(self) -> tuple[str, ...]:
        """The kinds of stored artifacts of all cells, each after those that it stands on."""
        return self._kinds
