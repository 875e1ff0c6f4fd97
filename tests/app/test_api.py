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
    with pytest.raises(BenchError, match="unknown argument 'ipcs' — did you mean 'ipc'"):
        bench.run(STUDY, ipcs=[1])  # type: ignore[call-arg]
    with pytest.raises(BenchError, match="unknown argument 'trails' — did you mean 'trials'"):
        bench.sweep("lambda", trails=2)  # type: ignore[call-arg]


def test_a_value_is_shown_as_the_text_of_the_command(ran: "bench.app.api.Result") -> None:
    assert repr(ran) == ran.table()


def test_the_store_and_the_data_are_those_of_the_command(
    ran: "bench.app.api.Result", data_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DDBENCH_STORE", ran.session.store.root)
    monkeypatch.setenv("DDBENCH_DATA", str(data_root))
    assert set(bench.report(STUDY, profile="smoke", settings=TINY).frame["status"]) == {"ok"}


def test_a_notebook_s_progress_is_a_line_a_cell(
    ran: "bench.app.api.Result", data_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    again = {"profile": "smoke", "settings": TINY, "store": ran.session.store.root}
    bench.run(STUDY, data=data_root, **again)  # type: ignore[typeddict-item]
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("[1/2 cells] Random")
    assert len([line for line in lines if line.startswith("[")]) == 2


def test_a_sweep_is_a_row_a_trial(data_root: Path, tmp_path: Path) -> None:
    found = bench.sweep(
        "lambda",
        profile="smoke",
        trials=2,
        seeds=1,
        sampler="random",
        test=False,
        settings={**TINY, "ipc": 1},
        store=tmp_path,
        data=data_root,
        quiet=True,
    )
    assert found.code == 0
    assert len(found.frame) == 2
