"""The paper's own comparisons from its print, and how our order of rows agrees with its order."""

from collections import Counter
from collections.abc import Sequence
from itertools import combinations

from reports.numbers.info import StudyInfo
from reports.numbers.pairing import compared
from reports.numbers.published import lookup, places
from reports.numbers.statistics import Difference, holm, welch
from reports.numbers.summary import Summary
from reports.tables.difference_entries import DIFFERENCE, INTERVAL, difference_entries, reading
from reports.tables.entries import Column, Line, Table, probability, text
from reports.tables.result_tables import paper_name


def printed_table(info: StudyInfo) -> Table | None:
    """The study's contrasts on the paper's own data sets, from its printed mean, error and n."""
    if not info.paper_table:
        return None
    keys = {row.label: row.paper_row for row in info.rows}
    found: list[tuple[str, str, Difference]] = []
    for contrast in info.contrasts:
        for dataset, ipc, student in places(info.paper_table):
            pair = [
                lookup(info.paper_table, keys.get(label, ""), dataset, ipc, student)
                for label in (contrast.a, contrast.b)
            ]
            prints = [fact.printed for fact in pair if fact]
            if len(prints) == 2 and prints[0] and prints[1]:
                found.append((contrast.label, f"{dataset}, IPC {ipc}", welch(prints[0], prints[1])))
    if not found:
        return None
    adjusted = holm([d.p for _, _, d in found])
    lines = [
        Line(
            (
                text(place),
                *difference_entries(d, p, 100),
                probability(d.p),
                probability(p),
                text(reading(d, p)),
            ),
            label,
        )
        for (label, place, d), p in zip(found, adjusted, strict=True)
    ]
    columns = (
        Column("the paper's data set", "text"),
        DIFFERENCE,
        INTERVAL,
        Column("p (Welch)"),
        Column("p (Holm)"),
        Column("reading", "text"),
    )
    note = (
        f"Computed from the means, errors and n that {paper_name(info.paper_table)} of the paper "
        f"prints, unpaired (Welch); Holm over the {len(found)} lines."
    )
    return Table("printed", "The paper's own comparisons", columns, tuple(lines), (note,))


def order_note(info: StudyInfo, summaries: Sequence[Summary]) -> str:
    """How many pairs of rows stand in the paper's order; empty where fewer than two have both."""
    pairs = [
        (ours, a.paper.value - b.paper.value)
        for a, b in combinations([s for s in summaries if s.paper and s.sample], 2)
        if a.setting == b.setting and a.paper and b.paper and a.paper.value != b.paper.value
        if (ours := compared(a, b)) is not None
    ]
    if not pairs:
        return ""
    adjusted = holm([ours.p for ours, _ in pairs])
    words = Counter(
        "undecided" if not ours.decided(p) else "agree" if ours.mean * theirs > 0 else "against"
        for (ours, theirs), p in zip(pairs, adjusted, strict=True)
    )
    return (
        f"Order against {paper_name(info.paper_table or '')} of the paper: of {len(pairs)} pairs "
        f"of rows, {words['agree']} in its order, {words['against']} against it, "
        f"{words['undecided']} undecided (paired, after Holm over these pairs)."
    )
