"""Records are small documents that are there whole or not at all."""

import json
import math
from pathlib import Path

import pytest

from bench.core.errors import BadValue, CorruptArtifact
from bench.storage.store import Store

ROW = {"error": "out of memory", "top1": 0.5, "cell": {"ipc": 2, "tags": ["a", None]}}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def test_a_record_comes_back(store: Store, tmp_path: Path) -> None:
    store.put_record("failures", "ab" * 16, ROW)
    assert store.record("failures", "ab" * 16) == ROW
    file = tmp_path / "records" / "failures" / f"{'ab' * 16}.json"
    assert json.loads(file.read_text()) == ROW


def test_records_of_a_kind_in_the_order_of_keys(store: Store) -> None:
    for key in ("b", "a", "resnet18-1_bf16@cpu"):
        store.put_record("rows", key, {"key": key})
    store.put_record("others", "c", {})
    assert list(store.records("rows")) == ["a", "b", "resnet18-1_bf16@cpu"]
    assert store.records("rows")["b"] == {"key": "b"}
    assert store.records("none") == {}


def test_a_record_is_replaced_and_deleted(store: Store) -> None:
    store.put_record("rows", "a", {"n": 1})
    store.put_record("rows", "a", {"n": 2})
    assert store.record("rows", "a") == {"n": 2}
    store.delete_record("rows", "a")
    store.delete_record("rows", "a")
    assert store.record("rows", "a") is None


@pytest.mark.parametrize("key", ["", "../x", "a/b", ".hidden", "-x", "x" * 201, "a\n"])
def test_what_is_no_file_name_is_refused(store: Store, key: str) -> None:
    with pytest.raises(BadValue, match="expected a name of at most 200"):
        store.put_record("rows", key, {})


@pytest.mark.parametrize("value", [math.nan, object(), {1, 2}])
def test_what_is_no_json_is_refused(store: Store, value: object) -> None:
    with pytest.raises(BadValue, match="record rows/a: expected JSON data"):
        store.put_record("rows", "a", {"x": value})


@pytest.mark.parametrize("text", ["{", "[1]", ""])
def test_a_damaged_record_is_named(store: Store, tmp_path: Path, text: str) -> None:
    store.put_record("rows", "a", {})
    (tmp_path / "records" / "rows" / "a.json").write_text(text)
    with pytest.raises(CorruptArtifact, match=r"rows/a\.json: expected a JSON object.*delete the"):
        store.record("rows", "a")
