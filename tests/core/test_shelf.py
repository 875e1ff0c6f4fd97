"""What stays in memory between cells is bounded by bytes, and the last one used stays longest."""

import pytest
import torch

from bench.artifacts.values import Barycenter, ClassMeans, RealSet
from bench.core.errors import BadValue
from bench.execution.shelf import VARIABLE, Shelf, bytes_of, machine_memory, memory_bound


def means(rows: int) -> ClassMeans:
    return ClassMeans(torch.zeros(rows, 4))  # 16 bytes a row


def test_bytes_are_those_of_all_tensors() -> None:
    made = Barycenter(torch.zeros(2, 3, 4), torch.zeros(2, 3))
    assert bytes_of(made) == 4 * (24 + 6)
    assert bytes_of({"a": (torch.zeros(3, dtype=torch.uint8), [torch.zeros(2)])}) == 3 + 8


def test_what_was_used_longest_ago_goes_first() -> None:
    shelf = Shelf(bound=16 * 10)
    shelf.put("a", means(4))
    shelf.put("b", means(4))
    assert shelf.get("a", ClassMeans).means.shape == (4, 4)
    shelf.put("c", means(4))
    assert ("a" in shelf, "b" in shelf, "c" in shelf) == (True, False, True)
    assert shelf.used == 16 * 8 <= shelf.bound


def test_one_that_is_larger_than_the_bound_stays_alone_until_the_next() -> None:
    shelf = Shelf(bound=16)
    shelf.put("small", means(1))
    shelf.put("huge", means(100))
    assert ("small" in shelf, "huge" in shelf) == (False, True)
    shelf.put("next", means(1))
    assert "huge" not in shelf


def test_mapped_data_sets_count_for_nothing() -> None:
    images = torch.zeros(100, 1, 8, 8, dtype=torch.uint8)
    real = RealSet("x", images, torch.zeros(100), ("a",), 8, (0.0,), (1.0,), "d")
    shelf = Shelf(bound=16)
    shelf.put("real", real)
    shelf.put("a", means(1))
    assert "real" in shelf
    assert shelf.used == 16


def test_the_bound_is_a_share_of_the_memory_or_what_a_user_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert 0 < memory_bound() == machine_memory() // 8
    monkeypatch.setenv(VARIABLE, "1000")
    assert Shelf().bound == 1000
    monkeypatch.setenv(VARIABLE, "plenty")
    with pytest.raises(BadValue, match=f"{VARIABLE}: expected a number of bytes, given 'plenty'"):
        memory_bound()
