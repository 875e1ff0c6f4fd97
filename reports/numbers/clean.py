"""Which contrasts a sign may be counted from: those that change one factor and nothing else."""

from functools import cache

from reports.numbers.info import Contrast, RowInfo, StudyInfo
from reports.numbers.published import published


def counted(info: StudyInfo, contrast: Contrast) -> bool:
    """Whether the sign of a contrast says something about what the contrast names.

    A study with clean contrasts counts these alone: its other rows differ in more than one factor.
    """
    rows = {row.label: row for row in info.rows}
    clean = [c for c in info.contrasts if _one_factor(rows.get(c.a), rows.get(c.b))]
    return contrast in clean if clean else True


def paper_key(table: str, row: RowInfo) -> str:
    """The published row that a row stands for, the clean ones by the levels of their factors."""
    named = "+".join(row.factors.values()).lower()
    return row.paper_row or (named if named in _methods(table) else "")


def _one_factor(a: RowInfo | None, b: RowInfo | None) -> bool:
    if a is None or b is None or not a.factors or a.factors.keys() != b.factors.keys():
        return False
    return sum(a.factors[name] != b.factors[name] for name in a.factors) == 1


@cache
def _methods(table: str) -> frozenset[str]:
    return frozenset(fact.method for fact in published() if fact.table == table)
