"""`bench ui` in a real browser: the four cells of an ablation, side by side and as charts."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from io import TextIOWrapper
from pathlib import Path

import pandas as pd
import pytest
from browser import needs_chromium, rendered, texts
from cli_runs import Bench
from servers import guarded, held_port, kill
from waiting import LIMIT

ABLATION = '''
"""The four released rows of Table 4, in their shortest form."""
from dataclasses import replace

from bench.study.grid import Study
from studies.ablation import released

FAST = {
    "squeeze.arch": "convnet3-w16-bn", "squeeze.epochs": 1, "recover.iterations": 5,
    "relabel.epochs": 4,
}
STUDY = Study(
    name="ablation",
    title="Table 4",
    rows=tuple(replace(row, overrides=FAST) for row in released),
    ipcs=(1,),
    seeds=(0, 1),
)
'''
CELLS = ["Wass + PCBN", "CE + PCBN", "Wass + BN", "CE + BN"]
CHARTS = [
    "evaluate/top1", "resources/seconds_recover", "recover/total", "recover/feature",
    "recover/batch_norm", "evaluate/loss",
]  # fmt: skip
TRIES = 3  # a loaded machine may answer the page's requests late
WORRIES = re.compile(r"not found|went wrong|error loading|does not exist", re.IGNORECASE)


@pytest.fixture(scope="module")
def tracked(new_bench: Callable[[], Bench]) -> Bench:
    """A small ablation with its runs in MLflow."""
    made = new_bench()
    (made.folder / "ablation.py").write_text(ABLATION)
    ended = made.run("run", "ablation.py", "--profile", "smoke")
    assert ended.code == 0, ended.err
    return made


@pytest.fixture(scope="module")
def opened(tracked: Bench) -> Iterator[dict[str, str]]:
    """The addresses that `bench ui` prints, while it runs: `open` and `charts`."""
    with held_port() as port, ExitStack() as stack:
        server = guarded(
            [sys.executable, "-m", "bench.cli.main", "ui", "--port", str(port)],
            cwd=tracked.folder,
            env=tracked.environment(),
            stdout=subprocess.PIPE,
        )
        stack.callback(kill, server)
        assert server.stdout is not None
        printed = stack.enter_context(TextIOWrapper(server.stdout, encoding="utf-8"))
        lines = iter(printed.readline, "")
        found = dict(line.split(maxsplit=1) for line in lines_until_ready(lines))
        yield {name: address.strip() for name, address in found.items()}
        server.terminate()
        assert server.wait(LIMIT) == 0


def lines_until_ready(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        if "Ctrl-C" in line:
            return
        yield line
    raise AssertionError("bench ui ended")


def page(url: str, folder: Path, wanted: Callable[[str], bool]) -> str:
    """The DOM of a page of MLflow, once it shows what is wanted."""
    for attempt in range(TRIES):
        patience = 20_000 * (attempt + 1)
        dom = rendered(url, folder / f"profile{attempt}", (1900, 2400), patience)
        if wanted(dom):
            break
    return dom


@pytest.mark.slow
@pytest.mark.chromium
@needs_chromium
def test_four_cells_stand_side_by_side(opened: dict[str, str], tmp_path: Path) -> None:
    dom = page(opened["open"], tmp_path, lambda dom: "evaluate/top1" in dom)
    seen = texts(dom)
    assert "Comparing 4 Runs from 1 Experiment" in seen
    names = [text for text in seen if text.endswith("· digits · ipc 1 · s0")]
    assert names == [f"{row} · digits · ipc 1 · s0" for row in CELLS]
    assert values(seen, "distiller") == ["wmdd", "ce-pcbn", "wass-bn", "sre2l"]
    assert values(seen, "distiller.bn_weight") == ["10.0", "10.0", "10.0", "0.01"]
    assert values(seen, "ipc") == ["1"] * 4
    assert "evaluate/top1" in seen
    assert not WORRIES.search("\n".join(seen))


@pytest.mark.slow
@pytest.mark.chromium
@needs_chromium
def test_charts_average_over_seeds(tracked: Bench, opened: dict[str, str], tmp_path: Path) -> None:
    dom = page(opened["charts"], tmp_path, lambda dom: dom.count("js-plotly-plot") >= len(CHARTS))
    seen = texts(dom)
    groups = {text.removeprefix("Group: ") for text in seen if text.startswith("Group: ")}
    assert groups == set(CELLS)
    assert re.findall(r'<h4[^>]*title="([^"]+)"', dom)[: len(CHARTS)] == CHARTS
    bars = seen[seen.index("evaluate/top1") : seen.index("resources/seconds_recover")]
    assert set(bars) >= {f"{mean:.2f}" for mean in means(tracked)} | set(CELLS)
    assert {f"{row} (evaluate/loss)" for row in CELLS} <= set(seen)
    assert not WORRIES.search("\n".join(seen))


def means(tracked: Bench) -> list[float]:
    """The mean top1 of each row over both seeds, from the report."""
    (report,) = tracked.store.glob("reports/*/report.csv")
    scores = pd.read_csv(report).groupby("row")["top1"]
    assert scores.count().to_dict() == dict.fromkeys(CELLS, 2)
    return scores.mean().tolist()


@pytest.mark.slow
def test_a_dry_run_names_the_server_and_keeps_no_view(tracked: Bench) -> None:
    ended = tracked.run("ui", "--study", "ablation", "--dry-run", "--port", "5009")
    opened, started = ended.out.splitlines()
    assert ended.code == 0
    assert opened.startswith("open http://127.0.0.1:5009/#/compare-runs?runs=")
    assert f"sqlite:///{tracked.store / 'tracking' / 'mlflow.db'}" in started


@pytest.mark.slow
def test_a_study_that_was_not_tracked_is_one_line(tracked: Bench) -> None:
    ended = tracked.run("ui", "--study", "nothing")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("error: expected a study with finished cells in sqlite://")
    assert "given 'nothing'" in ended.err


def values(seen: list[str], name: str) -> list[str]:
    """The four cells of a line of the table below the charts."""
    start = len(seen) - 1 - seen[::-1].index(name)
    return seen[start + 1 : start + 5]
