"""The outbox keeps operations in order, survives kills, and has one owner at a time."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.core.errors import BadData
from bench.tracking.outbox import Claim, Op, Outbox, Reader, new_header, outboxes


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    made = Outbox(tmp_path, new_header("a study", "http://host", "bench/a", ""))
    yield made
    made.release()


def ops(reader: Reader) -> list[Op]:
    return [op for op, _ in reader.operations()]


def test_operations_come_back_in_order_after_the_header(outbox: Outbox) -> None:
    for k in range(3):
        outbox.append({"op": "tags", "k": k})
    reader = Reader(outbox.path)
    assert reader.header().uri == "http://host"
    assert reader.header().run == outbox.path.stem
    assert [op.get("k") for op in ops(reader)] == [None, 0, 1, 2]


def test_acknowledged_operations_are_gone_for_later_readers_too(outbox: Outbox) -> None:
    outbox.append({"op": "tags", "k": 0})
    first = Reader(outbox.path)
    first.acknowledge(list(first.operations())[-1][1])
    assert not first.pending
    outbox.append({"op": "tags", "k": 1})
    assert [op["k"] for op in ops(first)] == [1]
    assert [op["k"] for op in ops(Reader(outbox.path))] == [1]


def test_a_line_cut_by_a_kill_is_left_out(outbox: Outbox) -> None:
    outbox.append({"op": "tags", "k": 0})
    with outbox.path.open("ab") as file:
        file.write(b'{"op":"tags","k"')
    assert [op["op"] for op in ops(Reader(outbox.path))] == ["header", "tags"]


def test_a_damaged_line_does_not_hide_the_rest(outbox: Outbox) -> None:
    with outbox.path.open("ab") as file:
        file.write(b"\x00\x00\n[1]\n")
    outbox.append({"op": "tags", "k": 0})
    assert [op["op"] for op in ops(Reader(outbox.path))] == ["header", "damaged", "damaged", "tags"]


def test_a_file_without_header_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"op": "tags"}\n')
    with pytest.raises(BadData, match=r"x\.jsonl: expected an outbox"):
        Reader(path).header()


def test_a_living_writer_keeps_its_outbox_to_itself(outbox: Outbox) -> None:
    with Claim(outbox.path) as free:
        assert not free
    outbox.release()
    with Claim(outbox.path) as free, Claim(outbox.path) as again:
        assert free
        assert not again


def test_a_removed_outbox_cannot_be_claimed(tmp_path: Path) -> None:
    with Claim(tmp_path / "gone.jsonl") as free:
        assert not free


def test_only_the_owner_may_read_it_for_uris_hold_passwords(outbox: Outbox) -> None:
    assert outbox.path.stat().st_mode & 0o077 == 0


def test_kept_files_stay_as_they_were(outbox: Outbox, tmp_path: Path) -> None:
    source = tmp_path / "report.md"
    source.write_text("old")
    kept = outbox.keep(source, "report/report.md")
    source.write_text("new")
    assert kept.read_text() == "old"


def test_discarding_leaves_nothing(outbox: Outbox, tmp_path: Path) -> None:
    outbox.place("a/b.txt").write_text("x")
    reader = Reader(outbox.path)
    reader.acknowledge(1)
    outbox.release()
    reader.discard()
    assert list(tmp_path.iterdir()) == []


def test_outboxes_are_listed_oldest_first(tmp_path: Path) -> None:
    for name in ("b-20260101T000000-1", "a-20260102T000000-1"):
        (tmp_path / f"{name}.jsonl").write_text(json.dumps({"op": "header"}))
    assert [path.stem[0] for path in outboxes(tmp_path)] == ["b", "a"]
    assert outboxes(tmp_path / "missing") == []
