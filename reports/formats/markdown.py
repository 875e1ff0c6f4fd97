"""The report as Markdown."""

import re
from collections.abc import Mapping, Sequence

from reports.pages.sections import Page, Section
from reports.tables.entries import Column, Table, grouped

SPECIAL = r"\`*_{}[]<>|#&~$"
MARKS = {"alarm": "**Alarm.**", "caution": "**Caution.**", "note": "Note."}


def report_markdown(page: Page, pictures: Mapping[str, Sequence[tuple[str, str]]]) -> str:
    """The whole report; pictures are (title, path) per data set."""
    info = page.info
    parts = [f"# {escape(info.title)}", escape(page.synopsis), escape(info.description)]
    parts += ["\n".join(f"- {MARKS[a.level]} {escape(a.text)}" for a in page.alarms)]
    for section in page.sections:
        parts += _section(section, pictures.get(section.dataset, ()))
    for table in page.analyses:
        parts += [f"## {escape(table.title)}", table_markdown(table)]
    if page.footnotes:
        parts += ["## The paper's numbers", "\n".join(f"- {escape(t)}" for t in page.footnotes)]
    parts += _provenance(page)
    return "\n\n".join(part for part in parts if part) + "\n"


def table_markdown(table: Table) -> str:
    """A pipe table with its notes; group headings are lines in italics."""
    head = [escape(column.name) for column in table.columns]
    rule = ["---:" if column.kind == "number" else ":---" for column in table.columns]
    rows = [head, rule]
    for heading, lines in grouped(table.lines):
        if heading:
            rows.append([f"*{escape(heading)}*", *[""] * (len(head) - 1)])
        for line in lines:
            entries = zip(table.columns, line.entries, strict=True)
            rows.append(
                [_set(column, entry.text, entry.tone == "strong") for column, entry in entries]
            )
    body = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    notes = "\n\n".join(escape(note) for note in table.notes)
    return f"{body}\n\n{notes}" if notes else body


def escape(value: str) -> str:
    """Text that Markdown prints as it is, on one line."""
    flat = " ".join(value.split())
    return "".join(f"\\{c}" if c in SPECIAL else c for c in flat)


def fenced(code: str) -> str:
    """A code block whose fence is longer than any run of backticks inside."""
    fence = "`" * (1 + max(2, *(len(run) for run in re.findall("`*", code))))
    return f"{fence}\n{code}\n{fence}"


def _set(column: Column, value: str, strong: bool) -> str:
    if column.kind == "code" and value.isascii() and "`" not in value and "|" not in value:
        return f"`{value}`"
    shown = value if column.kind == "number" else escape(value)
    return f"**{shown}**" if strong else shown


def _section(section: Section, pictures: Sequence[tuple[str, str]]) -> list[str]:
    parts = [f"## {escape(section.dataset)}"]
    for table in section.tables:
        parts += [f"### {escape(table.title)}", table_markdown(table)]
    parts += [f"![{escape(title)}]({path})" for title, path in pictures]
    return parts


def _provenance(page: Page) -> list[str]:
    info = page.info
    facts = {**info.provenance, "profile": ", ".join(page.values_of("profile"))}
    lines = [f"- {escape(name)}: {escape(value)}" for name, value in facts.items() if value]
    parts = ["## Provenance", "\n".join(lines)]
    parts += [f"Make this report again:\n\n{fenced(info.command)}"] if info.command else []
    parts += [escape(info.tracking_hint)] if info.tracking_hint else []
    parts += ["### Cells", table_markdown(page.listing)] if page.cells else []
    return parts
