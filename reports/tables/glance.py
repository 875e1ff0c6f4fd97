"""The first table of a book: how much of each chapter was run, and how its signs came out."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from reports.numbers.info import StudyInfo
from reports.pages.sections import Page
from reports.tables.entries import Column, Entry, Line, Table, missing, number, text

WORDS = ("same sign", "opposite sign", "open")


def glance_table(chapters: Sequence[tuple[str, StudyInfo, Page | None]]) -> Table:
    """One line per chapter: how much of it was run, and how its signs stand to the paper's."""
    lines = []
    for name, info, page in chapters:
        about = text(info.title.partition(": ")[2] or info.title)
        if page is None:
            entries = (text(name), about, text("computed", "muted"))
            lines.append(Line((*entries, missing(), *(missing() for _ in WORDS))))
            continue
        failed = sum(cell.status == "failed" for cell in page.cells)
        done = f"{page.done} of {len(page.cells)}"
        status = f"{done}, {failed} failed" if failed else done
        counts = signs_of(page)
        lines.append(
            Line(
                (
                    text(name),
                    about,
                    text(status, "alarm" if failed else "plain"),
                    number(sum(a.level != "note" for a in page.alarms), 0),
                    *(_count(counts, word) for word in WORDS),
                )
            )
        )
    columns = (
        Column("item", "text"),
        Column("what it shows", "text"),
        Column("cells done", "text"),
        Column("warnings"),
        *(Column(word) for word in WORDS),
    )
    note = (
        "Signs: the declared contrasts of each item against the paper's, of a study with clean "
        "contrasts these alone. Open: ours is undecided (paired, after Holm over the declared "
        "contrasts, three seeds or more), or the paper is divided over its data sets."
    )
    return Table("glance", "At a glance", columns, tuple(lines), (note,))


def signs_of(page: Page) -> Counter[str]:
    """How often a contrast has the paper's sign, the opposite one, or is open."""
    found: Counter[str] = Counter()
    for table in page.analyses:
        keys = [key for column in table.columns for key in column.keys]
        if table.key in ("signs", "contrasts") and "sign" in keys:
            at = keys.index("sign")
            parts = [[p for e in line.entries for p in e.parts] for line in table.lines]
            words = [line[at] for line in parts]
            found.update("open" if word == "undecided" else word for word in words)
    return found


def _count(counts: Counter[str], word: str) -> Entry:
    if not any(counts[w] for w in WORDS):
        return missing()
    entry = number(counts[word], 0)
    return replace(entry, tone="alarm") if word == "opposite sign" and counts[word] else entry
