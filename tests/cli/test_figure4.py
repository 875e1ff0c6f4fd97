"""Figure 4 is drawn from what the store holds, computed once, and left out where nothing is."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from bench.analysis.embedding import principal
from bench.analysis.features import Seen, seen_by
from bench.app.arguments import StudyArguments
from bench.app.figure1 import figure1
from bench.app.figure4 import RECORDS, TOGETHER, _compute, _taught, _together, figure4
from bench.app.session import Session, open_session
from bench.artifacts.values import Observation, Teacher
from bench.core.errors import BadValue
from bench.core.events import silent
from bench.execution.meter import Meter
from bench.execution.workshop import Workshop
from bench.stages.mixture import Mixed, MixtureRequest
from bench.stages.observe import class_features

CPU = torch.device("cpu")
SETTINGS = ("squeeze.epochs=2", "recover.iterations=3", "relabel.epochs=1", "ipc=2", "seeds=1")


def figure4_in(store: str, data_root: Path) -> StudyArguments:
    return StudyArguments("figure4", "smoke", SETTINGS, store=store, data=str(data_root))


@pytest.fixture(scope="module")
def session(data_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Session:
    """A session with Figure 4's cells finished at a tiny scale."""
    store = str(tmp_path_factory.mktemp("store"))
    found = open_session(figure4_in(store, data_root))
    shop = Workshop(found.store, data_root, CPU, silent)
    for cell in found.plan.cells:
        shop.finish(cell)
    return found


def test_both_methods_are_drawn_in_networks_of_both_kinds_then_in_the_teacher_s(
    session: Session,
) -> None:
    together, taught = figure4(session)
    for drawn, whose in ((together, TOGETHER), (taught, "the teacher")):
        svg = drawn.figure.svg.decode()
        assert all(word in svg for word in ("SRe2L", "WMDD", "precision", "t-SNE"))
        assert whose in drawn.figure.title
        assert whose in drawn.table.title
        assert [line.entries[0].text for line in drawn.table.lines] == ["SRe2L", "WMDD"]
        assert [line.entries[1].text for line in drawn.table.lines] == ["20", "20"]
    assert together.table.key != taught.table.key


def test_features_are_those_of_the_stored_network(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Real ones by what is stored, synthetic ones by the same weights; none is the teacher."""
    used: list[Teacher] = []

    def watched(network: Teacher, *more: Any) -> Seen:
        used.append(network)
        return seen_by(network, *more)

    monkeypatch.setattr("bench.analysis.features.seen_by", watched)
    monkeypatch.setattr("bench.analysis.embedding.embed", principal)  # features count, not planes
    store, cells = session.store, session.plan.cells
    spaces = [*_together(cells, store), *_taught(cells, session, "digits")]
    real = Workshop(store, session.data_root, CPU, silent).split(cells[0].at, "train")
    for space in spaces:
        _compute(space, store)
        network = store.load(space.network.address, space.network.kind)
        seen = class_features(store.load(space.seen.address, Observation), "penultimate")
        order = real.labels.argsort(stable=True)
        found = seen_by(network, real.images[order], real.mean, real.std).features
        torch.testing.assert_close(found, seen.features, atol=1e-4, rtol=1e-3)
        assert all(
            torch.equal(used[-1].state[name], value) for name, value in network.state.items()
        )
    assert [space.network.kind for space in spaces] == [Mixed, Mixed, Teacher]
    assert len(used) == 4  # a set in each of its networks
    assert len({space.network.address for space in spaces}) == 3


def test_the_network_is_planned_and_priced_like_any_other_artifact(session: Session) -> None:
    cells = [cell for cell in session.plan.cells if cell.cell.evaluator == "mixture"]
    assert [len(cell.of_kind("mixture")) for cell in cells] == [1, 1]
    cell = cells[0]
    task = cell.first(Mixed)
    assert task is not None
    assert isinstance(task.request, MixtureRequest)
    assert task.request.of == cell.synthetic.request
    how, images = task.request.how, cell.source.train_count + 10 * cell.cell.ipc
    assert how is not None
    work = task.request.work(cell.at)
    passes, _ = work.passes  # the training, and a look at the test split
    assert (passes.kind, passes.arch, passes.batch) == ("train", how.arch, how.batch)
    assert how.epochs * (images // how.batch) <= passes.steps
    assert passes.steps <= how.epochs * (images // how.batch + 1)
    assert Meter(session.store, CPU, lambda: 0.0).need(work, cell.at).device > 0
    assert session.store.manifest(task.address).stage == "mixture"


def test_a_mixture_of_no_set_is_refused(session: Session) -> None:
    nothing = replace(session.plan.cells[0].at, synthetic=None)
    with pytest.raises(BadValue, match="expected a mixture of real images with a set"):
        MixtureRequest().filled(nothing)


def test_a_second_drawing_reads_the_records(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = figure4(session)
    assert len(session.store.records(RECORDS)) == 3

    def refuse(*_: object) -> None:
        raise AssertionError("computed twice")

    monkeypatch.setattr("bench.app.figure4._compute", refuse)
    assert figure4(session) == first


def test_without_networks_of_both_kinds_the_teacher_s_features_are_drawn(
    session: Session,
) -> None:
    cells = tuple(c for c in session.plan.cells if c.cell.evaluator == "fkd")
    (taught,) = figure4(replace(session, plan=replace(session.plan, cells=cells)))
    assert "the teacher" in taught.figure.title


def test_nothing_is_drawn_from_an_empty_store(data_root: Path, tmp_path: Path) -> None:
    empty = open_session(figure4_in(str(tmp_path), data_root))
    assert figure4(empty) == []


def test_figure_1_needs_no_store() -> None:
    assert b"Wasserstein" in figure1().svg
