"""A small data set in the place of the paper's: order and sign beside its numbers, never values.

Used where none of the cells has a number of the paper for its own data set; what stands for what is
decided in `reports.numbers.counterparts`.
"""

from collections.abc import Sequence
from itertools import groupby

from reports.numbers.cells import Setting
from reports.numbers.counterparts import Match, matches, places_of, rule, stands_in, verdict
from reports.numbers.info import StudyInfo
from reports.numbers.published import Published
from reports.numbers.statistics import paired
from reports.numbers.summary import Summary
from reports.tables.difference_entries import DIFFERENCE, INTERVAL, difference_entries
from reports.tables.entries import Column, Entry, Line, Table, Tone, fixed, missing, text
from reports.tables.result_tables import paper_name, short_names, top1_entry

WORDS = {"agree": "same sign", "against": "opposite sign", "open": "open", "": "not run"}


def beside_table(info: StudyInfo, summaries: Sequence[Summary]) -> Table | None:
    """Every row with ours, the paper's on its data sets, and how the order agrees."""
    if not stands_in(info, summaries):
        return None
    table, found = info.paper_table or "", matches(info, summaries)
    names, places = headings(list(found), found), places_of(found)
    columns = (
        Column("row", "text"),
        Column("ours, top-1 % (mean ± std)", parts=("ours_mean", "ours_std")),
        *(Column(f"paper: {d}", parts=(f"paper_{d}", f"error_{d}")) for d in places),
        Column("order", "text", hint="pairs of this row with others"),
    )
    lines = [
        Line(_beside(s, found[setting], here, places), names[setting])
        for setting, group in groupby(summaries, key=lambda s: s.setting)
        if setting in found
        for here in [list(group)]
        for s in here
    ]
    note = f"Paper: {paper_name(table)}, ± as printed there (see the notes). {rule(found)}"
    facts = [
        m.facts(s.info.paper_row, d) for m in found.values() for s in summaries for d in places
    ]
    if any(len(several) > 1 for several in facts):
        note += " Beside other students stands the mean of the paper's other networks (see hints)."
    return Table("beside", "Beside the paper", columns, tuple(lines), (note,))


def headings(settings: Sequence[Setting], found: dict[Setting, Match]) -> dict[Setting, str]:
    """`ours IPC 2 · hard-label ↔ paper IPC 10`."""
    names = short_names(settings) if settings else []
    return {
        setting: f"ours {name} ↔ paper IPC {found[setting].ipc}"
        + ("" if found[setting].own else ", other students")
        for setting, name in zip(settings, names, strict=True)
    }


def _beside(
    s: Summary, match: Match, here: Sequence[Summary], places: Sequence[str]
) -> tuple[Entry, ...]:
    printed = [
        _printed(match.facts(s.info.paper_row, d) if d in match.datasets else []) for d in places
    ]
    return (text(s.row), top1_entry(s), *printed, _order(s, match, here))


def _printed(facts: Sequence[Published]) -> Entry:
    if not facts:
        return missing(2)
    value = sum(f.value for f in facts) / len(facts)
    hint = "; ".join(dict.fromkeys(f"{f.student}, {f.provenance}" for f in facts))
    error = facts[0].error if len(facts) == 1 else None
    if error is None:
        return Entry(fixed(value), (fixed(value), ""), value, hint=hint)
    return Entry(f"{fixed(value)} ± {fixed(error)}", (fixed(value), fixed(error)), value, hint=hint)


def _order(s: Summary, match: Match, here: Sequence[Summary]) -> Entry:
    """How the pairs of a row with the others stand to the paper."""
    words = [verdict(s, other, match) for other in here if other is not s]
    counts = {word: words.count(word) for word in ("agree", "against", "open")}
    shown = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    return text(shown, "alarm" if counts["against"] else "plain") if shown else missing()


def signs_table(info: StudyInfo, summaries: Sequence[Summary]) -> Table | None:
    """Every contrast of the study: our difference, the paper's on its data sets, the verdict."""
    if not stands_in(info, summaries):
        return None
    found, places = matches(info, summaries), {(s.setting, s.row): s for s in summaries}
    names = headings(list(found), found)
    lines = []
    for setting, match in found.items():
        for contrast in info.contrasts:
            a, b = places[setting, contrast.a], places[setting, contrast.b]
            theirs, ours = match.gap(a.info.paper_row, b.info.paper_row), paired(a.values, b.values)
            if not theirs:
                continue
            gaps = [missing(), missing(2)] if ours is None else difference_entries(ours)
            shown = ", ".join(fixed(gap, signed=True) for gap in theirs)
            word = WORDS[verdict(a, b, match)]
            tone: Tone = "alarm" if word == WORDS["against"] else "plain"
            entries = (text(contrast.label), *gaps, text(shown), text(word, tone))
            lines.append(Line(entries, names[setting]))
    if not lines:
        return None
    sets = ", ".join(places_of(found))
    columns = (
        Column("contrast", "text"),
        DIFFERENCE,
        INTERVAL,
        Column("paper, points", "text", hint=sets),
        Column("sign", "text"),
    )
    order = f"in the order {sets}, as far as printed" if "," in sets else f"on {sets}"
    note = f"The paper's differences {order}. {rule(found)}"
    return Table("signs", "Signs against the paper", columns, tuple(lines), (note,))
