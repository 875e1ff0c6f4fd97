"""Processes that run the same plan share it out; one alone runs it in its order."""

import json
from pathlib import Path

import pytest

from bench.execution.sharing import InProcess, Sharing
from bench.storage.store import Store

CELLS = ["a", "b", "c", "d"]


def sharing(store: Store) -> Sharing[str]:
    return Sharing(store.claim)


def test_one_process_alone_keeps_the_order(tmp_path: Path) -> None:
    alone = list(sharing(Store(tmp_path)).run(CELLS, str.upper))
    assert alone == list(InProcess().run(CELLS, str.upper)) == ["A", "B", "C", "D"]
    assert list((tmp_path / "locks").iterdir()) == []


def test_what_another_process_works_on_comes_last(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with store.claim("a") as first, store.claim("c") as third:
        assert first
        assert third
        assert list(sharing(store).run(CELLS, str.upper)) == ["B", "D", "A", "C"]


def test_who_looks_while_another_works_takes_the_next(tmp_path: Path) -> None:
    store, done = Store(tmp_path), list[tuple[str, str]]()
    late = sharing(store).run(CELLS, lambda cell: done.append(("late", cell)))

    def work(cell: str) -> None:
        if cell == "a":
            next(late)
        done.append(("early", cell))

    next(sharing(store).run(CELLS, work))
    assert done == [("late", "b"), ("early", "a")]


def test_a_claim_is_let_go_after_an_error(tmp_path: Path) -> None:
    def work(cell: str) -> str:
        raise KeyboardInterrupt

    store = Store(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        next(sharing(store).run(CELLS, work))
    with store.claim("a") as mine:
        assert mine


def test_a_claim_of_a_dead_process_is_free(tmp_path: Path) -> None:
    """As after a kill: the file is there, its process is not."""
    store = Store(tmp_path)
    with store.claim("a"):
        (file,) = (tmp_path / "locks").iterdir()
        left = file.read_text()
    ticket = json.loads(left)
    ticket["owner"]["started"] = "1"
    file.write_text(json.dumps(ticket))
    with store.claim("a") as mine:
        assert mine
