"""What plugins register: factories under public names, by decorator."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from inspect import Parameter, getsourcefile, signature
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_type_hints

from bench.core.errors import BadValue, DuplicateName, UnknownName
from bench.plugin.recipes import Profile, Setting
from bench.plugin.space import Space

Kind = Literal["distiller", "evaluator", "dataset", "artifact"]
KINDS: tuple[Kind, ...] = get_args(Kind)
PROFILES: tuple[str, ...] = get_args(Profile)
Factory = Callable[..., Any]
F = TypeVar("F", bound=Factory)
Lengths = Mapping[str, Mapping[str, int]]
_NAME = re.compile(r"[^\W_][\w.+-]{0,99}")  # @ and # are marks of data sets, = of --set


@dataclass(frozen=True)
class Registered:
    """A factory with its public name, the file that holds it, and its search space.

    Attributes:
        seeded: whether what it makes depends on the cell's seed.
        budgeted: whether what it makes depends on the number of images per class.
        lengths: profile -> the most that fields of the factory are under it, such as
            {"smoke": {"iterations": 3}}; a study's row and the command line may say more.
    """

    kind: Kind
    name: str
    factory: Factory
    path: Path
    space: Mapping[str, Space] = field(default_factory=dict)
    seeded: bool = True
    budgeted: bool = True
    lengths: Lengths = field(default_factory=dict)

    @property
    def doc(self) -> str:
        return (self.factory.__doc__ or "").strip().split("\n")[0]

    def fields(self) -> dict[str, "Field"]:
        """The keyword parameters of the factory, in order."""
        return dict(_fields(self.factory))


@dataclass(frozen=True)
class Field:
    """One keyword parameter of a factory.

    Attributes:
        setting: of the recipe, whose value it gets where nobody gives it another.
    """

    name: str
    type: Any
    default: object
    setting: Setting | None = None

    @property
    def required(self) -> bool:
        return self.default is Parameter.empty


@cache
def _fields(factory: Factory) -> Mapping[str, Field]:
    hints = get_type_hints(factory)
    settings = _settings(get_type_hints(factory, include_extras=True))
    return {
        p.name: Field(p.name, hints.get(p.name, object), p.default, settings.get(p.name))
        for p in signature(factory).parameters.values()
    }


def _settings(hints: Mapping[str, Any]) -> dict[str, Setting]:
    """Parameter -> the setting that its annotation names."""
    extras = {name: getattr(hint, "__metadata__", ()) for name, hint in hints.items()}
    return {
        name: item for name, found in extras.items() for item in found if isinstance(item, Setting)
    }


_FOUND: dict[tuple[Kind, str], Registered] = {}  # (kind, name) -> the factory registered for it


def _register(
    kind: Kind,
    name: str,
    space: Mapping[str, Space],
    seeded: bool = True,
    budgeted: bool = True,
    lengths: Lengths | None = None,
) -> Callable[[F], F]:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise BadValue(
            f'{kind} {name!r:.60}: expected @{kind}("name") with a name of at most 100 letters, '
            "digits and .+-_ that starts with a letter or digit"
        )

    def decorate(factory: F) -> F:
        path = Path(getsourcefile(factory) or "<interactive>").resolve()
        short = dict(lengths or {})
        entry = Registered(kind, name, factory, path, dict(space), seeded, budgeted, short)
        cuts = {f"lengths at {profile!r}": named for profile, named in short.items()}
        for what, named in {"search space": space, **cuts}.items():
            unknown = set(named) - set(signature(factory).parameters)
            if unknown:
                raise BadValue(
                    f"{kind} {name!r}: its {what} names {sorted(unknown)}, "
                    f"which are no parameters of {factory.__name__}()"
                )
        strange = sorted(set(short) - set(PROFILES))
        if strange:
            raise UnknownName.of(f"profile in the lengths of {name!r}", strange[0], PROFILES)
        before = _FOUND.get((kind, name))
        if before is not None and before.path == path and not _again(before.factory, factory):
            raise DuplicateName(
                f"two {kind}s are named {name!r} in {path}: {before.factory.__name__}() and "
                f"{factory.__name__}(); rename one of them"
            )
        if before is not None and before.path != path:
            raise DuplicateName(
                f"two {kind}s are named {name!r}: {before.path} and {path}; rename one of them"
            )
        _FOUND[(kind, name)] = entry
        return factory

    return decorate


def register_artifact(kind: str, request: type) -> None:
    """Registers the request class of a kind of artifacts under the kind's name."""
    _register("artifact", kind, {})(request)


def _again(before: Factory, now: Factory) -> bool:
    """Whether two factories are one definition, of which the file was imported again."""
    lines = [getattr(getattr(f, "__code__", None), "co_firstlineno", 0) for f in (before, now)]
    return before.__qualname__ == now.__qualname__ and lines[0] == lines[1]


def distiller(
    name: str,
    *,
    space: Mapping[str, Space] | None = None,
    seeded: bool = True,
    budgeted: bool = True,
    lengths: Lengths | None = None,
) -> Callable[[F], F]:
    """Registers a factory of distillers under a public name.

    `lengths` says how short a profile makes it: {"quick": {"iterations": 200}} cuts the parameter
    `iterations` to at most 200 under `--profile quick`, whatever the recipe says.
    """
    return _register("distiller", name, space or {}, seeded, budgeted, lengths)


def evaluator(name: str, *, space: Mapping[str, Space] | None = None) -> Callable[[F], F]:
    """Registers a factory of evaluators under a public name."""
    return _register("evaluator", name, space or {})


def dataset(name: str) -> Callable[[F], F]:
    """Registers a factory of data set specifications under a public name."""
    return _register("dataset", name, {})


def registered(kind: Kind) -> Iterable[Registered]:
    """All factories of a kind that have been imported so far."""
    return [entry for (k, _), entry in sorted(_FOUND.items()) if k == kind]


def lookup(kind: Kind, name: str) -> Registered:
    """The factory of an imported plugin.

    Raises:
        UnknownName: nothing of that name has been imported.
    """
    entry = _FOUND.get((kind, name))
    if entry is None:
        raise UnknownName.of(kind, name, [n for k, n in _FOUND if k == kind])
    return entry


def forget(path: Path) -> None:
    """Removes what a file registered, so that a half-imported plugin leaves nothing behind."""
    for key in [key for key, entry in _FOUND.items() if entry.path == path]:
        del _FOUND[key]
