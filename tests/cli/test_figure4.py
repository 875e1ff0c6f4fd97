"""Figure 4 is drawn from what the store holds, computed once, and left out where nothing is."""

from pathlib import Path

import pytest
import torch

from bench.app.arguments import StudyArguments
from bench.app.figure1 import figure1
from bench.app.figure4 import RECORDS, figure4
from bench.app.session import Session, open_session
from bench.core.events import silent
from bench.execution.workshop import Workshop

SETTINGS = ("squeeze.epochs=2", "recover.iterations=3", "relabel.epochs=1", "ipc=2", "seeds=1")


def figure4_in(store: str, data_root: Path) -> StudyArguments:
    return StudyArguments("figure4", "smoke", SETTINGS, store=store, data=str(data_root))


@pytest.fixture(scope="module")
def session(data_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Session:
    """A session with Figure 4's cells finished at a tiny scale."""
    store = str(tmp_path_factory.mktemp("store"))
    found = open_session(figure4_in(store, data_root))
    shop = Workshop(found.store, data_root, torch.device("cpu"), silent)
    for cell in found.plan.cells:
        shop.finish(cell)
    return found


def test_both_methods_are_drawn_with_their_numbers(session: Session) -> None:
    (drawn,) = figure4(session)
    svg = drawn.figure.svg.decode()
    assert all(word in svg for word in ("SRe2L", "WMDD", "precision", "t-SNE"))
    assert [line.entries[0].text for line in drawn.table.lines] == ["SRe2L", "WMDD"]
    assert [line.entries[1].text for line in drawn.table.lines] == ["20", "20"]


def test_a_second_drawing_reads_the_record(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first,) = figure4(session)
    assert len(session.store.records(RECORDS)) == 1

    def refuse(*_: object) -> None:
        raise AssertionError("computed twice")

    monkeypatch.setattr("bench.app.figure4._compute", refuse)
    (second,) = figure4(session)
    assert second.figure == first.figure
    assert second.table == first.table


def test_nothing_is_drawn_from_an_empty_store(data_root: Path, tmp_path: Path) -> None:
    empty = open_session(figure4_in(str(tmp_path), data_root))
    assert figure4(empty) == []


def test_figure_1_needs_no_store() -> None:
    assert b"Wasserstein" in figure1().svg
