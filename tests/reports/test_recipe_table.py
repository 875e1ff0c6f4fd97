"""The table of recipes puts first what differs, and marks the odd ones out."""

from reports.numbers.info import StudyInfo
from reports.tables.recipe_table import recipes_table

CODE = {"relabel.batch": "100", "student.lr": "0.001", "wmdd.form": "norm"}
PAPER = {"relabel.batch": "1024", "student.lr": "0.001", "wmdd.form": "squares"}
RDED = {"relabel.batch": "100", "student.lr": "0.001"}


def info(**recipes: dict[str, str]) -> StudyInfo:
    return StudyInfo("s", "S", recipes=recipes)


def test_one_recipe_needs_no_table() -> None:
    assert recipes_table(info(code=CODE)) is None
    assert recipes_table(info()) is None


def test_values_that_differ_have_a_line_and_the_odd_ones_stand_out() -> None:
    table = recipes_table(info(code=CODE, paper=PAPER, rded=RDED))
    assert table is not None
    assert [column.name for column in table.columns] == ["value", "code", "paper", "rded"]
    shown = {line.entries[0].text: line for line in table.lines}
    assert list(shown) == ["relabel.batch", "wmdd.form"]
    batch = shown["relabel.batch"]
    assert [entry.text for entry in batch.entries[1:]] == ["100", "1024", "100"]
    assert [entry.tone for entry in batch.entries[1:]] == ["plain", "strong", "plain"]
    assert shown["wmdd.form"].entries[3].text == "–"
    assert table.notes[0].startswith("2 of 3 values differ")
    assert table.notes[1] == "The same in all: student.lr 0.001."


def test_lines_with_equal_entries_are_folded() -> None:
    code, paper = CODE | {"recover.batch": "100"}, PAPER | {"recover.batch": "1024"}
    table = recipes_table(info(code=code, paper=paper))
    assert table is not None
    assert [line.entries[0].text for line in table.lines] == [
        "relabel.batch, recover.batch", "wmdd.form",
    ]  # fmt: skip
