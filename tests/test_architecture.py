"""The floors of the house hold: imports point down, files stay short, names say their subject."""

import warnings
from collections import Counter
from pathlib import Path

import pytest
from floors import FLOOR, FLOORS, PROJECT, RULES, judge, module_of

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted(path for folder in PROJECT for path in (ROOT / folder).rglob("*.py"))
ALL = SOURCES + sorted(p for name in ("tests", "benchmarks") for p in (ROOT / name).rglob("*.py"))
LIMIT, AIM = 400, 200  # lines of a file
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "misc"}


@pytest.mark.parametrize(
    ("module", "source", "why"),
    [
        ("bench.execution.runner", "import methods.wmdd", "the core knows no plugin"),
        (
            "bench.execution.runner",
            "def f():\n    from evaluators import fkd",
            "the core knows no plugin",
        ),
        ("bench.execution.runner", "import reports", "the core knows no plugin"),
        (
            "bench.execution.runner",
            "if TYPE_CHECKING:\n    import studies.sweeps",
            "the core knows no plugin",
        ),
        ("bench.plugin.discovery", "import_module('methods.wmdd')", "the core knows no plugin"),
        ("bench.cli.main", "from methods import wmdd", "commands find plugins by discovery"),
        ("methods.wmdd", "from evaluators.fkd import fkd", "a method is made of the core"),
        (
            "methods.wmdd",
            "from bench.execution.runner import run_plan",
            "a plugin does not see how it is run",
        ),
        ("evaluators.fkd", "from methods import wmdd", "an evaluator is made of the core"),
        ("studies.ablation", "from methods import wmdd", "a study names its distillers"),
        ("reports.tables.entries", "from bench import Study", "reports are functions of tables"),
        ("reports.tables.entries", "def f():\n    import torch", "reports are functions of tables"),
        (
            "bench.storage.store",
            "from bench.stages.recover import x",
            "imports point down",
        ),
        ("bench.data.load", "from bench.stages import x", "imports point down"),
        ("bench.transport.cost", "from bench import models", "imports point down"),
        ("bench.stages.recover", "from bench.storage.store import Store", "stages are pure"),
        ("bench.graph.plan", "from bench.app.text import table", "imports point down"),
        ("bench.tracking.mlflow", "from bench.graph.plan import x", "observers hear events only"),
        ("bench.stages.recover", "import mlflow", "tracking is an observer"),
        ("bench.diagnosis.doctor", "def f():\n    from mlflow import x", "tracking is an observer"),
        ("bench.execution.runner", "from optuna.trial import Trial", "Optuna searches"),
        ("methods.rded", "import random", "mathematics neither draws on screens nor"),
        (
            "bench.execution.runner",
            "import importlib\nimportlib.reload(x)",
            "modules are found in one place",
        ),
        ("bench.cli.main", "import torch.nn", "help and typos are answered at once"),
        ("bench.study.grid", "try:\n    import pandas\nexcept A:\n    pass", "help and typos are"),
        ("studies.ablation", "class A:\n    import scipy", "help and typos are answered at once"),
        ("methods.wmdd", "from . import regularizers", "imports are absolute"),
        ("bench", "from methods import wmdd", "the core knows no plugin"),
    ],
)
def test_the_judge_catches(module: str, source: str, why: str) -> None:
    verdict = judge(module, source)
    assert any(why in line for line in verdict), verdict


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("bench.cli.report_command", "def f():\n    from reports.pages.build import build"),
        ("bench.cli.main", "def f():\n    import torch"),
        ("bench.core.events", "if TYPE_CHECKING:\n    from torch import Tensor"),
        ("bench.plugin.discovery", "import importlib.util\nimportlib.import_module(name)"),
        ("bench.tracking.mlflow", "import mlflow"),
        ("bench.search", "import optuna"),
        ("bench.diagnosis.software", "from importlib.metadata import version"),
        ("methods.cda", "from methods.sre2l import sre2l\nfrom bench.stages import schedule"),
        ("reports.tables.entries", "import pandas\nfrom bench.core.errors import BadValue"),
        ("bench", "if TYPE_CHECKING:\n    from bench.study.grid import Row"),
        ("bench.bencher", "from methodsx import y"),
    ],
)
def test_the_judge_lets_pass(module: str, source: str) -> None:
    assert judge(module, source) == []


def test_every_room_stands_on_a_floor_and_none_stands_in_the_corridor() -> None:
    rooms = {path.name for path in (ROOT / "bench").iterdir() if (path / "__init__.py").is_file()}
    assert rooms == set(FLOOR)
    assert [path.name for path in (ROOT / "bench").glob("*.py")] == ["__init__.py"]
    assert len(FLOORS) <= 11


def test_every_rule_says_why_and_what() -> None:
    assert all(rule.why and rule.where and bool(rule.never) != bool(rule.only) for rule in RULES)


def test_imports_point_down() -> None:
    verdict = [
        line
        for path in SOURCES
        for line in judge(module_of(path, ROOT), path.read_text(encoding="utf-8"))
    ]
    assert verdict == []


def test_no_file_is_longer_than_a_reader_bears() -> None:
    length = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in ALL}
    assert {str(p.relative_to(ROOT)): n for p, n in length.items() if n > LIMIT} == {}


@pytest.mark.filterwarnings("default")
def test_files_that_grow_long_are_named_in_a_warning() -> None:
    length = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES}
    growing = sorted(f"{p.relative_to(ROOT)} ({n})" for p, n in length.items() if n > AIM)
    if growing:
        warnings.warn(f"over {AIM} lines: {', '.join(growing)}", stacklevel=1)


def test_files_are_named_after_their_subject() -> None:
    assert [str(path) for path in ALL if path.stem in EMPTY_NAMES] == []


def test_test_files_have_names_of_their_own_and_no_packages() -> None:
    tests = [path.name for path in (ROOT / "tests").rglob("*.py") if path.name != "conftest.py"]
    assert "__init__.py" not in tests
    assert [name for name, count in Counter(tests).items() if count > 1] == []
