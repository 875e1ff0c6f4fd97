"""Studies by name or by file: typed Python with one STUDY constant each."""

import ast
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from bench.errors import BadValue, BenchError, BrokenPlugin, UnknownName
from bench.plugins import ROOT
from bench.study import Study

FOLDER = ROOT / "studies"


def study_names() -> list[str]:
    """Names of the built-in studies, which are their file names."""
    return sorted(p.stem.replace("_", "-") for p in FOLDER.glob("*.py") if p.stem[0] != "_")


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
    path = _file(name)
    spec = spec_from_file_location(f"ddbench_study_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise BrokenPlugin(f"study {path}: expected a Python file")
    module = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BenchError:
        raise
    except Exception as error:
        raise BrokenPlugin(
            f"study {path} failed to import: {type(error).__name__}: {error}"
        ) from error
    found = getattr(module, "STUDY", None)
    if not isinstance(found, Study):
        raise BadValue(f"study {path}: expected a constant STUDY = Study(...), found none")
    return found


def _file(name: str) -> Path:
    if name.endswith(".py"):
        path = Path(name)
        if not path.is_file():
            raise BadValue(f"study {name}: expected a Python file, but it does not exist")
        return path.resolve()
    if name not in study_names():
        raise UnknownName.of("study", name, study_names())
    return FOLDER / f"{name.replace('-', '_')}.py"
