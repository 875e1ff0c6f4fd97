"""Discovery of plugins: built-in folders, installed entry points, and files named by the user.

Listing reads source text only (no import), so that `bench list` and a typo are answered at once;
a plugin is imported when something asks for it by name.
"""

import ast
import importlib
import importlib.util
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.metadata import EntryPoint, entry_points
from os.path import isfile
from pathlib import Path

from bench.core.errors import BenchError, BrokenPlugin, DuplicateName, UnknownName
from bench.core.isolation import described, isolated
from bench.plugin.registry import KINDS, Kind, Registered, forget, lookup, registered

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("methods", "evaluators")
PACKAGES = (*FOLDERS, "studies", "reports")  # whose general names others may have taken
GROUP = "ddbench.plugins"


@dataclass(frozen=True)
class Listed:
    """A plugin as the listing shows it: found in source text, or broken with the reason."""

    kind: Kind
    name: str
    source: str
    doc: str
    error: str = ""


def _decorations(tree: ast.Module) -> Iterator[tuple[Kind, str, str]]:
    """Kind, public name and first docstring line of every decorated factory of a module."""
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef | ast.ClassDef):
            continue
        doc = (ast.get_docstring(node) or "").split("\n")[0]
        for call in node.decorator_list:
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name | ast.Attribute):
                kind = call.func.id if isinstance(call.func, ast.Name) else call.func.attr
                first = call.args[0] if call.args else None
                known = next((k for k in KINDS if k == kind), None)
                if known and isinstance(first, ast.Constant) and isinstance(first.value, str):
                    yield known, first.value, doc


def scan(path: Path) -> list[Listed]:
    """What a plugin file would register, read from its text."""
    source = str(path)
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, ValueError, RecursionError, MemoryError, OSError) as error:
        return [Listed("distiller", path.stem, source, "", f"cannot be parsed: {error}")]
    return [Listed(kind, name, source, doc) for kind, name, doc in _decorations(tree)]


def refuse_strangers(names: Sequence[str] = PACKAGES) -> None:
    """Refuses to go on where Python would import another package under one of the suite's names.

    Raises:
        BrokenPlugin: a folder or module of that name comes first on the import path.
    """
    for name in names:
        try:
            spec = importlib.util.find_spec(name)
        except ValueError:  # somebody put a module without a specification there
            spec = None
        places = list(spec.submodule_search_locations or ()) if spec else []
        found = places[0] if places else (spec and spec.origin) or "nothing"
        if found == "nothing" or Path(found).resolve() != ROOT / name:
            raise BrokenPlugin(
                f"package {name!r}: expected the suite's own in {ROOT / name}, but Python finds "
                f"{found} under that name; rename it, or start Python in another folder"
            )


@cache
def _builtin_files() -> tuple[tuple[str, Path], ...]:
    return tuple(
        (f"{folder}.{path.stem}", path)
        for folder in FOLDERS
        for path in sorted((ROOT / folder).glob("*.py"))
        if not path.stem.startswith("_")
    )


@cache
def _builtin_index() -> Mapping[tuple[Kind, str], tuple[str, Listed]]:
    """(kind, name) -> the module that registers it, for the built-in folders."""
    refuse_strangers()
    index: dict[tuple[Kind, str], tuple[str, Listed]] = {}
    for module, path in _builtin_files():
        for item in scan(path):
            before = index.get((item.kind, item.name))
            if before:
                raise DuplicateName(
                    f"two {item.kind}s are named {item.name!r}: "
                    f"{before[1].source} and {item.source}; rename one of them"
                )
            index[(item.kind, item.name)] = (module, item)
    return index


