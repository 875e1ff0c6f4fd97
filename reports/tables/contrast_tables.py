"""Paired comparisons: every contrast of the study under every setting."""

from collections.abc import Sequence

from reports.numbers.clean import counted
from reports.numbers.columns import LAMBDA, dense, lambda_entry
from reports.numbers.family import Comparison, comparisons, family_size, folded
from reports.numbers.info import StudyInfo
from reports.numbers.paper_signs import NOT_CLEAN, printed_gap, quoted_elsewhere
from reports.numbers.power import MOST, pairs_needed
from reports.numbers.published import ANOTHER
from reports.numbers.statistics import rank_note
from reports.numbers.summary import Summary, reduced
from reports.tables.difference_entries import (
    DIFFERENCE,
    INTERVAL,
    difference_entries,
    headings_of,
    nominal_reading,
    reading,
)
from reports.tables.entries import (
    Column,
    Entry,
    Line,
    Table,
    missing,
    number,
    percent,
    probability,
    text,
)
from reports.tables.result_tables import students_note

POST_HOC = "post hoc"


def contrasts_table(info: StudyInfo, summaries: Sequence[Summary]) -> Table | None:
    """Every contrast under every setting: paired difference, interval, p-values, reading.

    Holm's correction runs over all declared lines, whether they have run or not. None where the
    study names no contrast.
    """
    if not info.contrasts or not summaries:
        return None
    found = comparisons(info, summaries)
    signs = [_paper_sign(info, c) for c in found]
    with_paper = any(sign.parts[-1] for sign in signs)
    groups = headings_of(list(dict.fromkeys(s.setting for s in summaries)))
    lines = [
        _line(info, c, groups[c.setting], [sign] if with_paper else [])
        for c, sign in zip(found, signs, strict=True)
    ]
    small = with_paper and reduced([c for s in summaries for c in s.cells])
    return dense(
        Table(
            "contrasts",
            "Paired differences",
            _columns(family_size(found), with_paper, summaries[0].unit),
            tuple(lines),
            _notes(info, found, summaries, small),
        )
    )


def _paper_sign(info: StudyInfo, c: Comparison) -> Entry:
    """The paper's difference with what its sign says about ours."""
    gap = printed_gap(info, c.a, c.b)
    if gap is None:
        other = quoted_elsewhere(c.a, c.b)
        return Entry(ANOTHER, ("", ANOTHER), tone="muted") if other else missing(2)
    shown = percent(gap / 100, signed=True)
    if not counted(info, c.contrast):
        word = NOT_CLEAN
    elif c.difference is None or not c.decided:
        word = "undecided"
    else:
        word = "same sign" if c.difference.mean * gap > 0 else "opposite sign"
    return Entry(f"{shown.text}, {word}", (shown.text, word), gap)


def _columns(count: int, with_paper: bool, unit: str) -> tuple[Column, ...]:
    columns = [
        Column("contrast", "text"),
        LAMBDA,
        DIFFERENCE,
        INTERVAL,
        Column("n", hint=f"pairs of {unit}s"),
        Column("p (t)", hint="two-sided paired t test"),
        Column("p (Holm)", hint=f"p (t), adjusted over {count} declared comparisons"),
        Column("p (sign flip)", hint="exact, without assumptions on the distribution"),
        Column(
            f"{unit}s for 80 % power", parts=("n_needed",), hint="at this difference and spread"
        ),
    ]
    columns += [Column("paper", "text", ("paper", "sign"))] if with_paper else []
    nominal = Column("nominal", "text", hint="what the line would say alone, without Holm")
    return (*columns, nominal, Column("reading", "text", hint="after Holm"))


def _name(info: StudyInfo, c: Comparison) -> str:
    """The contrast, marked where others of its study were written down before the run."""
    label = c.contrast.label
    late = info.registered is not None and label not in info.registered
    return f"{label} ({POST_HOC})" if late else label


def _line(info: StudyInfo, c: Comparison, group: str, sign: Sequence[Entry]) -> Line:
    d, head = c.difference, (text(_name(info, c)), lambda_entry(c.a, c.b))
    if d is None:
        blanks = [missing(), missing(2), *[missing() for _ in range(5)], *sign, missing()]
        return Line((*head, *blanks, text("not run", "muted")), group)
    entries = [
        *difference_entries(d, c.adjusted),
        number(d.n, 0),
        probability(d.p),
        probability(c.adjusted),
        probability(d.p_flip),
        _needed(c),
        *sign,
        text(nominal_reading(d)),
        text(reading(d, c.adjusted)),
    ]
    return Line((*head, *entries), group)


def _needed(c: Comparison) -> Entry:
    """How many pairs would find an undecided difference; nothing for a decided one."""
    d = c.difference
    if d is None or c.decided or not d.std:
        return missing()
    needed = pairs_needed(d.mean, d.std)
    return Entry(f">{MOST}", sort=float(MOST)) if needed is None else number(needed, 0)


def _registration(info: StudyInfo) -> str:
    known = info.registered or {}
    listed = "; ".join(f"{label} ({what})" for label, what in known.items()) or "none as it stands"
    return (
        f"Written down before any result, with hash and time: {listed}. {POST_HOC}: added or "
        "changed after that, so that its p-values mean less than they say."
    )


def _notes(
    info: StudyInfo, found: Sequence[Comparison], summaries: Sequence[Summary], small: bool
) -> tuple[str, ...]:
    size, twins, unit = family_size(found), folded(found), summaries[0].unit
    over = f"Holm over the {size} declared comparisons, run or not"
    if twins:
        over += f" ({twins} more compare the same artifacts as another line and count once)"
    notes = [
        f"a minus b over the {unit}s that both have (same student start and data order). Interval: "
        f"paired Student-t, not adjusted. {over}. A line reads higher or lower, in bold, "
        "only where its p after Holm is at most 0.05 with three pairs or more; nominal is the "
        "reading without Holm.",
    ]
    if unit == "seed" and any(cell.repeat for s in summaries for cell in s.cells):
        notes.append(f"A seed stands for a set and {students_note(summaries)}")
    if any(not c.decided and c.difference and c.difference.std for c in found):
        notes.append(
            f"{unit}s for 80 % power: pairs with which a paired t test (0.05, two-sided, not "
            "adjusted) finds the observed difference at the observed spread; a rough number, the "
            "rougher the fewer pairs it comes from."
        )
    if any(not counted(info, c) for c in info.contrasts):
        notes.append(
            f"{NOT_CLEAN}: the two rows differ in more than the named factor; signs against the "
            "paper are counted from the clean lines alone."
        )
    if info.registered is not None:
        notes.append(_registration(info))
    counts = sorted({c.difference.n for c in found if c.difference})
    notes += [note for n in counts if (note := rank_note(n))]
    if small:
        notes.append("At reduced scale the paper is compared in order and sign only.")
    return tuple(notes)
