"""From a trial's parameters to cells: a setting is a study of one row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from bench.core.errors import BadValue
from bench.core.fingerprint import digest_of
from bench.data.sources.held_out import MARK
from bench.execution.planner import Locate, make_plan
from bench.graph.plan import Plan
from bench.plugin.recipes import Profile, Recipe
from bench.search.checking import refuse_bad_values
from bench.search.spaces import Parameter, Value, grid_of, parameters_of
from bench.study.grid import Row
from bench.study.overrides import Overrides, apply_to_study
from bench.study.search import TRIALS, Sweep

LAYERS = "observe.layers"


@dataclass(frozen=True)
class Search:
    """One row of a sweep with everything that decides its trials' scores.

    Attributes:
        row: with all overrides of the command line in it.
    """

    sweep: Sweep
    row: Row
    profile: Profile
    locate: Locate

    @cached_property
    def base(self) -> Plan:
        """The row without any search, on held-out data."""
        return self.plan({}, (0,), self.row.label)

    @property
    def recipe(self) -> Recipe:
        return self.base.cells[0].recipe

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        first = self._plan(self.row, (0,)).cells[0]
        arch, spec = first.recipe.squeeze.arch, first.source.spec
        found = parameters_of(self.sweep, self.row, arch, spec)
        for parameter in found:
            self._refuse_fixed(parameter)
        refuse_bad_values(found, self._probed)
        return found

    def _refuse_fixed(self, parameter: Parameter) -> None:
        """A row may start a search elsewhere than its recipe, but not fix what is searched."""
        name = parameter.name
        if name in (self.row.overrides if parameter.of_recipe else self.row.params):
            raise BadValue(
                f"sweep {self.sweep.name!r}: expected {name} to be searched, but the row "
                f"{self.row.label!r} or --set fixes it; leave one of the two out"
            )

    @cached_property
    def grid(self) -> list[dict[str, Value]]:
        return grid_of(self.parameters, self.sweep.grid_points, self.sweep.seed)

    @property
    def trials(self) -> int:
        """How many trials this search is given."""
        default = len(self.grid) if self.sweep.sampler == "grid" else TRIALS
        return self.sweep.trials or default

    @cached_property
    def name(self) -> str:
        """Of the Optuna study: equal exactly where trials may be compared with each other."""
        sweep = self.sweep
        key = {
            "probe": self.base.cells[0].address,
            "space": {p.name: repr(p.space) for p in self.parameters},
            "how": [sweep.sampler, sweep.pruner, sweep.fidelity, *sweep.objectives],
            "seeds": [sweep.seeds, sweep.seed, sweep.grid_points],
        }
        return f"{sweep.name} · {self.row.label} · {self.profile} · {digest_of(key)[:8]}"

    def plan(
        self,
        params: Mapping[str, object],
        seeds: Sequence[int],
        label: str,
        overrides: Mapping[str, object] | None = None,
    ) -> Plan:
        """A setting on held-out data; nothing in it depends on the test split."""
        return self._plan(self.row_of(params, label, overrides), tuple(seeds))

    def row_of(
        self,
        params: Mapping[str, object],
        label: str,
        overrides: Mapping[str, object] | None = None,
    ) -> Row:
        """The row with some parameters set."""
        return replace(self._with({**self._observed(), **params, **(overrides or {})}), label=label)

    def _with(self, values: Mapping[str, object]) -> Row:
        own = {name: value for name, value in values.items() if "." not in name}
        recipe = {name: value for name, value in values.items() if "." in name}
        return replace(
            self.row,
            params={**self.row.params, **own},
            overrides={**self.row.overrides, **recipe},
        )

    def _observed(self) -> dict[str, object]:
        """All layers that are searched, so that one pass over the real set serves every trial."""
        spaces = [p.space for p in self.parameters if p.name == "layer"]
        return self._observing(*(o for space in spaces for o in getattr(space, "options", ())))

    def _observing(self, *layers: object) -> dict[str, object]:
        if not layers or LAYERS in self.row.overrides:
            return {}
        return {LAYERS: tuple(dict.fromkeys((*map(str, layers), "penultimate")))}

    def _probed(self, values: Mapping[str, object]) -> Plan:
        """One cell with some values set and, where a layer is among them, that layer observed."""
        layers = [value for name, value in values.items() if name == "layer"]
        return self._plan(self._with({**self._observing(*layers), **values}), (0,))

    def _plan(self, row: Row, seeds: tuple[int, ...]) -> Plan:
        study = self.sweep.study((row,), f"{self.sweep.dataset}{MARK}", seeds)
        return make_plan(study, self.profile, Overrides(), self.locate)


def searches(sweep: Sweep, overrides: Overrides, profile: Profile, locate: Locate) -> list[Search]:
    """One search per row, the command line's overrides folded into sweep and rows.

    Raises:
        BadValue: an override asks for several data sets, IPCs, evaluators or students, or sets a
            field of an evaluator.
    """
    for judge, name in overrides.evaluators:
        raise BadValue(
            f"--set {judge}.{name}: expected a value of the recipe or of a distiller in a sweep, "
            "given one of an evaluator; register it under another name with that default"
        )
    sweep = _overridden(sweep, overrides)
    fixed = {f"{s}.{n}".lstrip("."): value for (s, n), value in overrides.recipe.items()}
    return [
        Search(
            sweep,
            replace(
                row,
                params={**row.params, **_own(row, overrides)},
                overrides={**row.overrides, **fixed},
            ),
            profile,
            locate,
        )
        for row in sweep.rows
    ]


def _own(row: Row, overrides: Overrides) -> dict[str, object]:
    return {n: value for (d, n), value in overrides.distillers.items() if d == row.distiller}


def _overridden(sweep: Sweep, overrides: Overrides) -> Sweep:
    """The sweep with `--set dataset=…`, `ipc=…`, `seeds=…` and the like applied."""
    given = sweep.study(sweep.rows, sweep.dataset, tuple(range(sweep.seeds)))
    study = apply_to_study(given, overrides)
    one = {
        "dataset": study.datasets,
        "ipc": study.ipcs,
        "evaluator": study.evaluators,
        "student": study.students,
    }
    for name, values in one.items():
        if len(values) != 1:
            raise BadValue(f"sweep {sweep.name!r}: expected one {name}, given {list(values)}")
    return replace(
        sweep,
        dataset=study.datasets[0],
        ipc=study.ipcs[0],
        evaluator=study.evaluators[0],
        student=study.students[0],
        recipe=study.recipe,
        seeds=len(study.seeds or ()),
    )
