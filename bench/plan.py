"""Plans: a study's cells as a graph of addressed tasks, before anything is computed."""

from collections.abc import Mapping
from dataclasses import dataclass

from bench.contracts import Distiller, Evaluator
from bench.data.spec import DatasetSpec
from bench.events import RealSplit
from bench.recipes import Profile, Recipe
from bench.study import Cell, Study

VERSIONS: Mapping[str, int] = {  # raise one when the numbers of that stage change
    "squeeze": 2,
    "observe": 1,
    "barycenter": 1,
    "recover": 1,
    "relabel": 1,
    "evaluate": 2,
}


@dataclass(frozen=True)
class Source:
    """A data set as the planner sees it: specification, digests and sizes of both splits.

    Attributes:
        smallest: training images of the smallest class, 0 where unknown.
        smallest_class: its name.
    """

    spec: DatasetSpec
    train: str
    test: str
    train_count: int
    test_count: int
    smallest: int = 0
    smallest_class: str = ""

    def splits(self) -> tuple[RealSplit, RealSplit]:
        """Both splits, as observers hear of them."""
        spec = self.spec
        shape = (spec.channels, spec.resolution, spec.resolution)
        return (
            RealSplit(spec.name, "train", self.train, self.train_count, shape),
            RealSplit(spec.name, "test", self.test, self.test_count, shape),
        )


@dataclass(frozen=True)
class Task:
    """One artifact to make: its address and everything that determines it.

    Attributes:
        upstream: stage name -> address of the artifacts it is made from.
        seed: from which its random numbers derive; None where it draws none of its own.
    """

    stage: str
    kind: type
    address: str
    config: Mapping[str, object]
    upstream: Mapping[str, str]
    seed: int | None
    label: str


@dataclass(frozen=True)
class CellPlan:
    """One cell with its recipe, its plugins and its tasks by stage, upstream first."""

    cell: Cell
    source: Source
    recipe: Recipe
    distiller: Distiller
    evaluator: Evaluator
    tasks: Mapping[str, Task]

    @property
    def address(self) -> str:
        return self.tasks["evaluate"].address


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
