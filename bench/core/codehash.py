"""Hashes of source code that ignore comments, docstrings and formatting.

A module's hash covers the modules that it imports from the given roots, and theirs in turn. The
syntax tree is written in a form of our own, because that of `ast.dump` differs between Pythons.
"""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

from bench.core.errors import BrokenPlugin, UnknownName

PROJECT = Path(__file__).resolve().parents[2]
_SILENT = {"type_comment", "kind", "ctx"}  # fields that never change what code does


@dataclass(frozen=True)
class _Module:
    """What a source file says: the hash of its tree, and the names that it may import.

    Attributes:
        imports: (level, dotted name) of every module that an import statement may load.
    """

    digest: str
    imports: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class _Scope:
    """Where first-party modules are looked for.

    Attributes:
        bases: folders that stand for the import path.
        prefixes: dotted names of the modules and packages that count.
    """

    bases: tuple[Path, ...]
    prefixes: tuple[str, ...]

    def find(self, name: str) -> Path | None:
        """The file of a first-party module, or None where it is missing or not first-party."""
        if not any(name == p or name.startswith(f"{p}.") for p in self.prefixes):
            return None
        for base in self.bases:
            place = base.joinpath(*name.split("."))
            for path in (place / "__init__.py", place.with_suffix(".py")):
                if path.is_file():
                    return path
        return None


def code_hash(path: Path, roots: Sequence[Path]) -> str:
    """Hash of a module and of what it imports, transitively, from packages or files in `roots`.

    A file outside the roots also counts its neighbours: the top package that holds it, or the
    modules beside it where it is in no package.

    Raises:
        BrokenPlugin: the file, or one that it imports, is missing or cannot be parsed.
    """
    path = path.resolve()
    known = [_dotted(root.resolve()) for root in roots]
    base, name = _dotted(path)
    if not any(base == b and (name == n or name.startswith(f"{n}.")) for b, n in known):
        known += [(base, name.split(".")[0])]
        if "." not in name:
            near = [*path.parent.glob("*.py"), *path.parent.glob("*/__init__.py")]
            beside = (_dotted(file)[1] for file in near)
            known += [(base, found) for found in beside if found not in ("", "bench")]
    scope = _Scope(tuple(dict.fromkeys(b for b, _ in known)), tuple(n for _, n in known))
    return _closure({name: path}, scope)


def module_hash(modules: Sequence[str], within: Sequence[str] = ()) -> str:
    """Hash of modules of this project and of what they import from the packages in `within`.

    Raises:
        UnknownName: there is no such module.
    """
    scope = _Scope((PROJECT,), (*modules, *within))
    found = {name: scope.find(name) for name in modules}
    for name, path in found.items():
        if path is None:
            package = name.rpartition(".")[0]
            beside = PROJECT.joinpath(*package.split(".")).glob("*.py")
            raise UnknownName.of("module", name, [f"{package}.{file.stem}" for file in beside])
    return _closure({name: path for name, path in found.items() if path}, scope)


def _dotted(path: Path) -> tuple[Path, str]:
    """The folder that a module or package is imported from, and its dotted name."""
    parts = [path.stem if path.suffix == ".py" else path.name]
    if parts == ["__init__"]:
        parts = []
    folder = path.parent
    while (folder / "__init__.py").is_file():
        parts.insert(0, folder.name)
        folder = folder.parent
    return folder, ".".join(parts)


def _closure(start: dict[str, Path], scope: _Scope) -> str:
    digests: dict[str, str] = {}
    waiting = dict(start)
    while waiting:
        name, path = waiting.popitem()
        if name in digests:
            continue
        module = _read(path)
        digests[name] = module.digest
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        for wanted in _absolute(module, package):
            file = scope.find(wanted)
            if file and wanted not in digests:
                waiting[wanted] = file
    lines = [f"{name} {digest}\n" for name, digest in sorted(digests.items())]
    return sha256("".join(lines).encode()).hexdigest()


def _absolute(module: _Module, package: str) -> Iterator[str]:
    """Dotted names that a module imports, each with the packages that hold it."""
    for level, name in module.imports:
        parts = name.split(".") if name else []
        if level:
            above = package.split(".")
            parts = above[: len(above) - level + 1] + parts
        yield from (".".join(parts[: i + 1]) for i in range(len(parts)))


def _read(path: Path) -> _Module:
    try:
        stat = path.stat()
        return _parse(path, stat.st_mtime_ns, stat.st_size)
    except OSError as error:
        raise BrokenPlugin(f"{path}: expected a Python file, but {error.strerror}") from error
    except (SyntaxError, ValueError) as error:
        raise BrokenPlugin(f"{path} cannot be parsed: {error}") from error


@cache
def _parse(path: Path, mtime: int, size: int) -> _Module:
    tree = ast.parse(path.read_bytes(), str(path))
    return _Module(sha256(_text(tree).encode()).hexdigest(), tuple(sorted(set(_imports(tree)))))


def _imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            yield node.level, module
            names = (alias.name for alias in node.names if alias.name != "*")
            yield from ((node.level, f"{module}.{name}" if module else name) for name in names)
        elif isinstance(node, ast.Call) and node.args:
            function = node.func
            called = function.attr if isinstance(function, ast.Attribute) else ""
            called = function.id if isinstance(function, ast.Name) else called
            first = node.args[0]
            if called == "import_module" and isinstance(first, ast.Constant):
                yield (0, first.value) if isinstance(first.value, str) else (0, "")


def _text(node: object) -> str:
    """A syntax tree as text; empty fields are left out, as newer Pythons add some."""
    if isinstance(node, ast.JoinedStr):  # Python 3.12 pads nested ones with empty strings
        return f"JoinedStr({_text([part for part in node.values if not _is_text(part, '')])})"
    if isinstance(node, ast.AST):
        fields = ((name, value) for name, value in ast.iter_fields(node) if name not in _SILENT)
        inner = ",".join(f"{name}={_text(v)}" for name, v in fields if v is not None and v != [])
        return f"{type(node).__name__}({inner})"
    if isinstance(node, list):
        kept = (n for n in node if not (isinstance(n, ast.Expr) and _is_text(n.value)))
        return f"[{','.join(map(_text, kept))}]"
    return f"{type(node).__name__}:{node!a}"


def _is_text(node: ast.expr, exactly: str | None = None) -> bool:
    """Whether an expression is a literal string; as a statement it is at most a docstring."""
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        return False
    return exactly is None or node.value == exactly
