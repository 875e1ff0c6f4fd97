"""What a report says in one sentence: how much has run, the best row, what is decided."""

from collections.abc import Hashable, Mapping, Sequence

from reports.numbers.cells import Cell
from reports.numbers.clean import counted
from reports.numbers.family import Comparison, comparisons
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
    """What is decided, by the clean comparisons first; of the others it is said that they are not.

    Contrasts between the same artifacts are one comparison, which is clean if one of them is.
    """
    if not info.contrasts or not summaries:
        return ""
    found = [c for c in comparisons(info, summaries) if c.declared]
    clean = {c.hypothesis: c for c in found if counted(info, c.contrast)}
    mixed = {c.hypothesis: c for c in found if c.hypothesis not in clean}
    what = "clean comparisons" if mixed else "declared comparisons"
    told = f"{_count(clean)} {what} decided after Holm{_named(clean)}"
    if not any(c.decided for c in mixed.values()):
        return told
    return f"{told}; not clean, {_count(mixed)} others{_named(mixed)}"


def _count(found: Mapping[Hashable, Comparison]) -> str:
    return f"{sum(c.decided for c in found.values())} of {len(found)}"


def _named(found: Mapping[Hashable, Comparison]) -> str:
    """The first decided ones with their differences in percentage points."""
    decided = [c for c in found.values() if c.decided and c.difference]
    shown = [
        f"{c.contrast.label} {fixed(100 * c.difference.mean, signed=True)}"
        for c in decided[:NAMED]
        if c.difference
    ]
    more = f" and {len(decided) - NAMED} more" if len(decided) > NAMED else ""
    return f" ({', '.join(shown)}{more})" if shown else ""
