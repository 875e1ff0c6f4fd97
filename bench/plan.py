"""Plans: a study's cells as a graph of addressed tasks, before anything is computed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bench.artifacts import (
    Barycenter,
    ClassFeatures,
    ClassMeans,
    ClassStats,
    GlobalStats,
    Observation,
    Score,
    SoftLabels,
    SyntheticSet,
    Teacher,
)
from bench.contracts import Distiller, Evaluator
from bench.data.spec import DatasetSpec
from bench.errors import BadValue, suggestion
from bench.fingerprint import address, code_hash, coerced
from bench.limits import refuse_impossible
from bench.overrides import Overrides, apply_to_recipe, apply_to_study, row_overrides
from bench.plugins import FOLDERS, ROOT, get
from bench.presets import recipe_for
from bench.recipes import SECTIONS, Profile, Recipe
from bench.registry import Registered
from bench.study import Cell, Row, Study, expand

VERSIONS: Mapping[str, int] = {  # raise one when the numbers of that stage change
    "squeeze": 2,
    "observe": 1,
    "barycenter": 1,
    "recover": 1,
    "relabel": 1,
    "evaluate": 1,
}
OBSERVED = {ClassStats, ClassFeatures, ClassMeans, Observation}


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


Locate = Callable[[str], Source]


def make_plan(study: Study, profile: Profile, overrides: Overrides, locate: Locate) -> Plan:
    """Expands a study and addresses every task; `locate` finds data sets by name.

    Raises:
        BenchError: an unknown name, an override of the wrong type, a request no plugin can meet.
    """
    study = apply_to_study(study, overrides)
    _check_rows_of_overrides(study, overrides)
    cells = expand(study, profile)
    sources = {name: locate(name) for name in dict.fromkeys(cell.dataset for cell in cells)}
    plans = (_plan_cell(c, sources[c.dataset], study, profile, overrides) for c in cells)
    return Plan(study, profile, tuple(plans), overrides.texts)


def _check_rows_of_overrides(study: Study, overrides: Overrides) -> None:
    rows = {row.distiller for row in study.rows}
    for distiller, name in overrides.distillers:
        if distiller not in rows:
            raise BadValue(
                f"--set {distiller}.{name}: the study {study.name!r} has no row of that distiller"
                f"{suggestion(distiller, rows)}"
            )


def _plan_cell(
    cell: Cell, source: Source, study: Study, profile: Profile, overrides: Overrides
) -> CellPlan:
    recipe = recipe_for(study.recipe, cell.dataset, source.spec.resolution, cell.ipc, profile)
    recipe = apply_to_recipe(recipe, {**row_overrides(cell.row.overrides), **overrides.recipe})
    student = recipe.squeeze.arch if cell.student == "teacher" else cell.student
    if cell.student != "teacher" or recipe.student.arch == "teacher":
        recipe = replace(recipe, student=replace(recipe.student, arch=student))
    plugin = get("distiller", cell.row.distiller)
    params = resolve(plugin, recipe, cell.row, overrides)
    judge = get("evaluator", cell.evaluator)
    graph = _Graph(cell, source, recipe)
    distiller, evaluator = plugin.factory(**params), judge.factory()
    graph.distil(plugin, params, distiller)
    graph.evaluate(judge, evaluator)
    plan = CellPlan(cell, source, recipe, distiller, evaluator, graph.tasks)
    refuse_impossible(plan)
    return plan


def resolve(
    plugin: Registered, recipe: Recipe, row: Row, overrides: Overrides
) -> dict[str, object]:
    """Values of a distiller's fields: defaults < recipe < row < command line.

    Raises:
        BadValue: the row names a field that the distiller does not have.
    """
    known = plugin.fields()
    values = {name: f.default for name, f in known.items() if not f.required}
    values |= {name: getattr(recipe, name) for name in known if name in SECTIONS}
    given = dict(recipe.presets.get(plugin.name, {})) | dict(row.params)
    given |= {n: v for (d, n), v in overrides.distillers.items() if d == plugin.name}
    for name in given:
        if name not in known:
            raise BadValue(
                f"row {row.label!r}: distiller {plugin.name!r} has no field {name!r}"
                f"{suggestion(name, known)}"
            )
    values |= {name: coerced(v, known[name].type, name) for name, v in given.items()}
    missing = sorted(set(known) - set(values))
    if missing:
        raise BadValue(f"row {row.label!r}: distiller {plugin.name!r} needs values for {missing}")
    return values


@dataclass
class _Graph:
    """Builds the tasks of one cell; each method adds a task with all that it stands on."""

    cell: Cell
    source: Source
    recipe: Recipe
    tasks: dict[str, Task] = field(default_factory=dict)

    def _add(
        self,
        stage: str,
        kind: type,
        config: Mapping[str, object],
        upstream: Sequence[str] = (),
        *,
        seed: int | None = None,
        data: str = "",
        code: str = "",
    ) -> str:
        above = {name: self.tasks[name].address for name in upstream}
        key = address(stage, VERSIONS[stage], config, above, seed, code=code, data=data)
        label = self.cell.label if stage in ("recover", "relabel", "evaluate") else ""
        label = label or f"{self.cell.dataset} · {stage}"
        self.tasks[stage] = Task(stage, kind, key, config, above, seed, label)
        return stage

    def teacher(self) -> str:
        if "squeeze" in self.tasks:
            return "squeeze"
        config = {
            "squeeze": self.recipe.squeeze,
            "precision": self.recipe.precision,
            "resolution": self.source.spec.resolution,
            "stem": self.source.spec.stem,
        }
        both = f"{self.source.train}+{self.source.test}"
        seed = self.recipe.squeeze.seed
        return self._add("squeeze", Teacher, config, seed=seed, data=both)

    def observation(self) -> str:
        if "observe" in self.tasks:
            return "observe"
        config = {"observe": self.recipe.observe, "precision": self.recipe.precision}
        return self._add("observe", Observation, config, [self.teacher()], data=self.source.train)

    def barycenter(self, distiller: Distiller) -> str:
        request = distiller.request
        config = {"solve": request.solve, "layer": request.layer, "ipc": self.cell.ipc}
        seed = self.recipe.squeeze.seed
        return self._add("barycenter", Barycenter, config, [self.observation()], seed=seed)

    def distil(
        self, plugin: Registered, params: Mapping[str, object], distiller: Distiller
    ) -> None:
        needs = set(distiller.needs)
        upstream: list[str] = []
        if needs & {Teacher, GlobalStats}:
            upstream.append(self.teacher())
        if needs & OBSERVED:
            upstream.append(self.observation())
        if Barycenter in needs:
            upstream.append(self.barycenter(distiller))
        config: dict[str, object] = {"distiller": plugin.name, "params": dict(params)}
        config |= {"variance": distiller.request.variance} if ClassStats in needs else {}
        config |= {"layer": distiller.request.layer} if needs & {ClassFeatures, ClassMeans} else {}
        config |= {"precision": self.recipe.precision} if upstream else {}
        config |= {"ipc": self.cell.ipc} if plugin.budgeted else {}
        self._add(
            "recover",
            SyntheticSet,
            config,
            upstream,
            seed=self.cell.seed if plugin.seeded else 0,
            data=self.source.train,
            code=plugin_code(plugin),
        )

    def evaluate(self, plugin: Registered, evaluator: Evaluator) -> None:
        needs, upstream = set(evaluator.needs), ["recover"]
        seed = self.cell.student_seed
        if needs & {SoftLabels, Teacher}:
            upstream.append(self.teacher())
        if SoftLabels in needs:
            config = {"relabel": self.recipe.relabel, "precision": self.recipe.precision}
            both = ["recover", "squeeze"]
            upstream.append(self._add("relabel", SoftLabels, config, both, seed=seed))
        sections = {name: getattr(self.recipe, name) for name in evaluator.sections}
        self._add(
            "evaluate",
            Score,
            {"evaluator": plugin.name, "precision": self.recipe.precision, **sections},
            upstream,
            seed=seed,
            data=self.source.test,
            code=plugin_code(plugin),
        )


def plugin_code(plugin: Registered) -> str:
    """The code part of an address: the plugin's module and the project's plugins it imports."""
    return code_hash(plugin.path, [ROOT / folder for folder in FOLDERS])
