"""Paired comparisons: every contrast of the study under every setting."""

from collections.abc import Sequence

from reports.numbers.cells import Setting
from reports.numbers.info import StudyInfo
from reports.numbers.statistics import Difference, family, holm, paired, rank_note
from reports.numbers.summary import Summary, reduced
from reports.tables.difference_entries import (
    DIFFERENCE,
    INTERVAL,
    difference_entries,
    headings_of,
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


def contrasts_table(info: StudyInfo, summaries: Sequence[Summary]) -> Table | None:
    """Every contrast under every setting: paired difference, interval, p-values, reading.

    Holm's correction runs over all lines of the table. None where the study names no contrast.
    """
    settings = list(dict.fromkeys(s.setting for s in summaries))
    if not info.contrasts or not settings:
        return None
    places_ = {(s.setting, s.row): s for s in summaries}
    found: list[tuple[Setting, str, Difference | None, Entry]] = []
    for setting in settings:
        for contrast in info.contrasts:
            a, b = places_[setting, contrast.a], places_[setting, contrast.b]
            difference = paired(a.values, b.values)
            found.append((setting, contrast.label, difference, _paper_sign(a, b, difference)))
    adjusted = holm([d.p if d else None for _, _, d, _ in found])
    counted = family(adjusted)
    with_paper = any(sign.sort is not None for _, _, _, sign in found)
    small = reduced([cell for s in summaries for cell in s.cells])
    groups = headings_of(settings)
    lines = [
        _contrast_line(groups[setting], label, difference, p, sign, with_paper)
        for (setting, label, difference, sign), p in zip(found, adjusted, strict=True)
    ]
    return Table(
        "contrasts",
        "Paired differences",
        _contrast_columns(counted, with_paper),
        tuple(lines),
        _contrast_notes([d for _, _, d, _ in found], counted, with_paper and small),
    )


def _paper_sign(a: Summary, b: Summary, ours: Difference | None) -> Entry:
    """The paper's difference with what its sign says about ours."""
    if a.paper is None or b.paper is None:
        return missing(2)
    gap = (a.paper.value - b.paper.value) / 100
    shown = percent(gap, signed=True)
    if ours is None or not ours.decided:
        word = "undecided"
    else:
        word = "same sign" if ours.mean * gap > 0 else "opposite sign"
    return Entry(f"{shown.text}, {word}", (shown.text, word), 100 * gap)


def _contrast_columns(count: int, with_paper: bool) -> tuple[Column, ...]:
    columns = [
        Column("contrast", "text"),
        DIFFERENCE,
        INTERVAL,
        Column("n", hint="pairs of seeds"),
        Column("p (t)", hint="two-sided paired t test"),
        Column("p (Holm)", hint=f"p (t), adjusted over {count} comparisons"),
        Column("p (sign flip)", hint="exact, without assumptions on the distribution"),
    ]
    columns += [Column("paper", "text", ("paper", "sign"))] if with_paper else []
    return (*columns, Column("reading", "text"))


def _contrast_line(
    group: str,
    label: str,
    d: Difference | None,
    adjusted: float | None,
    sign: Entry,
    with_paper: bool,
) -> Line:
    extra = [sign] if with_paper else []
    if d is None:
        blanks = [missing(), missing(2), *[missing() for _ in range(4)], *extra]
        return Line((text(label), *blanks, text("not run", "muted")), group)
    entries = [
        *difference_entries(d),
        number(d.n, 0),
        probability(d.p),
        probability(adjusted),
        probability(d.p_flip),
        *extra,
        text(reading(d, adjusted)),
    ]
    return Line((text(label), *entries), group)


def _contrast_notes(
    found: Sequence[Difference | None], counted: int, small: bool
) -> tuple[str, ...]:
    notes = [
        "a minus b over the seeds that both have (same student start and data order). Interval: "
        f"paired Student-t. Holm over the lines with a p ({counted}). A line reads higher or lower "
        "only where its interval excludes zero."
    ]
    counts = sorted({d.n for d in found if d})
    notes += [note for n in counts if (note := rank_note(n))]
    if small:
        notes.append("At reduced scale the paper is compared in order and sign only.")
    return tuple(notes)
