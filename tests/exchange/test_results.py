"""Results are merged with conflicts shown, and stand on one page beside claims."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from bench.cli.main import cli
from bench.core.errors import BadData
from bench.exchange.board import board_html, lines_of
from bench.exchange.claims import COLUMNS, Claim, read_claims
from bench.exchange.results import merge, read_results, write_results
from bench.plugin.discovery import ROOT


def row(address: str, top1: float, seed: int = 0) -> dict[str, object]:
    return {"address": address, "top1": top1, "dataset": "cifar10", "ipc": 1, "row": "DC",
            "seed": str(seed), "evaluator": "convnet-dc", "student": "convnet3",
            "recipe": "<r>", "distiller": "dc"}  # fmt: skip


def claim(value: float) -> Claim:
    return Claim("dc", "cifar10", 1, "convnet-dc", "convnet3", value, None, "paper", "x", "")


@pytest.mark.parametrize("name", ["r.json", "r.parquet"])
def test_results_come_back_from_a_file(tmp_path: Path, name: str) -> None:
    rows = [row("a", 0.25), row("b", 0.5, 1)]
    write_results(rows, tmp_path / name)
    assert read_results(tmp_path / name) == rows


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text('{"schema": 99, "rows": []}')
    with pytest.raises(BadData, match="schema 1, given 99"):
        read_results(tmp_path / "r.json")


def test_results_are_written_through_a_link(tmp_path: Path) -> None:
    write_results([row("a", 0.25)], tmp_path / "good.json")
    words = ["merge", str(tmp_path / "good.json"), "--out", str(tmp_path / "link")]
    (tmp_path / "link").symlink_to("there.parquet")
    assert CliRunner().invoke(cli, words).exit_code == 0
    assert (tmp_path / "link").is_symlink()
    assert read_results(tmp_path / "there.parquet") == [row("a", 0.25)]


def test_a_board_is_written_through_a_link(tmp_path: Path) -> None:
    write_results([row("a", 0.25)], tmp_path / "r.json")
    (tmp_path / "link").symlink_to("page.html")
    words = ["board", str(tmp_path / "r.json"), "--out", str(tmp_path / "link")]
    assert CliRunner().invoke(cli, words).exit_code == 0
    assert (tmp_path / "link").is_symlink()
    assert "<table" in (tmp_path / "page.html").read_text()


def test_one_address_with_two_scores_is_a_conflict_that_keeps_both() -> None:
    rows, conflicts = merge({"A": [row("a", 0.25), row("b", 0.5)], "B": [row("a", 0.26)]})
    assert [r["top1"] for r in rows] == [0.25, 0.26, 0.5]
    assert conflicts[0].scores == (("A", 0.25), ("B", 0.26))
    assert merge({"A": [row("a", 0.25)], "B": [row("a", 0.25)]}) == ([row("a", 0.25)], [])


def test_the_interval_and_the_verdict_of_known_numbers() -> None:
    rows = [row("a", 0.24, 0), row("b", 0.26, 1), row("c", 0.25, 2)]
    (line,) = lines_of(rows, [claim(26.0)])
    assert line.value == pytest.approx(25)
    assert line.half == pytest.approx(4.302653 / 3**0.5, rel=1e-5)
    assert line.verdict == "agrees"
    assert lines_of(rows, [claim(40.0)])[0].verdict == "differs"
    assert lines_of(rows[:1], [claim(40.0)])[0].verdict == "one seed: no verdict"


def test_the_page_stands_alone_and_escapes() -> None:
    rows, conflicts = merge({"A": [row("a", 0.25)], "B": [row("a", 0.26)]})
    page = board_html(rows, [claim(26.0)], conflicts, ["A", "B"])
    assert "Conflicts" in page
    assert "&lt;r&gt;" in page
    assert "<r>" not in page
    assert "http" not in page


def test_the_ledger_can_be_read_and_a_bad_line_is_named(tmp_path: Path) -> None:
    assert len(read_claims(ROOT / "reports/published/claims.csv")) == 2
    bad = tmp_path / "c.csv"
    bad.write_text(",".join(COLUMNS) + "\ndc,cifar10,one,e,s,1,,paper,x,\n")
    with pytest.raises(BadData, match="line 2"):
        read_claims(bad)
