"""Overrides from the command line: `key=value`, checked against declared types.

Keys: `dataset`, `ipc`, `seeds`, `recipe`, `evaluator`, `student`, `repeats`,
`teachers` of the study;
`precision`; `<section>.<field>` of the recipe; `<distiller>.<field>` or a bare `<field>` of the
distillers; `<evaluator>.<field>` of the evaluators.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, get_args, get_origin, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError

from bench.core.errors import BadValue, suggestion
from bench.plugin.discovery import get, names
from bench.plugin.recipes import SECTIONS, AtMost, Recipe, Setting
from bench.study.grid import MOST_CELLS, VARIED, Study

STUDY_KEYS = ("dataset", "ipc", "seeds", "recipe", "evaluator", "student", "repeats", "teachers")


@dataclass(frozen=True)
class Overrides:
    """Parsed overrides, sorted by what they change.

    Attributes:
        recipe: (section or "", field) -> typed value.
        distillers: (distiller, field) -> typed value.
        evaluators: (evaluator, field) -> typed value.
    """

    study: Mapping[str, str] = field(default_factory=dict)
    recipe: Mapping[tuple[str, str], object] = field(default_factory=dict)
    distillers: Mapping[tuple[str, str], object] = field(default_factory=dict)
    texts: tuple[str, ...] = ()
    evaluators: Mapping[tuple[str, str], object] = field(default_factory=dict)


def parse(settings: Sequence[str], study: Study) -> Overrides:
    """Sorts and types `key=value` strings for a study.

    Raises:
        BadValue: no "=", an unknown key (with the nearest match), or a value of the wrong type.
    """
    pairs = [_split(text) for text in settings]
    used = sorted({row.distiller for row in study.rows if row.distiller})
    judges = dict(pairs).get("evaluator", ",".join(study.evaluators)).split(",")
    known = _known_keys(used, [name for name in judges if name in names("evaluator")])
    study_keys: dict[str, str] = {}
    recipe: dict[tuple[str, str], object] = {}
    distillers: dict[tuple[str, str], object] = {}
    evaluators: dict[tuple[str, str], object] = {}
    into = {"recipe": recipe, "distiller": distillers, "evaluator": evaluators}
    for key, text in pairs:
        if key in STUDY_KEYS:
            study_keys[key] = text
        elif key in known:
            kind, targets, declared = known[key]
            into[kind].update(dict.fromkeys(targets, typed(key, declared, text)))
        else:
            hint = suggestion(key, _keys(known))
            raise BadValue(f"--set {key}={text}: unknown key {key!r}{hint}")
    texts = tuple(sorted(f"{k}={v}" for k, v in pairs))
    return Overrides(study_keys, recipe, distillers, texts, evaluators)


def typed(key: str, declared: Any, text: str) -> object:
    """The text as a value of the declared type.

    Raises:
        BadValue: it is not one; names the key, the expected type and the text.
    """
    if get_origin(declared) is tuple:
        return tuple(typed(key, get_args(declared)[0], part) for part in text.split(","))
    try:
        adapter: TypeAdapter[object] = TypeAdapter(declared, config=ConfigDict(allow_inf_nan=False))
        return adapter.validate_strings(text)
    except ValidationError as error:
        raise BadValue(
            f"--set {key}={text}: expected {type_text(declared)}, given {text!r}: "
            f"{error.errors()[0]['msg']}"
        ) from None


def type_text(declared: Any) -> str:
    """A declared type for a person: `int`, or `one of jpeg-q75, png`."""
    if get_origin(declared) is Literal:
        return f"one of {', '.join(map(str, get_args(declared)))}"
    return getattr(declared, "__name__", str(declared))


def apply_to_study(study: Study, overrides: Overrides) -> Study:
    """The study with its data sets, IPCs, seeds, recipe, evaluators or students replaced."""
    changes: dict[str, Callable[[str], dict[str, object]]] = {
        "dataset": lambda text: {"datasets": tuple(text.split(",")), "paper_datasets": ()},
        "ipc": lambda text: {"ipcs": typed("ipc", tuple[int, ...], text)},
        "seeds": lambda text: {"seeds": _seeds(text)},
        "recipe": lambda text: {"recipe": text},
        "evaluator": lambda text: {"evaluators": tuple(text.split(",")), "protocols": ()},
        "student": lambda text: {"students": tuple(text.split(","))},
        "repeats": lambda text: {"repeats": typed("repeats", int, text)},
        "teachers": lambda text: {"teachers": typed("teachers", int, text)},
    }
    for key, text in overrides.study.items():
        values: dict[str, Any] = changes[key](text)
        given: dict[str, Any] = {name: () for name in VARIED if name in values}
        grids = tuple(replace(grid, **given) for grid in study.grids)  # what is set, is set
        study = replace(study, grids=grids, **values)
    return study


def apply_to_recipe(recipe: Recipe, values: Mapping[tuple[str, str], object]) -> Recipe:
    """The recipe with single values replaced; each replacement is recorded as a deviation."""
    for (section, name), value in values.items():
        if section:
            changed = replace(getattr(recipe, section), **{name: value})
            recipe = replace(recipe, **{section: changed})
        else:
            recipe = replace(recipe, **{name: value})  # type: ignore[arg-type]
    notes = tuple(sorted(f"{s}.{n}={v}".lstrip(".") for (s, n), v in values.items()))
    return replace(recipe, deviations=tuple(sorted({*recipe.deviations, *notes})))


def row_overrides(values: Mapping[str, object], recipe: Recipe) -> dict[tuple[str, str], object]:
    """A row's {"section.field": value} in the form that apply_to_recipe takes.

    A value `AtMost(n)` is n, or what the recipe has where that is less.

    Raises:
        BadValue: a key that names no recipe field.
    """
    hints = _recipe_keys()
    found: dict[tuple[str, str], object] = {}
    for key, value in values.items():
        if key not in hints:
            raise BadValue(f"row override: unknown recipe key {key!r}{suggestion(key, hints)}")
        section, _, name = key.rpartition(".")
        if isinstance(value, AtMost):
            value = min(value.most, int(str(recipe.value(Setting(key)))))
        found[(section, name)] = TypeAdapter(hints[key]).validate_python(value)
    return found


def _split(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise BadValue(f"--set {text}: expected key=value, for example --set ipc=10")
    return key.strip(), value.strip()


def _seeds(text: str) -> tuple[int, ...]:
    """`5` means the seeds 0..4; `0,3,7` names them."""
    values = typed("seeds", tuple[int, ...], text.removesuffix(","))
    assert isinstance(values, tuple)
    if "," in text:
        return values
    if values[0] < 1:
        raise BadValue(f"--set seeds={text}: expected at least 1 seed, given {values[0]}")
    if values[0] > MOST_CELLS:
        raise BadValue(
            f"--set seeds={text}: expected at most {MOST_CELLS} seeds, given {values[0]}; "
            "seeds=5 means the seeds 0 to 4, and seeds=3,7 names two"
        )
    return tuple(range(values[0]))


def _recipe_keys() -> dict[str, Any]:
    keys: dict[str, Any] = {"precision": get_type_hints(Recipe)["precision"]}
    for section, cls in SECTIONS.items():
        hints = get_type_hints(cls)
        keys |= {f"{section}.{f.name}": hints[f.name] for f in fields(cls)}
    return keys


Known = Mapping[str, tuple[str, Sequence[tuple[str, str]], Any]]


def _known_keys(distillers: Sequence[str], evaluators: Sequence[str]) -> Known:
    """key -> (what it changes, the fields it sets, their declared type)."""
    known: dict[str, tuple[str, list[tuple[str, str]], Any]] = {}
    for key, declared in _recipe_keys().items():
        section, _, name = key.rpartition(".")
        known[key] = ("recipe", [(section, name)], declared)
    for distiller in distillers:
        for item in get("distiller", distiller).fields().values():
            if item.name in SECTIONS:
                continue
            known[f"{distiller}.{item.name}"] = ("distiller", [(distiller, item.name)], item.type)
            bare = known.setdefault(item.name, ("distiller", [], item.type))
            bare[1].append((distiller, item.name))
    for evaluator in evaluators:
        for item in get("evaluator", evaluator).fields().values():
            targets = [(evaluator, item.name)]
            known[f"{evaluator}.{item.name}"] = ("evaluator", targets, item.type)
    return known


def _keys(known: Known) -> list[str]:
    return [*STUDY_KEYS, *known]
