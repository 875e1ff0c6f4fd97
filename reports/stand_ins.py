"""A small data set in the place of the paper's: order and sign beside its numbers, never values.

Used where none of the cells has a number of the paper for its own data set. The study's smallest
IPC stands for the paper's smallest, and so on; the first student for the teacher's architecture.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from reports.cells import Setting
from reports.difference_entries import DIFFERENCE, INTERVAL, difference_entries
from reports.info import StudyInfo
from reports.published import TOP1, Published, published
from reports.result_tables import paper_name, short_names, top1_entry
from reports.statistics import paired
from reports.summary import Summary
from reports.tables import Column, Entry, Line, Table, Tone, fixed, missing, text

OWN = "resnet18"  # the paper's teacher
RULE = (
    "Order and sign only: ours is another data set at reduced scale. A pair of rows agrees where "
    "ours is decided (paired 95 % interval without zero) in the direction in which the paper "
    "prints it on all of its data sets; it is open where ours spans zero or the paper is divided."
)


@dataclass(frozen=True)
class Match:
    """The numbers of the paper that a setting of ours stands for."""

    table: str
    ipc: int
    own: bool

    def facts(self, method: str, dataset: str) -> list[Published]:
        """What the paper prints for a method on a data set; of several networks, the nearest."""
        found = [
            f
            for f in published()
            if (f.table, f.method, f.dataset, f.metric) == (self.table, method, dataset, TOP1)
            and f.ipc in (self.ipc, None)
        ]
        return [f for f in found if (f.student == OWN) == self.own] or found

    def value(self, method: str, dataset: str) -> float | None:
        """Its accuracy in percent, the mean where several networks match."""
        found = [f.value for f in self.facts(method, dataset)]
        return sum(found) / len(found) if found else None

    def gap(self, a: str, b: str) -> list[float]:
        """a minus b on every data set that has both."""
        both = [(self.value(a, d), self.value(b, d)) for d in datasets_of(self.table)]
        return [x - y for x, y in both if x is not None and y is not None]


def datasets_of(table: str) -> list[str]:
    found = dict.fromkeys(f.dataset for f in published() if f.table == table and f.metric == TOP1)
    return list(found)


def stands_in(info: StudyInfo, summaries: Sequence[Summary]) -> bool:
    """Whether the paper has numbers for the study's table, but none for these data sets."""
    if not info.paper_table or any(s.paper for s in summaries):
        return False
    return any(s.sample for s in summaries) and bool(datasets_of(info.paper_table))


def matches(info: StudyInfo, summaries: Sequence[Summary]) -> dict[Setting, Match]:
    """Setting of ours -> what it stands for, by rank of its IPC."""
    settings = list(dict.fromkeys(s.setting for s in summaries))
    table = info.paper_table or ""
    theirs = sorted({f.ipc for f in published() if f.table == table and f.ipc is not None})
    ours = sorted({setting.ipc for setting in settings})
    ranks = dict(zip(ours, theirs, strict=False))
    first = settings[0].student if settings else ""
    return {
        setting: Match(table, ranks[setting.ipc], setting.student == first)
        for setting in settings
        if setting.ipc in ranks
    }


def beside_table(info: StudyInfo, summaries: Sequence[Summary]) -> Table | None:
    """Every row with ours, the paper's on its data sets, and how the order agrees."""
    if not stands_in(info, summaries):
        return None
    table, found = info.paper_table or "", matches(info, summaries)
    names = headings(list(found), found)
    columns = (
        Column("row", "text"),
        Column("ours, top-1 % (mean ± std)", parts=("ours_mean", "ours_std")),
        *(Column(f"paper: {d}", parts=(f"paper_{d}", f"error_{d}")) for d in datasets_of(table)),
        Column("order", "text", hint="pairs of this row with others"),
    )
    lines = [
        Line(_beside(s, found[setting], here), names[setting])
        for setting, group in groupby(summaries, key=lambda s: s.setting)
        if setting in found
        for here in [list(group)]
        for s in here
    ]
    note = f"Paper: {paper_name(table)}, ± as printed there (see the notes). {RULE}"
    return Table("beside", "Beside the paper", columns, tuple(lines), (note,))


def headings(settings: Sequence[Setting], found: dict[Setting, Match]) -> dict[Setting, str]:
    """`ours IPC 2 · hard-label ↔ paper IPC 10`."""
    names = short_names(settings) if settings else []
    return {
        setting: f"ours {name} ↔ paper IPC {found[setting].ipc}"
        + ("" if found[setting].own else ", other students")
        for setting, name in zip(settings, names, strict=True)
    }


def _beside(s: Summary, match: Match, here: Sequence[Summary]) -> tuple[Entry, ...]:
    printed = [_printed(match.facts(s.info.paper_row, d)) for d in datasets_of(match.table)]
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


def verdict(a: Summary, b: Summary, match: Match) -> str:
    """`agree`, `against` or `open`; empty where ours or the paper lacks one of the two rows."""
    ours, theirs = paired(a.values, b.values), match.gap(a.info.paper_row, b.info.paper_row)
    if ours is None or not theirs:
        return ""
    signs = {(gap > 0) - (gap < 0) for gap in theirs}
    if not ours.decided or len(signs) > 1 or 0 in signs:
        return "open"
    return "agree" if ours.mean * theirs[0] > 0 else "against"


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
    columns = (
        Column("contrast", "text"),
        DIFFERENCE,
        INTERVAL,
        Column("paper, points", "text", hint=", ".join(datasets_of(info.paper_table or ""))),
        Column("sign", "text"),
    )
    sets = ", ".join(datasets_of(info.paper_table or ""))
    note = f"The paper's differences in the order {sets}, as far as printed. {RULE}"
    return Table("signs", "Signs against the paper", columns, tuple(lines), (note,))


WORDS = {"agree": "same sign", "against": "opposite sign", "open": "open", "": "not run"}
