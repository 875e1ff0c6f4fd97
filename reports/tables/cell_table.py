"""Every cell with what makes it again: the provenance behind the other tables."""

from collections.abc import Sequence

from reports.numbers.cells import Cell
from reports.numbers.columns import dense
from reports.tables.entries import Column, Entry, Line, Table, missing, number, percent, text

SHORT = 12  # characters of an address that are printed


def cells_table(cells: Sequence[Cell]) -> Table:
    """One line per cell: seed, accuracy or failure, recipe, address."""
    several = any(cell.repeat for cell in cells)
    teachers = any(cell.teacher for cell in cells)
    columns = (
        Column("row", "text"),
        Column("λ", parts=("bn_weight",)),
        Column("data set", "text"),
        Column("setting", "text"),
        *([Column("teacher")] if teachers else []),
        Column("seed"),
        *([Column("student")] if several else []),
        Column("status", "text"),
        Column("top-1 %", parts=("top1",)),
        Column("updates"),
        Column("recipe", "code"),
        Column("address", "code"),
    )
    lines = tuple(Line(_entries(cell, several, teachers), cell.group) for cell in cells)
    commands = dict.fromkeys(cell.command for cell in cells if cell.command)
    notes = tuple(f"Made by: {command}" for command in list(commands)[:5])
    return dense(Table("cells", "Cells", columns, lines, notes))


def _weight(value: float | None) -> Entry:
    return text("") if value is None else Entry(f"{value:g}", sort=value)


def _entries(cell: Cell, several: bool, teachers: bool) -> tuple[Entry, ...]:
    updates = cell.numbers.get("updates")
    return (
        text(cell.row),
        _weight(cell.numbers.get("bn_weight")),
        text(cell.setting.dataset),
        text(cell.setting.label),
        *([number(cell.teacher + 1, 0)] if teachers else []),
        number(cell.seed, 0),
        *([number(cell.repeat + 1, 0)] if several else []),
        _status(cell),
        percent(cell.top1),
        missing() if updates is None else number(updates, 0),
        text(cell.recipe or "–"),
        address(cell),
    )


def _status(cell: Cell) -> Entry:
    if cell.status == "failed":
        shown = f"failed: {cell.error}" if cell.error else "failed"
        return text(shown, "alarm")
    return text(cell.status, "plain" if cell.status == "ok" else "muted")


def address(cell: Cell) -> Entry:
    """The start of the address; the CSV and the hover text have all of it."""
    if not cell.address:
        return missing()
    return Entry(cell.address[:SHORT], (cell.address,), hint=cell.address)
