"""Comments and docstrings hit; an edit of the module, or of a helper of a helper, misses."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bench.core.codehash import PROJECT, code_hash, module_hash
from bench.core.errors import BrokenPlugin, UnknownName

METHOD = '''"""A method."""

from methods.losses import squared


# a comment
def distil(x):
    """Distils."""
    return squared(x) + 1
'''
LOSSES = "from methods import norms\n\n\ndef squared(x):\n    return norms.norm(x) ** 2\n"
NORMS = "import math\n\n\ndef norm(x):\n    return math.fabs(x)\n"


@pytest.fixture
def methods(tmp_path: Path) -> Path:
    folder = tmp_path / "methods"
    folder.mkdir()
    (folder / "__init__.py").touch()
    for name, text in {"wmdd": METHOD, "losses": LOSSES, "norms": NORMS, "alone": "A = 1"}.items():
        (folder / f"{name}.py").write_text(text)
    return folder


@pytest.fixture
def current(methods: Path) -> Callable[[], str]:
    return lambda: code_hash(methods / "wmdd.py", [methods])


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# a comment", "# another comment, and longer"),
        ('"""Distils."""', '"""Distils images, in more words."""'),
        ('    """Distils."""\n', ""),
        ('"""A method."""\n', ""),
        ("squared(x) + 1", "(squared( x )\n        + 1)"),
        ("import squared", "import (\n    squared,\n)"),
    ],
)
def test_a_comment_edit_hits(methods: Path, current: Callable[[], str], old: str, new: str) -> None:
    before = current()
    edit(methods / "wmdd.py", old, new)
    assert current() == before


@pytest.mark.parametrize(
    ("old", "new"),
    [("+ 1", "+ 2"), ("+ 1", "+ 1.0"), ("+ 1", "- 1"), ("distil(x)", "distil(x, y=None)")],
)
def test_an_edit_of_the_module_misses(
    methods: Path, current: Callable[[], str], old: str, new: str
) -> None:
    before = current()
    edit(methods / "wmdd.py", old, new)
    assert current() != before


def test_a_helper_edit_misses(methods: Path, current: Callable[[], str]) -> None:
    before = current()
    edit(methods / "losses.py", "** 2", "** 3")
    assert current() != before


def test_an_edit_of_a_helper_of_a_helper_misses(methods: Path, current: Callable[[], str]) -> None:
    before = current()
    edit(methods / "norms.py", "fabs", "sqrt")
    assert current() != before


def test_an_edit_of_the_package_itself_misses(methods: Path, current: Callable[[], str]) -> None:
    before = current()
    (methods / "__init__.py").write_text("SCALE = 2\n")
    assert current() != before


def test_an_edit_of_a_module_that_is_not_imported_hits(
    methods: Path, current: Callable[[], str]
) -> None:
    before = current()
    (methods / "alone.py").write_text("A = 2")
    assert current() == before


def test_the_place_of_the_folder_does_not_count(methods: Path, current: Callable[[], str]) -> None:
    before = current()
    moved = methods.rename(methods.parent.parent / f"{methods.parent.name}-moved")
    home = moved.parent / "elsewhere" / "methods"
    home.parent.mkdir(exist_ok=True)
    moved.rename(home)
    assert code_hash(home / "wmdd.py", [home]) == before


@pytest.mark.parametrize(
    "statement",
    [
        "import methods.norms",
        "import methods.norms as n",
        "from methods import norms",
        "from methods.norms import norm",
        "from methods.norms import *",
        "from . import norms",
        "from .norms import norm",
        "def f():\n    from methods.norms import norm",
        'import importlib\nM = importlib.import_module("methods.norms")',
    ],
)
def test_every_form_of_import_is_followed(methods: Path, statement: str) -> None:
    path = methods / "importer.py"
    path.write_text(statement + "\n")
    before = code_hash(path, [methods])
    edit(methods / "norms.py", "fabs", "sqrt")
    assert code_hash(path, [methods]) != before


def test_modules_that_import_each_other_are_read_once(methods: Path) -> None:
    (methods / "a.py").write_text("import methods.b\n")
    (methods / "b.py").write_text("import methods.a\n")
    assert code_hash(methods / "a.py", [methods]) == code_hash(methods / "b.py", [methods])


def test_a_helper_beside_a_plugin_file_counts(methods: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    (folder / "tools").mkdir(parents=True)
    (folder / "plugin.py").write_text("import helper\nfrom tools import deep\n")
    (folder / "helper.py").write_text("X = 1\n")
    (folder / "tools" / "__init__.py").touch()
    (folder / "tools" / "deep.py").write_text("Y = 1\n")
    hashes = [code_hash(folder / "plugin.py", [methods])]
    (folder / "helper.py").write_text("X = 22\n")
    hashes += [code_hash(folder / "plugin.py", [methods])]
    (folder / "tools" / "deep.py").write_text("Y = 22\n")
    hashes += [code_hash(folder / "plugin.py", [methods])]
    assert len(set(hashes)) == 3


def test_a_package_beside_the_roots_counts_as_a_whole(methods: Path, tmp_path: Path) -> None:
    package = tmp_path / "site" / "ddx"
    (package / "methods").mkdir(parents=True)
    for folder in (package, package / "methods"):
        (folder / "__init__.py").touch()
    (package / "methods" / "foo.py").write_text("from ..core import g\n")
    (package / "core.py").write_text("def g(): return 1\n")
    before = code_hash(package / "methods" / "foo.py", [methods])
    (package / "core.py").write_text("def g(): return 22\n")
    assert code_hash(package / "methods" / "foo.py", [methods]) != before


GOLDEN = """
from dataclasses import dataclass

