"""A paper's items are found by their numbers, and their studies become one plan."""

from collections.abc import Callable
from pathlib import Path

import pytest
from cli_runs import ADDED

from bench.app.reproduction import chosen, item_name, reproducible, reproduction, without
from bench.core.errors import UnknownName
from bench.data.builtin import get_dataset
from bench.graph.request import Source
from bench.plugin.discovery import load_file


def nominal(name: str) -> Source:
    return Source(get_dataset(name), f"train-{name}", f"test-{name}", 1000, 500)


def test_items_come_in_the_papers_order() -> None:
    items = list(reproducible())
    assert items[:3] == ["table1", "table2", "table3"]
    assert items.index("figure1") < items.index("figure5a") < items.index("figure10")
    assert chosen((), ()) == tuple(items)


@pytest.mark.parametrize(
    ("tables", "figures", "expected"),
    [
        (("4",), (), ("table4",)),
        (("4", "1"), (), ("table1", "table4")),
        ((), ("5",), ("figure5a", "figure5b")),
        ((), ("5a",), ("figure5a",)),
        ((), ("1",), ("figure1",)),
        (("6",), ("3",), ("table6", "figure3")),
    ],
)
def test_numbers_choose_items(
    tables: tuple[str, ...], figures: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    assert chosen(tables, figures) == expected


def test_a_table_that_the_paper_does_not_have_is_named() -> None:
    with pytest.raises(UnknownName, match="table of the paper '9'"):
        chosen(("9",), ())


def test_names_are_the_papers() -> None:
    assert [item_name(item) for item in ("table4", "figure5a")] == ["Table 4", "Figure 5a"]


def test_the_whole_has_every_address_once_and_no_label_twice() -> None:
    made = reproduction("wmdd", chosen((), ()), "smoke", (), nominal)
    everything = {cell.address for plan in made.plans for cell in plan.cells}
    addresses = [cell.address for cell in made.whole.cells]
    assert set(addresses) == everything
    assert len(addresses) == len(everything)
    labels = [cell.cell.label for cell in made.whole.cells]
    assert len(labels) == len(set(labels))


def test_a_plugin_gets_a_row_where_every_distiller_has_one(tmp_path: Path) -> None:
    file = tmp_path / "added.py"
    file.write_text(ADDED, encoding="utf-8")
    before, after = (_tables(load) for load in (lambda: None, lambda: load_file(file)))
    assert after["table4"] == before["table4"]
    added = after["table1"] - before["table1"]
    assert before["table1"] < after["table1"]
    assert {(label, group) for label, group, _ in added} == {("added", "plugins")}
    assert len(added) == 4  # two IPCs, two seeds


def _tables(prepare: Callable[[], object]) -> dict[str, set[tuple[str, str, str]]]:
    """Row, group and address of each cell of Tables 1 and 4."""
    prepare()
    plans = reproduction("wmdd", ("table1", "table4"), "smoke", (), nominal).plans
    return {
        plan.study.items[0]: {(c.cell.row.label, c.cell.row.group, c.address) for c in plan.cells}
        for plan in plans
    }


def test_settings_hold_for_every_study() -> None:
    made = reproduction("wmdd", ("table3", "table5"), "smoke", ("seeds=1",), nominal)
    assert {cell.cell.seed for plan in made.plans for cell in plan.cells} == {0}


def test_a_data_set_can_be_left_out() -> None:
    made = reproduction("wmdd", ("table3",), "smoke", ("dataset=digits,cifar10",), nominal)
    left = without(made.whole, lambda name: name == "digits")
    assert {cell.cell.dataset for cell in left.cells} == {"cifar10"}
