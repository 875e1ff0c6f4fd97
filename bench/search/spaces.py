"""What a sweep searches: parameters with their spaces, and these as Optuna's distributions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any, get_type_hints

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from bench.core.errors import BadValue, UnknownName, suggestion
from bench.core.seeds import seed_for
from bench.data.spec import DatasetSpec
from bench.models.layers import layer_names
from bench.models.outline import outline_for
from bench.plugin.discovery import get
from bench.plugin.recipes import SECTIONS
from bench.plugin.registry import Field
from bench.plugin.space import Choice, Integer, Space, Uniform
from bench.study.grid import Row
from bench.study.overrides import typed
from bench.study.search import Sweep

TABLE6 = tuple(f"layer-{n}" for n in (5, 10, 15, 16, 17, 18))
Value = str | float | int | bool
MOST_POINTS = 100_000  # of a grid, which is built and queued as a whole


@dataclass(frozen=True)
class Parameter:
    """One searched parameter: a field of the distiller, or `<section>.<field>` of the recipe."""

    name: str
    space: Space

    @property
    def of_recipe(self) -> bool:
        return "." in self.name


def parameters_of(sweep: Sweep, row: Row, arch: str, spec: DatasetSpec) -> tuple[Parameter, ...]:
    """The parameters that a sweep searches for a row, in the order of their names.

    A space given by the sweep goes before the distiller's own declaration; the layers of `arch`
    stand for `layer` where neither has one.

    Raises:
        UnknownName: neither the distiller nor the recipe has such a field, or no space is declared.
        BadValue: real bounds of a whole number.
    """
    plugin = get("distiller", row.distiller)
    fields, declared = plugin.fields(), dict(plugin.space)
    if "layer" in fields:
        declared.setdefault("layer", Choice(layers_of(arch, spec)))
    found = {}
    for name in sweep.parameters or sorted({*plugin.space, *sweep.space}):
        if "." not in name and name not in fields:
            raise UnknownName.of(f"parameter of distiller {row.distiller!r}", name, fields)
        declared_type = _type(name, fields)
        space = sweep.space.get(name, declared.get(name))
        if space is None:
            raise UnknownName(
                f"parameter {name!r}: {row.distiller!r} declares no search space for it"
                f"{suggestion(name, declared)}; give one, such as --space {name}=0.1:10:log"
            )
        found[name] = _of_type(name, space, declared_type)
    return tuple(Parameter(name, found[name]) for name in sorted(found))


def _type(name: str, fields: Mapping[str, Field]) -> Any:
    """The declared type of a parameter.

    Raises:
        UnknownName: the recipe has no such key.
    """
    if name in fields:
        return fields[name].type
    keys = {
        f"{section}.{key}": declared
        for section, cls in SECTIONS.items()
        for key, declared in get_type_hints(cls).items()
    }
    if name not in keys:
        raise UnknownName.of("recipe key", name, keys)
    return keys[name]


def _of_type(name: str, space: Space, declared: Any) -> Space:
    """Whole bounds of a real parameter bound real numbers."""
    if isinstance(space, Integer) and declared is float:
        return Uniform(float(space.low), float(space.high), space.log)
    if isinstance(space, Uniform) and declared is int:
        raise BadValue(
            f"search space of {name}: expected whole bounds, given {space.low}:{space.high}; "
            f"give such as --space {name}=1:10"
        )
    return space


def layers_of(arch: str, spec: DatasetSpec) -> tuple[str, ...]:
    """The layers of Table 6 where a network has them all, else all of its own by depth."""
    names = [name for name in layer_names(outline_for(arch, spec)) if name.startswith("layer-")]
    return TABLE6 if set(TABLE6) <= set(names) else tuple(names) or ("penultimate",)


def space_of(text: str) -> tuple[str, Space]:
    """A space from the command line: `bn_weight=0.1:1000:log` or `layer=layer-5,layer-10`.

    Two whole numbers bound an Integer, other numbers a Uniform; values with commas are a Choice.

    Raises:
        BadValue: the text has none of these forms.
    """
    name, equals, value = text.partition("=")
    bounds, log = value.removesuffix(":log"), value.endswith(":log")
    if equals and name.strip() and value:
        if ":" not in bounds:
            return name.strip(), Choice(tuple(_value(part) for part in value.split(",")))
        low, _, high = bounds.partition(":")
        try:
            if low.lstrip("-").isdigit() and high.isdigit():
                return name.strip(), Integer(int(low), int(high), log)
            return name.strip(), Uniform(float(low), float(high), log)
        except BadValue as error:
            raise BadValue(f"--space {text}: {error}") from error
        except ValueError:
            pass
    raise BadValue(
        f"--space {text}: expected name=low:high, name=low:high:log or name=a,b,c, "
        "for example --space bn_weight=0.1:1000.0:log"
    )


def _value(text: str) -> Value:
    for declared in (int, float):
        try:
            value = typed("space", declared, text)
        except BadValue:
            continue
        assert isinstance(value, int | float)
        return value
    return text


def distribution(space: Space) -> BaseDistribution:
    if isinstance(space, Uniform):
        return FloatDistribution(space.low, space.high, log=space.log)
    if isinstance(space, Integer):
        return IntDistribution(space.low, space.high, log=space.log)
    return CategoricalDistribution(tuple(space.options))


def distributions(parameters: Sequence[Parameter]) -> dict[str, BaseDistribution]:
    return {p.name: distribution(p.space) for p in parameters}


def grid_of(parameters: Sequence[Parameter], points: int, seed: int = 0) -> list[dict[str, Value]]:
    """Every combination of levels: all options, and `points` even steps of each number.

    The order is shuffled by the seed, so that a grid that is cut short has levels of every
    parameter; it depends on nothing else, so that a longer grid goes on where it was.
    """
    levels = [_levels(p.space, points) for p in parameters]
    if (count := prod(map(len, levels))) > MOST_POINTS:
        raise BadValue(
            f"grid: expected at most {MOST_POINTS} points, given {count} ("
            f"{' x '.join(str(len(values)) for values in levels)}); lower --grid-points, search "
            "fewer parameters or use --sampler tpe"
        )
    grid = [
        {p.name: value for p, value in zip(parameters, values, strict=True)}
        for values in product(*levels)
    ]
    return sorted(grid, key=lambda point: seed_for(seed, "grid", params_key(point)))


def _levels(space: Space, points: int) -> tuple[Value, ...]:
    if isinstance(space, Choice):
        return tuple(space.options)
    low, high = float(space.low), float(space.high)
    steps = [index / (points - 1) for index in range(points)]
    values = [
        low * (high / low) ** step if space.log else low + (high - low) * step for step in steps
    ]
    if isinstance(space, Integer):
        return tuple(dict.fromkeys(round(value) for value in values))
    return tuple(min(high, max(low, float(f"{value:.6g}"))) for value in values)


def params_key(params: Mapping[str, object]) -> str:
    """Equal for equal settings."""
    return ", ".join(f"{name}={params[name]!r}" for name in sorted(params))


def quiet() -> None:
    """Keeps Optuna's own log off the screen: events tell of trials."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
