"""A small data set in the place of the paper's: order and sign beside its numbers, never values.

Used where none of the cells has a number of the paper for its own data set; what stands for what is
decided in `reports.numbers.counterparts`.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations, groupby

from reports.numbers.cells import Setting
from reports.numbers.clean import counted, paper_key
from reports.numbers.columns import LAMBDA, dense, lambda_entry
from reports.numbers.counterparts import Match, matches, places_of, rule, stands_in, verdict
from reports.numbers.family import comparisons
from reports.numbers.info import StudyInfo
from reports.numbers.pairing import compared
from reports.numbers.paper_signs import NOT_CLEAN
from reports.numbers.published import ANOTHER, Published
from reports.numbers.statistics import holm
from reports.numbers.summary import Summary
from reports.tables.difference_entries import DIFFERENCE, INTERVAL, difference_entries
from reports.tables.entries import Column, Entry, Line, Table, Tone, fixed, missing, text
from reports.tables.result_tables import paper_name, short_names, top1_entry

Words = Mapping[frozenset[str], str]  # the two rows of a pair -> how it stands to the paper

WORDS = {"agree": "same sign", "against": "opposite sign", "open": "open", "": "not run"}


def beside_table(info: StudyInfo, summaries: Sequence[Summary]) -> Table | None:
    """Every row with ours, the paper's on its data sets, and how the order agrees."""
    if not stands_in(info, summaries):
        return None
    table, found = info.paper_table or "", matches(info, summaries)
    names, places = headings(list(found), found), places_of(found)
    columns = (
        Column("row", "text"),
        LAMBDA,
        Column("ours, top-1 % (mean ± std)", parts=("ours_mean", "ours_std")),
        *(Column(f"paper: {d}", parts=(f"paper_{d}", f"error_{d}")) for d in places),
        Column("paper's protocol", "text", hint="network, labels and resolution of its numbers"),
        Column("order", "text", hint="pairs of this row with others"),
    )
    lines = [
        Line(_beside(s, found[setting], here, words, places), names[setting])
        for setting, group in groupby(summaries, key=lambda s: s.setting)
        if setting in found
        for here in [list(group)]
        for words in [order_words(here, found[setting])]
        for s in here
    ]
    note = f"Paper: {paper_name(table)}, ± as printed there (see the notes). {rule(found)}"
    facts = [
        m.facts(s.info.paper_row, d) for m in found.values() for s in summaries for d in places
    ]
    if any(len(several) > 1 for several in facts):
        note += " Beside other students stands the mean of the paper's other networks (see hints)."
    return dense(Table("beside", "Beside the paper", columns, tuple(lines), (note,)))


def headings(settings: Sequence[Setting], found: dict[Setting, Match]) -> dict[Setting, str]:
    """`ours IPC 2 · hard-label ↔ paper IPC 10`."""
    names = short_names(settings) if settings else []
    return {
        setting: f"ours {name} ↔ paper IPC {found[setting].ipc}"
        + ("" if found[setting].own else ", other students")
        for setting, name in zip(settings, names, strict=True)
    }


def order_words(here: Sequence[Summary], match: Match) -> Words:
    """The verdict of every pair of rows that the paper has, after Holm over these pairs."""
    pairs = [
        (frozenset({a.row, b.row}), compared(a, b), theirs)
        for a, b in combinations(here, 2)
        if (theirs := match.gap(a.info.paper_row, b.info.paper_row))
    ]
    adjusted = holm([ours.p if ours else None for _, ours, _ in pairs])
    return {
        pair: verdict(ours, p, theirs)
        for (pair, ours, theirs), p in zip(pairs, adjusted, strict=True)
    }


def _beside(
    s: Summary, match: Match, here: Sequence[Summary], words: Words, places: Sequence[str]
) -> tuple[Entry, ...]:
    mine = [d for d in places if d in match.datasets]
    facts = {d: match.facts(s.info.paper_row, d) for d in mine}
    others = {d: match.others(s.info.paper_row, d) for d in mine}
    printed = [_printed(facts.get(d, []), others.get(d, [])) for d in places]
    protocols = dict.fromkeys(
        f.protocol for found in (facts, others) for several in found.values() for f in several
    )
    protocol = text("; ".join(protocols), "muted") if protocols else missing()
    return (
        text(s.row), lambda_entry(s), top1_entry(s), *printed, protocol, _order(s, here, words)
    )  # fmt: skip


def _printed(facts: Sequence[Published], others: Sequence[Published]) -> Entry:
    if not facts and others:
        hint = "; ".join(f"{f.value:g} %: {f.protocol}, {f.provenance}" for f in others)
        return missing(2, ANOTHER, hint=hint)
    if not facts:
        return missing(2)
    value = sum(f.value for f in facts) / len(facts)
    hint = "; ".join(dict.fromkeys(f"{f.student}, {f.provenance}" for f in facts))
    error = facts[0].error if len(facts) == 1 else None
    if error is None:
        return Entry(fixed(value), (fixed(value), ""), value, hint=hint)
    return Entry(f"{fixed(value)} ± {fixed(error)}", (fixed(value), fixed(error)), value, hint=hint)


def _order(s: Summary, here: Sequence[Summary], words: Words) -> Entry:
    """How the pairs of a row with the others stand to the paper."""
    mine = [words.get(frozenset({s.row, other.row}), "") for other in here if other is not s]
    counts = {word: mine.count(word) for word in ("agree", "against", "open")}
    shown = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    return text(shown, "alarm" if counts["against"] else "plain") if shown else missing()


def signs_table(info: StudyInfo, summaries: Sequence[Summary]) -> Table | None:
    """Every contrast of the study: our difference, the paper's on its data sets, the verdict."""
    if not stands_in(info, summaries):
        return None
    found = matches(info, summaries)
    names = headings(list(found), found)
    lines = []
    for c in comparisons(info, summaries):
        match = found.get(c.setting)
        if match is None:
            continue
        keys = [paper_key(match.table, s.info) for s in (c.a, c.b)]
        theirs = match.gap(keys[0], keys[1])
        other = any(match.others(key, d) for key in keys for d in match.datasets)
        if not theirs and not other:
            continue
        ours = c.difference
        gaps = [missing(), missing(2)] if ours is None else difference_entries(ours, c.adjusted)
        shown = ", ".join(fixed(gap, signed=True) for gap in theirs)
        word = WORDS[verdict(ours, c.adjusted, theirs)] if theirs else ANOTHER
        word = word if counted(info, c.contrast) else NOT_CLEAN
        tone: Tone = "alarm" if word == WORDS["against"] else "plain"
        head = (text(c.contrast.label), lambda_entry(c.a, c.b))
        printed = text(shown) if theirs else missing()
        lines.append(Line((*head, *gaps, printed, text(word, tone)), names[c.setting]))
    if not lines:
        return None
    sets = ", ".join(places_of(found))
    columns = (
        Column("contrast", "text"),
        LAMBDA,
        DIFFERENCE,
        INTERVAL,
        Column("paper, points", "text", hint=sets),
        Column("sign", "text"),
    )
    order = f"in the order {sets}, as far as printed" if "," in sets else f"on {sets}"
    note = f"The paper's differences {order}. {rule(found)} Holm is that of the paired differences."
    if any(line.entries[-1].text == NOT_CLEAN for line in lines):
        note += f" {NOT_CLEAN}: the rows differ in more than the named factor; not counted."
    return dense(Table("signs", "Signs against the paper", columns, tuple(lines), (note,)))
