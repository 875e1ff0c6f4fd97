"""`bench compare`: two reports against each other, wherever they lie."""

import csv
from io import StringIO
from pathlib import Path

import pytest
from cli_runs import Bench, Invoke

REPORT = "tiny-smoke"


@pytest.fixture
def reports(tiny_ran: Bench) -> Path:
    return tiny_ran.store / "reports"


def changed(reports: Path, folder: Path, gain: float) -> Path:
    """A copy of the report, each accuracy higher by a gain, of another study and recipe."""
    copy = folder / "report.csv"
    with (reports / REPORT / "report.csv").open(newline="", encoding="utf-8") as lines:
        found = list(csv.DictReader(lines))
    with copy.open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, found[0].keys())
        writer.writeheader()
        for row in found:
            top1 = str(float(row["top1"]) + gain)
            writer.writerow(row | {"top1": top1, "recipe": "other", "address": "0" * 32})
    return copy


def test_a_report_equals_itself(invoke: Invoke, reports: Path) -> None:
    ended = invoke("compare", REPORT, str(reports / REPORT), "--store", str(reports.parent))
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(f"A: {reports / REPORT}/report.csv, 6 of 6 cells, smoke, cpu\n")
    assert ended.out.count("nothing: same addresses") == 3


def test_a_gain_of_every_seed_is_the_difference(
    invoke: Invoke, reports: Path, bench: Bench
) -> None:
    better = changed(reports, bench.folder, -0.02)
    ended = invoke("compare", str(reports / REPORT), str(better), "--format", "csv")
    lines = list(csv.DictReader(StringIO(ended.out)))
    assert [line["row"] for line in lines] == ["barycenter", "statistics", "chance"]
    assert {line["difference"] for line in lines} == {"+2.0"}
    assert {line["n"] for line in lines} == {"2"}
    assert all(line["what changed"].startswith("recipe wmdd-code") for line in lines)


def test_rows_of_several_studies_stay_apart(invoke: Invoke, reports: Path, bench: Bench) -> None:
    text = (reports / REPORT / "report.csv").read_text()
    header, *lines = text.splitlines(keepends=True)
    both = bench.folder / "report.csv"
    both.write_text(
        "".join([header, *lines, *(line.replace("tiny", "other", 1) for line in lines)])
    )
    shown = invoke("compare", str(both), str(reports / REPORT)).out
    assert shown.count("tiny: ") == shown.count("other: ") == 3
    assert shown.count("only in one run") == 3


@pytest.mark.parametrize(("kind", "mark"), [("md", "| row |"), ("latex", r"\toprule")])
def test_it_goes_to_a_file_in_any_format(
    kind: str, mark: str, invoke: Invoke, reports: Path, bench: Bench
) -> None:
    command = ("compare", str(reports / REPORT), str(reports / REPORT), "--format", kind)
    printed = invoke(*command)
    assert mark in printed.out
    saved = invoke(*command, "--out", "comparison.txt")
    assert (saved.code, saved.out) == (0, "")
    assert (bench.folder / "comparison.txt").read_text() == printed.out


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("tiny-smok", "did you mean 'tiny-smoke'?"),
        ("tiny.py", "expected the report.csv of a report"),
        ("numbers.csv", "with columns study and row, given a, b"),
    ],
)
def test_what_is_no_report_is_refused_in_one_line(
    name: str, expected: str, invoke: Invoke, reports: Path, bench: Bench
) -> None:
    (bench.folder / "numbers.csv").write_text("a,b\n1,2\n")
    ended = invoke("compare", name, REPORT, "--store", str(reports.parent))
    assert (ended.code, ended.out) == (2, "")
    assert expected in ended.err
    assert ended.err.count("\n") == 1
