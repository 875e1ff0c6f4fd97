"""Plans without data: a made-up source of digits, so that only addresses are computed."""

from collections.abc import Mapping, Sequence

from bench.data.builtin import get_dataset
from bench.execution.planner import make_plan
from bench.graph.plan import CellPlan, Plan
from bench.graph.request import Source
from bench.study.grid import Row, Study
from bench.study.overrides import parse

SOURCE = Source(get_dataset("digits"), train="a" * 64, test="b" * 64, train_count=9, test_count=5)
RELEASED = tuple(Row(name, name) for name in ("wmdd", "ce-pcbn", "wass-bn", "sre2l"))


def study_of(*rows: Row, seeds: Sequence[int] = (0,), evaluator: str = "fkd") -> Study:
    return Study("s", "t", rows, ipcs=(2,), seeds=tuple(seeds), evaluators=(evaluator,))


def plan_of(study: Study, *settings: str, source: Source = SOURCE) -> Plan:
    return make_plan(study, "smoke", parse(settings, study), lambda name: source)


def cell_of(row: Row, *settings: str, source: Source = SOURCE) -> CellPlan:
    (cell,) = plan_of(study_of(row), *settings, source=source).cells
    return cell


def addresses(cell: CellPlan) -> dict[str, str]:
    """Stage -> address."""
    return {stage: task.address for stage, task in cell.tasks.items()}


def moved(before: Mapping[str, str], after: Mapping[str, str]) -> set[str]:
    """Stages whose address has changed."""
    assert set(before) == set(after)
    return {stage for stage in before if before[stage] != after[stage]}
