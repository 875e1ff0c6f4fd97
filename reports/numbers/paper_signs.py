"""What the paper prints for the two rows of a contrast, under the protocol of ours."""

from reports.numbers.clean import paper_key
from reports.numbers.info import StudyInfo
from reports.numbers.published import Published, lookup
from reports.numbers.summary import Summary

NOT_CLEAN = "not clean"


def printed_gap(info: StudyInfo, a: Summary, b: Summary) -> float | None:
    """a minus b in percentage points of the paper; None where it lacks one under this protocol."""
    pair = [_fact(info, s) for s in (a, b)]
    if pair[0] is None or pair[1] is None:
        return None
    return pair[0].value - pair[1].value


def quoted_elsewhere(*summaries: Summary) -> bool:
    """Whether the paper quotes a number of another protocol for one of the rows."""
    return any(s.other is not None for s in summaries)


def _fact(info: StudyInfo, s: Summary) -> Published | None:
    table = info.paper_table or ""
    key = paper_key(table, s.info) if table else ""
    if not key:
        return None
    fact = lookup(table, key, s.setting.dataset, s.setting.ipc, s.setting.student)
    return fact if fact and fact.fits(s.setting.evaluator) else None