def load_file(path: Path) -> list[Registered]:
    """Imports a plugin file and returns what it registered.

    Raises:
        BrokenPlugin: the file is missing, cannot be imported, or registers nothing.
        DuplicateName: it uses a name that is taken.
    """
    path = path.resolve()
    if not isfile(path):  # unlike the method, also where the name is too long for a file
        raise BrokenPlugin(f"plugin file {path}: expected a Python file, but it does not exist")
    for item in scan(path):
        taken = _builtin_index().get((item.kind, item.name))
        if taken and Path(taken[1].source) != path:
            raise DuplicateName(
                f"two {item.kind}s are named {item.name!r}: {taken[1].source} and {path}; "
                f"rename the one in {path.name}"
            )
    module = next((m for m, p in _builtin_files() if p == path), None)
    _import(module or f"ddbench_plugin_{sha256(str(path).encode()).hexdigest()[:12]}", path)
    found = [entry for kind in KINDS for entry in registered(kind) if entry.path == path]
    if not found:
        raise BrokenPlugin(
            f"plugin file {path}: expected a function decorated with "
            '@distiller("name"), @evaluator("name") or @dataset("name"), or a class with '
            '@artifact("kind", ...), found none'
        )
    return found


def _import(module: str, path: Path) -> None:
    if module in sys.modules:
        return
    spec = importlib.util.spec_from_file_location(module, path)
    if spec is None or spec.loader is None:
        raise BrokenPlugin(f"plugin file {path}: expected a .py file")
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[module] = loaded
    try:
        with isolated(f"plugin {path}"):
            spec.loader.exec_module(loaded)
    except BaseException:
        sys.modules.pop(module, None)
        forget(path)
        raise


@cache
def _entry_points() -> tuple[EntryPoint, ...]:
    return tuple(sorted(entry_points(group=GROUP), key=lambda e: e.name))


@cache
def load_entry_points() -> Mapping[str, str]:
    """Imports every installed plugin; returns entry point name -> error for those that fail."""
    errors: dict[str, str] = {}
    for point in _entry_points():
        try:
            with isolated(point.name):
                point.load()
            _refuse_builtin_names()
        except BenchError as error:
            owner = f"{point.dist.name} {point.dist.version}" if point.dist else point.value
            cause = error.__cause__
            errors[point.name] = f"from {owner} failed: {described(cause or error)}"
    return errors


def _refuse_builtin_names() -> None:
    """Forgets what took the name of a built-in plugin.

    Raises:
        DuplicateName: something did.
    """
    for kind in KINDS:
        for entry in registered(kind):
            hit = _builtin_index().get((kind, entry.name))
            if hit and Path(hit[1].source) != entry.path:
                forget(entry.path)
                raise DuplicateName(
                    f"two {kind}s are named {entry.name!r}: {hit[1].source} and {entry.path}"
                )


def get(kind: Kind, name: str) -> Registered:
    """The factory registered under a name, importing its module if needed.

    Raises:
        UnknownName: no plugin has that name; the message holds the nearest match.
        BrokenPlugin: its module cannot be imported.
    """
    hit = _builtin_index().get((kind, name))
    if hit:
        module, item = hit
        with isolated(f"{kind} {name!r} ({item.source})"):
            importlib.import_module(module)
        return lookup(kind, name)
    errors = load_entry_points()
    if name in errors:
        raise BrokenPlugin(f"{kind} {name!r} {errors[name]}")
    if name not in names(kind):
        raise UnknownName.of(kind, name, names(kind))
    return lookup(kind, name)


def names(kind: Kind) -> list[str]:
    """All public names of a kind: built in, of installed packages, and imported so far."""
    load_entry_points()
    builtin = {n for k, n in _builtin_index() if k == kind}
    return sorted(builtin | {entry.name for entry in registered(kind)})


def listing() -> list[Listed]:
    """Every plugin with its origin; broken ones carry their error and break nothing else."""
    found = {key: item for key, (_, item) in _builtin_index().items()}
    errors = load_entry_points()
    for kind in KINDS:
        for entry in registered(kind):
            key = (kind, entry.name)
            found.setdefault(key, Listed(kind, entry.name, str(entry.path), entry.doc))
    broken = [Listed("distiller", n, "entry point", "", error) for n, error in errors.items()]
    return [found[key] for key in sorted(found)] + broken
