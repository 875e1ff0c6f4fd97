"""What a report says in one sentence: how much has run, the best row, what is decided."""

from collections.abc import Sequence

from reports.numbers.cells import Cell
from reports.numbers.family import comparisons, family_size
from reports.numbers.info import StudyInfo
from reports.numbers.summary import Summary
from reports.tables.cost_tables import FULL
from reports.tables.entries import fixed

NAMED = 3  # decided contrasts that the sentence names


def synopsis(info: StudyInfo, cells: Sequence[Cell], summaries: Sequence[Summary]) -> str:
    """One sentence of a page; it holds for partial results and for none."""
    done = sum(cell.status == "ok" for cell in cells)
    parts = [f"{done} of {len(cells)} cells are done", _best(summaries), _decided(info, summaries)]
    return "; ".join(part for part in parts if part) + "."


def _best(summaries: Sequence[Summary]) -> str:
    """The row with the highest mean under the first setting that has one; full data aside."""
    setting = next((s.setting for s in summaries if s.sample), None)
    rows = [
        (s.sample.mean, s.row, s.sample.n)
        for s in summaries
        if s.setting == setting and s.sample and s.info.distiller != FULL
    ]
    if setting is None or not rows:
        return ""
    mean, row, n = max(rows)
    return (
        f"highest on {setting.dataset}, {setting.label} is {row} with {fixed(100 * mean)} % "
        f"(n = {n})"
    )


def _decided(info: StudyInfo, summaries: Sequence[Summary]) -> str:
    if not info.contrasts or not summaries:
        return ""
    found = comparisons(info, summaries)
    decided = {c.hypothesis: c for c in found if c.decided}
    named = [
        f"{c.contrast.label} {fixed(100 * c.difference.mean, signed=True)}"
        for c in [*decided.values()][:NAMED]
        if c.difference
    ]
    more = f" and {len(decided) - NAMED} more" if len(decided) > NAMED else ""
    told = f" ({', '.join(named)}{more})" if named else ""
    return f"{len(decided)} of {family_size(found)} declared comparisons decided after Holm{told}"
