"""The paper's numbers: values, error kinds, and its contradictions."""

from math import sqrt

import pytest

from bench.core.errors import UnknownName
from reports.numbers.published import footnotes, lookup, places, published


def test_wmdd_on_imagenette_in_table_4() -> None:
    fact = lookup("table4", "wass+pcbn", "imagenette", 10, "resnet18")
    assert fact is not None
    assert (fact.value, fact.error, fact.error_kind, fact.n) == (64.7, 0.2, "sem", 5)
    assert fact.provenance == "ours-in-paper"


def test_std_is_turned_into_sem() -> None:
    fact = lookup("table1", "wmdd", "imagenette", 10, "resnet18")
    assert fact is not None
    assert fact.printed is not None
    assert fact.printed.sem == pytest.approx(0.4 / sqrt(3))


def test_no_error_bar_means_no_test() -> None:
    fact = lookup("table2", "wmdd", "imagenet-1k", 50, "resnet50")
    assert fact is not None
    assert fact.printed is None


@pytest.mark.parametrize(("dataset", "ipc"), [("digits", 10), ("imagenette", 2)])
def test_points_that_the_paper_lacks(dataset: str, ipc: int) -> None:
    assert lookup("table4", "wass+pcbn", dataset, ipc, "resnet18") is None


def test_unknown_table_is_named_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="did you mean 'table4'"):
        lookup("tabel4", "wmdd", "imagenette", 10, "resnet18")


def test_places_of_table_4() -> None:
    assert places("table4") == tuple(
        (name, 10, "resnet18") for name in ("imagenette", "tiny-imagenet", "imagenet-1k")
    )


def test_contradictions_between_tables_are_footnotes() -> None:
    notes = "\n".join(footnotes("table4", ["imagenette", "imagenet-1k"]))
    assert "64.7 (table4, wass+pcbn) and 64.8 (table1, wmdd)" in notes
    assert "38.1 (table4, wass+pcbn) and 38.2 (table1, wmdd)" in notes
    assert "35.9 (table4, ce+bn) and 21.3 (table1, sre2l)" in notes
    assert "standard error over 5 runs" in notes
    assert "tiny-imagenet" not in notes  # 41.8 in both


def test_every_fact_is_usable() -> None:
    assert len(published()) == 139
    assert {fact.error_kind for fact in published()} == {"", "std", "sem"}
    assert all((fact.error is None) == (fact.error_kind == "") for fact in published())
