"""The Python API does what the commands do, with typed results and the same errors."""

from pathlib import Path

import pytest

import bench
from bench import BenchError, Row, Study

TINY = {"squeeze.epochs": 1, "recover.iterations": 3, "relabel.epochs": 2}
STUDY = Study(
    "tiny", "A tiny study", (Row("Random", "random"), Row("WMDD", "wmdd")), ipcs=(1,), seeds=(0,)
)


@pytest.fixture(scope="module")
def ran(data_root: Path, tmp_path_factory: pytest.TempPathFactory) -> "bench.app.api.Result":
    return bench.run(
        STUDY,
        profile="smoke",
        settings=TINY,
        store=tmp_path_factory.mktemp("store"),
        data=data_root,
        quiet=True,
    )


def test_a_run_gives_a_row_a_cell_a_table_and_a_report(ran: "bench.app.api.Result") -> None:
    assert list(ran.frame["row"]) == ["Random", "WMDD"]
    assert set(ran.frame["status"]) == {"ok"}
    assert not ran.failed
    assert "WMDD" in ran.table()
    assert ran.report.read_text().startswith("<!")


def test_what_is_in_the_store_is_reported_without_a_run(
    ran: "bench.app.api.Result", data_root: Path
) -> None:
    store = ran.session.store.root
    found = bench.report(STUDY, profile="smoke", settings=TINY, store=store, data=data_root)
    assert list(found.frame["top1"]) == list(ran.frame["top1"])
    more = bench.report(
        STUDY, profile="smoke", settings=TINY, seeds=[7], store=store, data=data_root
    )
    assert set(more.frame["status"]) == {"not run"}
    assert list(more.frame["seed"]) == [7, 7]


def test_a_plan_is_a_row_an_artifact(ran: "bench.app.api.Result", data_root: Path) -> None:
    store = ran.session.store.root
    planned = bench.plan(STUDY, profile="smoke", settings=TINY, store=store, data=data_root)
    assert planned.frame["in_store"].all()
    assert "tiny: 2 cells" in str(planned)


def test_bad_input_is_the_line_of_the_command(tmp_path: Path, data_root: Path) -> None:
    with pytest.raises(BenchError, match="did you mean 'ablation'"):
        bench.plan("ablaton", store=tmp_path, data=data_root)
    with pytest.raises(BenchError, match="unknown key 'bn_wait'"):
        bench.plan(STUDY, settings={"bn_wait": 3}, store=tmp_path, data=data_root)
    with pytest.raises(BenchError, match="seeds: expected at least one value"):
        bench.plan(STUDY, seeds=[], store=tmp_path, data=data_root)
