"""Studies and sweeps by name or by file: typed Python with one STUDY or SWEEP constant each."""

import ast
from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location
from os.path import isfile
from pathlib import Path
from typing import TypeVar

from bench.core.errors import BadValue, BrokenPlugin, UnknownName
from bench.core.isolation import isolated
from bench.plugin.discovery import ROOT, listing
from bench.study.grid import Row, Study
from bench.study.search import Sweep

FOLDER, METHODS = ROOT / "studies", ROOT / "methods"
SWEEP = "sweep-"  # how the file names of sweeps begin
OTHERS = "plugins"  # heading of a user's distillers, which no study names
FURTHER = "further methods"  # heading of built-in ones that a study does not name
FROM_PATH = "from-path"  # the distiller that makes nothing by itself: a row must name its path
T = TypeVar("T")


def study_names() -> list[str]:
    """Names of the built-in studies, which are their file names."""
    return [name for name in _stems() if not name.startswith(SWEEP)]


def sweep_names() -> list[str]:
    """Names of the built-in sweeps: their file names without `sweep_`."""
    return [name.removeprefix(SWEEP) for name in _stems() if name.startswith(SWEEP)]


def _stems() -> list[str]:
    return sorted(p.stem.replace("_", "-") for p in FOLDER.glob("*.py") if p.stem[0] != "_")


def sweep_title(name: str) -> str:
    """First line of a sweep file's docstring, read without importing it."""
    return study_title(f"{SWEEP}{name}")


def study_title(name: str) -> str:
    """First line of a study file's docstring, read without importing it."""
    tree = ast.parse(_file(name).read_text(encoding="utf-8"))
    return (ast.get_docstring(tree) or "").split("\n")[0]


def load_study(name: str) -> Study:
    """The study of a built-in name, or of a path to a Python file with a STUDY constant.

    Raises:
        UnknownName: neither a built-in study nor a file.
        BrokenPlugin: the file cannot be imported.
        BadValue: it has no STUDY.
    """
    return _constant(_file(name), "STUDY", Study)


def completed(study: Study) -> Study:
    """The study with rows for distillers that it leaves out, where it wants every one."""
    if not study.every_distiller:
        return study
    named = {row.distiller for row in study.rows}
    found = [p for p in listing() if p.kind == "distiller" and not p.error]
    others = [
        Row(p.name, p.name, group=FURTHER if Path(p.source).parent == METHODS else OTHERS)
        for p in found
        if p.name not in (*named, FROM_PATH)
    ]
    return replace(study, rows=(*study.rows, *others))


def load_sweep(name: str) -> Sweep:
    """The sweep of a built-in name, or of a path to a Python file with a SWEEP constant.

    Raises:
        UnknownName: neither a built-in sweep nor a file.
        BrokenPlugin: the file cannot be imported.
        BadValue: it has no SWEEP.
    """
    if not name.endswith(".py") and name not in sweep_names():
        raise UnknownName.of("sweep", name, sweep_names())
    path = _file(name if name.endswith(".py") else f"{SWEEP}{name}")
    return _constant(path, "SWEEP", Sweep)


def _constant(path: Path, name: str, kind: type[T]) -> T:
    spec = spec_from_file_location(f"ddbench_study_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise BrokenPlugin(f"study {path}: expected a Python file")
    module = module_from_spec(spec)
    with isolated(f"study {path}"):
        spec.loader.exec_module(module)
    found = getattr(module, name, None)
    if not isinstance(found, kind):
        wanted = f"{name} = {kind.__name__}(...)"
        raise BadValue(f"study {path}: expected a constant {wanted}, found none")
    return found


def _file(name: str) -> Path:
    if name.endswith(".py"):
        path = Path(name)
        if not isfile(path):
            raise BadValue(f"study {name}: expected a Python file, but it does not exist")
        return path.resolve()
    if name not in _stems():
        raise UnknownName.of("study", name, study_names())
    return FOLDER / f"{name.replace('-', '_')}.py"
