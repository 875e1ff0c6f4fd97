"""A field of an evaluator is set by `--set NAME.FIELD=VALUE`, and enters addresses."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from golden_addresses import source

from bench.core.errors import BadValue
from bench.execution.planner import make_plan
from bench.graph.plan import CellPlan
from bench.plugin.discovery import load_file
from bench.plugin.registry import forget
from bench.search.settings import searches
from bench.study.grid import Row, Study
from bench.study.overrides import parse
from bench.study.search import Sweep

PLUGIN = '''"""Source: a test."""

from dataclasses import dataclass

from bench import evaluator
from evaluators.hard_label import HardLabels


@dataclass(frozen=True)
class Softer(HardLabels):
    share: float = 0.1


@evaluator("softer")
def softer(share: float = 0.1, augment: bool = True):
    """Hard labels with a number of their own."""
    return Softer(augment, share=share)
'''
STUDY = Study("s", "S", (Row("random", "random"),), seeds=(0,))


@pytest.fixture(autouse=True)
def _plugin(tmp_path: Path) -> Iterator[None]:
    file = tmp_path / "softer.py"
    file.write_text(PLUGIN)
    load_file(file)
    yield
    forget(file)


def planned(*settings: str) -> CellPlan:
    (cell,) = make_plan(STUDY, "smoke", parse(settings, STUDY), source).cells
    return cell


def test_a_value_reaches_the_evaluator_and_its_address() -> None:
    plain, set_ = planned("evaluator=softer"), planned("evaluator=softer", "softer.share=0.3")
    assert (plain.evaluator.share, set_.evaluator.share) == (0.1, 0.3)  # type: ignore[attr-defined]
    assert plain.address != set_.address
    assert plain.synthetic.address == set_.synthetic.address


def test_a_default_that_is_typed_is_no_change() -> None:
    typed = planned("softer.share=0.1", "evaluator=softer")
    assert typed.address == planned("evaluator=softer").address


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (("evaluator=softer", "softer.shar=1"), "did you mean 'softer.share'"),
        (("evaluator=softer", "softer.share=much"), "expected float, given 'much'"),
        (("softer.share=0.3",), "unknown key 'softer.share'"),  # nobody is judged by it
    ],
)
def test_what_is_wrong_is_one_line(settings: tuple[str, ...], said: str) -> None:
    with pytest.raises(BadValue, match="--set softer") as error:
        planned(*settings)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_sweep_refuses_what_its_trials_would_not_hear() -> None:
    sweep = Sweep("s", "S", STUDY.rows, ("recover.lr",), evaluator="softer")
    given = parse(("evaluator=softer", "softer.share=0.3"), STUDY)
    with pytest.raises(BadValue, match=r"--set softer\.share: expected a value of the recipe"):
        searches(sweep, given, "smoke", source)
