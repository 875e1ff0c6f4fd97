"""No text in a CSV file is a formula to a spreadsheet, and no number becomes text."""

from io import StringIO

import pandas as pd
import pytest

from reports.formats.csv_ import frame_csv, harmless, plain, table_csv
from reports.tables.entries import Column, Entry, Line, Table

FORMULAS = ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "-", "+ BN",
            "'=1", "''@x", "'-5"]  # fmt: skip
OTHERS: list[object] = [
    "", "a=1", "WMDD", "'80s", " =1", "-1.5", "+3", "-2e-05", "-inf", ".5", -1.5, None, 7,
]  # fmt: skip


@pytest.mark.parametrize("text", FORMULAS)
def test_formulas_become_text_and_come_back(text: str) -> None:
    assert harmless(text) == f"'{text}"
    assert plain(harmless(text)) == text


@pytest.mark.parametrize("value", OTHERS)
def test_numbers_and_other_texts_stay(value: object) -> None:
    assert harmless(value) is value
    assert plain(value) is value


def test_a_frame_has_no_formula_in_any_cell_or_header() -> None:
    frame = pd.DataFrame(
        {"row": ["=1", "a"], "top1": [-0.5, None], "@m": [1, 2], "n": ["-3", "+x"]}
    )
    assert frame_csv(frame) == "row,top1,'@m,n\n'=1,-0.5,1,-3\na,,2,'+x\n"
    back = pd.read_csv(StringIO(frame_csv(frame)), dtype=str).map(plain)
    assert back["row"].tolist() == ["=1", "a"]


def test_a_table_has_no_formula_in_any_cell() -> None:
    columns = (Column("row"), Column("difference", parts=("difference",)))
    entries = (Entry("=cmd", ("=cmd",)), Entry("-1.2", ("-1.2",)))
    lines = (Line(entries, group="@group"),)
    assert table_csv([Table("key", "+title", columns, lines)]) == (
        "table,group,row,difference\n'+title,'@group,'=cmd,-1.2\n"
    )
