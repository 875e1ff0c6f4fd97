"""Label regimes at equal bits: what labels cost in bytes, spent on more hard-labelled images."""

from collections.abc import Sequence

from reports.numbers.info import StudyInfo
from reports.numbers.pairing import compared
from reports.numbers.summary import Summary
from reports.tables.cost_tables import FULL, total_bytes
from reports.tables.difference_entries import DIFFERENCE, INTERVAL, difference_entries
from reports.tables.entries import Column, Line, Table, estimate, number, size, text
from reports.tables.score_tables import HARD, PLAIN


def by_bits(summaries: Sequence[Summary]) -> tuple[list[Summary], list[Summary]]:
    """Rows with stored labels and rows of hard labels whose bytes are known, the full data apart.

    Both are empty unless one data set has both, and where protocols differ in more than labels.
    """
    if any(s.setting.protocol for s in summaries):
        return [], []
    known = [s for s in summaries if s.sample and total_bytes(s) and s.info.distiller != FULL]
    hard = [s for s in known if s.setting.evaluator in (HARD, PLAIN)]
    soft = [s for s in known if s.mean_of("label_bytes") and s not in hard]
    rows = list(dict.fromkeys(s.row for s in known))
    soft.sort(key=lambda s: rows.index(s.row))  # stable: regimes and IPCs keep their order
    return (soft, hard) if soft and hard else ([], [])


def bits_table(info: StudyInfo, summaries: Sequence[Summary]) -> Table | None:
    """Every row with stored labels against hard labels on as many bytes; None without either."""
    soft, hard = by_bits(summaries)
    lines = [
        _line(s, rival)
        for s in soft
        for evaluator in dict.fromkeys(h.setting.evaluator for h in hard)
        if (rival := _rival(s, [h for h in hard if h.setting.evaluator == evaluator]))
    ]
    if not lines:
        return None
    columns = (
        Column("row", "text"),
        Column("labels", "text"),
        Column("IPC"),
        Column("bits", parts=("bytes",), hint="images and labels"),
        Column("top-1 % (mean ± std)", parts=("top1_mean", "top1_std")),
        Column("hard labels", "text", hint="the same row, as many images as these bytes hold"),
        Column("its IPC"),
        Column("its bits", parts=("hard_bytes",)),
        Column("its top-1 %", parts=("hard_mean", "hard_std")),
        DIFFERENCE,
        INTERVAL,
        Column("n"),
        Column("updates", "text", hint="of the student, and of the one on hard labels"),
    )
    archs = (values.get("squeeze.arch") for values in info.recipes.values())
    teachers = dict.fromkeys(arch for arch in archs if arch)
    note = (
        "Beside each set with stored labels stands the same row under hard labels at the largest "
        "IPC that was run whose bytes do not exceed it; where its bits are far fewer, more images "
        "were not run, and the difference favours the stored labels. Bits are images and labels; "
        "no set here needs a decoder. The network that made the labels "
        f"({', '.join(teachers) or 'the teacher'}) is not counted: students do not need it. "
        "Differences are paired, Student-t, not adjusted; updates say where compute is not equal."
    )
    dataset = summaries[0].setting.dataset
    return Table(f"bits-{dataset}", f"{dataset} · equal bits", columns, tuple(lines), (note,))


def _rival(s: Summary, hard: Sequence[Summary]) -> Summary | None:
    """The same row and student under hard labels, with the most bytes that are no more than its."""
    most = total_bytes(s) or 0.0
    fits = [
        h for h in hard
        if (h.row, h.setting.student) == (s.row, s.setting.student)
        and (total_bytes(h) or 0.0) <= most
    ]  # fmt: skip
    return max(fits, key=lambda h: total_bytes(h) or 0.0, default=None)


def _line(s: Summary, rival: Summary) -> Line:
    found = compared(s, rival)
    assert s.sample
    assert rival.sample
    assert found
    updates = " / ".join(f"{r.mean_of('updates') or 0:.0f}" for r in (s, rival))
    return Line(
        (
            text(s.row),
            text(s.setting.evaluator),
            number(s.setting.ipc, 0),
            size(total_bytes(s)),
            estimate(s.sample.mean, s.sample.std),
            text(rival.setting.evaluator),
            number(rival.setting.ipc, 0),
            size(total_bytes(rival)),
            estimate(rival.sample.mean, rival.sample.std),
            *difference_entries(found, None),
            number(found.n, 0),
            text(updates),
        ),
        s.info.group,
    )
