"""Where the spread of a score comes from: the synthetic set, or the student trained on it."""

from collections.abc import Sequence
from math import sqrt

from reports.numbers.cells import students
from reports.numbers.columns import LAMBDA, dense, lambda_entry
from reports.numbers.summary import Summary
from reports.numbers.three_level import ThreeLevel, three_level
from reports.numbers.variance import TwoLevel, two_level
from reports.tables.entries import Column, Line, Table, number, percent, text
from reports.tables.result_tables import short_names

COLUMNS = (
    Column("row", "text"),
    LAMBDA,
    Column("top-1 %", parts=("mean",)),
    Column("sets x students", "text", hint="distillation seeds x students on each"),
    Column("std of sets", parts=("std_sets",), hint="points; what distilling again would change"),
    Column("std of students", parts=("std_students",), hint="points; on one synthetic set"),
    Column("share of sets, %", parts=("share_sets",), hint="of the variance of one score"),
    Column("sem", parts=("sem",), hint="of the mean over this design, in points"),
    Column("sem, sets doubled", parts=("sem_sets_doubled",)),
    Column("sem, students doubled", parts=("sem_students_doubled",)),
)
NOTE = (
    "Random-effects split of the variance by synthetic set (distillation seed) and by student on "
    "it (its start, data order and soft labels), by moments; a negative estimate is shown as 0. "
    "In the other tables a seed counts once, with the mean of its students. The last two columns "
    "say where further runs would help."
)

OF_TEACHERS = (
    Column("row", "text"),
    LAMBDA,
    Column("top-1 %", parts=("mean",)),
    Column("teachers / sets / students", "text", hint="how many of each, in all"),
    Column(
        "std of teachers", parts=("std_teachers",), hint="points; what another one would change"
    ),
    Column("std of sets", parts=("std_sets",), hint="points; under one teacher"),
    Column("std of students", parts=("std_students",), hint="points; on one synthetic set"),
)
TEACHERS_NOTE = (
    "Nested random-effects split of the variance by teacher, by synthetic set under it and by "
    "student on it, by moments; a negative estimate is shown as 0. Where a set has one student, "
    "the spread of sets holds that of students. In the other tables a teacher counts once."
)


def variance_table(summaries: Sequence[Summary]) -> Table | None:
    """One line per row whose sets have several students; None where there is none."""
    if summaries and summaries[0].unit == "teacher":
        return teachers_table(summaries)
    settings = list(dict.fromkeys(s.setting for s in summaries))
    headings = dict(zip(settings, short_names(settings), strict=True)) if settings else {}
    lines = [
        _line(s, found, headings[s.setting] if len(settings) > 1 else "")
        for s in summaries
        if (found := split(s)) is not None
    ]
    if not lines:
        return None
    dataset = settings[0].dataset
    title = f"{dataset} · spread of sets and of students"
    return dense(Table(f"variance-{dataset}", title, COLUMNS, tuple(lines), (NOTE,)))


def teachers_table(summaries: Sequence[Summary]) -> Table | None:
    """The same with several teachers: one line per row, split by teacher, set and student."""
    settings = list(dict.fromkeys(s.setting for s in summaries))
    headings = dict(zip(settings, short_names(settings), strict=True))
    lines = []
    for s in summaries:
        found = split_by_teacher(s)
        if found is None or s.sample is None:
            continue
        parts = (found.teacher, found.sets, found.students)
        spreads = (None if part is None else sqrt(part) for part in parts)
        shown = text(" / ".join(map(str, found.shape)))
        entries = (text(s.row), lambda_entry(s), percent(s.sample.mean), shown)
        heading = headings[s.setting] if len(settings) > 1 else ""
        lines.append(Line((*entries, *(percent(value) for value in spreads)), heading))
    if not lines:
        return None
    dataset = settings[0].dataset
    title = f"{dataset} · spread of teachers, sets and students"
    return dense(Table(f"variance-{dataset}", title, OF_TEACHERS, tuple(lines), (TEACHERS_NOTE,)))


def split_by_teacher(s: Summary) -> ThreeLevel | None:
    """The three levels of a row; None without two teachers, one of which has two sets."""
    groups: dict[int, dict[int, list[float]]] = {}
    for cell in s.cells:
        if cell.top1 is not None:
            groups.setdefault(cell.teacher, {}).setdefault(cell.seed, []).append(cell.top1)
    if len(groups) < 2 or all(len(sets) < 2 for sets in groups.values()):
        return None
    return three_level(groups)


def split(s: Summary) -> TwoLevel | None:
    """The two levels of a row; None without two sets, one of which has two students."""
    groups = students(s.cells)
    if len(groups) < 2 or all(len(group) < 2 for group in groups.values()):
        return None
    return two_level(groups)


def _line(s: Summary, found: TwoLevel, group: str) -> Line:
    each = found.students / found.sets
    shown = f"{found.sets} x {each:.3g}"
    more = (found.sem_of(2 * found.sets, round(each)), found.sem_of(found.sets, 2 * round(each)))
    points = (sqrt(found.between), sqrt(found.within))
    return Line(
        (
            text(s.row),
            lambda_entry(s),
            percent(found.mean),
            text(shown),
            *(percent(value) for value in points),
            number(100 * found.share, 0),
            percent(found.sem),
            *(percent(value) for value in more),
        ),
        group,
    )
