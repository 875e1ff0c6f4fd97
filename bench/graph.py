"""The tasks of one cell as a graph, from the teacher to the score, each with its address."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bench.artifacts import (
    Barycenter,
    ClassFeatures,
    ClassMeans,
    ClassStats,
    GlobalStats,
    Observation,
    SyntheticSet,
    Teacher,
)
from bench.contracts import Distiller, Evaluator
from bench.fingerprint import address, code_hash
from bench.labels import Score, SoftLabels
from bench.plan import VERSIONS, Source, Task
from bench.plugins import FOLDERS, ROOT
from bench.recipes import Recipe
from bench.registry import Registered
from bench.study import Cell

OBSERVED = {ClassStats, ClassFeatures, ClassMeans, Observation}


@dataclass
class Graph:
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