@dataclass(frozen=True)
class A:
    x: float = 1e-3
    def f(self, *a, k=None, **w):
        return f"{a!r:>{k}}é" + "\\u0378"

async def g(x, /): ...

B = [i for i in {**{}, 'a': b'x'} if i is not ...]
match B:
    case [1, *_]:
        pass
"""


def test_golden_on_every_python(tmp_path: Path) -> None:
    path = tmp_path / "golden.py"
    path.write_text(GOLDEN, encoding="utf-8")
    assert code_hash(path, []) == "d3ad4db07263da42e6013d3ce2e26c3d652ab1ac824f72719c2fd9f66a5583eb"


def test_broken_and_missing_files_are_named(methods: Path) -> None:
    edit(methods / "norms.py", "def norm(x):", "def norm(x:")
    with pytest.raises(BrokenPlugin, match=r"norms\.py cannot be parsed"):
        code_hash(methods / "wmdd.py", [methods])
    with pytest.raises(BrokenPlugin, match=r"absent\.py: expected a Python file"):
        code_hash(methods / "absent.py", [methods])


def test_modules_of_the_project_are_hashed_by_name() -> None:
    alone = module_hash(["bench.core.seeds"])
    assert alone == module_hash(["bench.core.seeds"])
    assert alone != module_hash(["bench.core.errors"])
    assert module_hash(["bench.core.fingerprint"]) != module_hash(
        ["bench.core.fingerprint"], ["bench"]
    )
    assert module_hash(["bench.core.seeds", "bench.core.errors"]) == module_hash(
        ["bench.core.errors", "bench.core.seeds"]
    )


def test_an_unknown_module_is_named_with_the_nearest() -> None:
    with pytest.raises(
        UnknownName, match=r"'bench\.core\.sedes' — did you mean 'bench.core.seeds'"
    ):
        module_hash(["bench.core.sedes"])


def test_the_methods_of_this_project_have_hashes() -> None:
    roots = [PROJECT / "methods", PROJECT / "evaluators"]
    paths = [p for root in roots for p in root.glob("*.py") if p.stem != "__init__"]
    assert len({code_hash(path, roots) for path in paths}) == len(paths)


@pytest.mark.parametrize(("old", "new"), [('f("")', "f()"), ('[""]', "[]"), ('f"{x}"', "f'{x} '")])
def test_empty_strings_count(tmp_path: Path, old: str, new: str) -> None:
    path = tmp_path / "module.py"
    path.write_text(f"A = {old}\n")
    before = code_hash(path, [])
    path.write_text(f"A = {new}\n")
    assert code_hash(path, []) != before
