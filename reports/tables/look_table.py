"""The look audit: what choosing the epoch would have added to the last one, student by student."""

from collections.abc import Sequence
from statistics import fmean

from reports.numbers.cells import Cell
from reports.numbers.statistics import Difference, accuracy, difference_of
from reports.numbers.summary import Summary
from reports.tables.difference_entries import headings_of
from reports.tables.entries import Column, Entry, Line, Table, interval, number, percent, text

VALIDATION, ORACLE = "top1_validation", "top1_oracle_test"
ORACLE_NAME = "oracle (test)"
NOTE = (
    "The same students at three epochs. validation: the epoch that is best on real training "
    "images, which the student never learns from (the teacher did); {oracle}: the epoch that is "
    "best on the test images themselves, of {looks} looks. Differences are paired by {unit}, "
    "Student-t, not adjusted: they are what a habit adds to a number, not a comparison of rows."
)


def look_table(summaries: Sequence[Summary]) -> Table | None:
    """Gains of the two other choices over the last epoch; None where no audit was run."""
    audited = [s for s in summaries if s.mean_of(ORACLE) is not None]
    if not audited:
        return None
    groups = headings_of(list(dict.fromkeys(s.setting for s in audited)))
    lines = [Line(_entries(s), groups[s.setting]) for s in audited]
    columns = (
        Column("row", "text"),
        Column("last epoch, %", parts=("last",)),
        Column("95 % CI", parts=("last_low", "last_high")),
        Column("validation - last", parts=("validation_gain",)),
        Column("95 % CI of it", parts=("validation_low", "validation_high")),
        Column(f"{ORACLE_NAME} - last", parts=("oracle_gain",)),
        Column("95 % CI of it ", parts=("oracle_low", "oracle_high")),
        Column(f"{ORACLE_NAME} - validation", parts=("oracle_over_validation",)),
        Column("its 95 % CI", parts=("over_low", "over_high")),
        Column("epochs", "text", parts=("epochs",), hint="mean epoch of validation / oracle"),
        Column("n"),
    )
    looks = max(s.mean_of("looks") or 0 for s in audited)
    note = NOTE.format(oracle=ORACLE_NAME, looks=f"{looks:.0f}", unit=audited[0].unit)
    return Table("looks", "What a look at the test images is worth", columns, tuple(lines), (note,))


def _entries(s: Summary) -> tuple[Entry, ...]:
    last, chosen, oracle = (_by_unit(s, name) for name in ("", VALIDATION, ORACLE))
    sample = accuracy([*last.values()])
    gains = [
        difference_of([a[unit] - b[unit] for unit in last])
        for a, b in ((chosen, last), (oracle, last), (oracle, chosen))
    ]
    epochs = " / ".join(f"{s.mean_of(f'epoch_{n}'):.0f}" for n in ("validation", "oracle_test"))
    return (
        text(s.row),
        percent(sample.mean),
        interval(sample.low, sample.high),
        *(entry for gain in gains for entry in _gain(gain)),
        text(epochs),
        number(sample.n, 0),
    )


def _gain(d: Difference) -> tuple[Entry, Entry]:
    return percent(d.mean, signed=True), interval(d.low, d.high, signed=True)


def _by_unit(s: Summary, name: str) -> dict[int, float]:
    """Seed (or teacher) -> mean of a number over its students; of top-1 where no name is given."""
    found: dict[int, list[float]] = {}
    for cell in s.cells:
        value = _value(cell, name)
        if value is not None:
            found.setdefault(cell.teacher if s.unit == "teacher" else cell.seed, []).append(value)
    return {unit: fmean(values) for unit, values in sorted(found.items())}


def _value(cell: Cell, name: str) -> float | None:
    if cell.top1 is None or ORACLE not in cell.numbers:
        return None
    return cell.numbers[name] if name else cell.top1
