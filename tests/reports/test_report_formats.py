"""Every format prints the same numbers, and none is broken by what users type."""

import csv
import re
import shutil
import subprocess
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest
from report_frames import ablation_frame, ablation_info, digit_grid, spoil
from waiting import LIMIT

from reports.formats.console import terminal
from reports.formats.latex import escape as latex_escape
from reports.formats.markdown import escape as markdown_escape
from reports.formats.markdown import fenced
from reports.numbers.info import RowInfo, StudyInfo
from reports.pages.build import Report, build
from reports.pages.sections import page_of
from reports.tables.entries import (
    Column,
    Line,
    Table,
    duration,
    estimate,
    fixed,
    interval,
    probability,
    size,
    text,
)

HOSTILE = '<script>alert(1)</script> & 100% _x_ $\\frac{1}{2}$ #1 {a} ~^ | `b` "q" [c](d) *e* λ 数'
NUMBER = re.compile(r"[+-]?\d+\.\d+")


class Cells(HTMLParser):
    """Texts of all table cells of a page, tables apart."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: list[list[str]] = []
        self.open: list[list[str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.tables.append([])
            self.open.append(self.tables[-1])
        if tag == "td":
            self.open[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "table":
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1]:
            self.open[-1][-1] += data


@pytest.fixture(scope="module")
def report() -> Report:
    frame = spoil(ablation_frame(("digits", "imagenette")))
    return build(ablation_info(), frame, {"Wass + PCBN · digits · ipc 10": digit_grid()})


def numbers(content: str) -> list[str]:
    return NUMBER.findall(content)


def results_of(row: str, report: Report) -> dict[str, list[str]]:
    """Format -> the decimal numbers of a row of the ImageNette results."""
    html = Cells()
    html.feed(report.files["report.html"].decode())
    cells = [t for table in html.tables if (t := "\t".join(table).replace("−", "-"))]
    table = next(c for c in cells if c.lstrip().startswith("Wass + PCBN") and "64.7" in c)
    flat = [part.strip() for part in table.split("\t")]
    at = flat.index(row)
    markdown = report.files["report.md"].decode().split("### imagenette")[1]
    latex = report.files["table.tex"].decode().partition("imagenette")[2].replace("$", "")
    console = report.terminal.split("imagenette · IPC 10")[1]
    lines = csv.reader(StringIO(report.files["table.csv"].decode()))
    line = next(c for c in lines if c[0].startswith("imagenette") and c[2] == row)
    return {
        "html": numbers(" ".join(flat[at : at + 8])),
        "markdown": numbers(next(m for m in markdown.splitlines() if m.startswith(f"| {row} |"))),
        "latex": numbers(next(t for t in latex.splitlines() if t.startswith(f"{row} &"))),
        "console": numbers(next(t for t in console.splitlines() if t.startswith(row))),
        "csv": numbers(" ".join(line[3:])),
    }


@pytest.mark.parametrize("row", ["Wass + PCBN", "CE + PCBN", "Wass + BN", "CE + BN"])
def test_all_formats_print_the_same_numbers(row: str, report: Report) -> None:
    found = results_of(row, report)
    assert len(found["csv"]) == 7  # mean, std, two ends, paper, its error, difference
    assert all(values == found["csv"] for values in found.values()), found


def test_table_csv_is_machine_readable(report: Report) -> None:
    table = pd.read_csv(StringIO(report.files["table.csv"].decode()))
    line = table[(table["row"] == "Wass + PCBN") & table["table"].str.startswith("imagenette")]
    frame = ablation_frame(("digits", "imagenette"))
    ours = frame[(frame["row"] == "Wass + PCBN") & (frame["dataset"] == "imagenette")]["top1"]
    assert float(line["top1_mean"].iloc[0]) == pytest.approx(100 * ours.mean(), abs=0.05)
    assert float(line["top1_std"].iloc[0]) == pytest.approx(100 * ours.std(), abs=0.05)
    assert line["paper_error_kind"].iloc[0] == "sem"


def test_report_csv_has_every_cell_as_stored(report: Report) -> None:
    frame = spoil(ablation_frame(("digits", "imagenette")))
    found = pd.read_csv(StringIO(report.files["report.csv"].decode()), keep_default_na=True)
    assert len(found) == len(frame)
    assert found["top1"].sum() == pytest.approx(frame["top1"].sum())


def test_same_frame_same_bytes(report: Report) -> None:
    frame = spoil(ablation_frame(("digits", "imagenette")))
    again = build(ablation_info(), frame, {"Wass + PCBN · digits · ipc 10": digit_grid()})
    assert again.files == report.files


def test_files_of_a_report(report: Report) -> None:
    assert {"report.html", "report.md", "report.csv", "report.tex"} < set(report.files)
    assert {"table.csv", "table.tex"} < set(report.files)
    assert "figures/accuracy-digits-ipc10-fkd-resnet18.svg" in report.files
    assert "grids/00-wass-pcbn-digits-ipc-10.png" in report.files


def test_links_in_markdown_exist(report: Report) -> None:
    links = re.findall(r"\]\((\S+?)\)", report.files["report.md"].decode())
    assert links
    assert set(links) <= set(report.files)


def test_metrics_for_a_tracker(report: Report) -> None:
    frame = spoil(ablation_frame(("digits", "imagenette")))
    ours = frame[(frame["row"] == "CE + BN") & (frame["dataset"] == "digits")]["top1"]
    assert report.metrics["top1_mean/ce-bn.digits.ipc10"] == pytest.approx(ours.mean())
    assert report.metrics["top1_n/wass-bn.digits.ipc10"] == 4
    assert (report.metrics["cells_done"], report.metrics["cells_failed"]) == (84, 2)
    assert all(re.fullmatch(r"[\w./-]+", name) for name in report.metrics)


def test_rows_of_one_slug_keep_both_metrics() -> None:
    lines = [
        {"row": row, "dataset": "d", "ipc": 1, "seed": 0, "top1": top1}
        for row, top1 in (("a + b", 0.5), ("a - b", 0.6))
    ]
    metrics = build(StudyInfo("s", "S"), pd.DataFrame(lines)).metrics
    assert metrics["top1_mean/a-b.d.ipc1"] == 0.5
    assert metrics["top1_mean/a-b.d.ipc1-2"] == 0.6


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (estimate(0.6312, 0.0044).text, "63.1 ± 0.4"),
        (estimate(0.5, None).text, "50.0"),
        (interval(-0.004, 0.021, signed=True).text, "[-0.4, +2.1]"),
        (interval(None, None).text, "–"),
        (fixed(-0.04), "0.0"),
        (fixed(0.04, signed=True), "0.0"),
        (probability(0.0625).text, "0.0625"),
        (probability(0.00001).text, "<0.0001"),
        (size(999).text, "999 B"),
        (size(56.58e9).text, "56.6 GB"),
        (duration(4.21).text, "4.2 s"),
        (duration(200).text, "3.3 min"),
        (duration(18720).text, "5.2 h"),
    ],
)
def test_how_numbers_are_printed(shown: str, expected: str) -> None:
    assert shown == expected


def test_terminal_aligns_columns() -> None:
    lines = (Line((text("数字"), estimate(0.5, 0.01)), "g"), Line((text("long name"), text("9.0"))))
    table = Table("k", "T", (Column("row", "text"), Column("top-1 %")), lines, ("± is std.",))
    assert terminal(table).splitlines() == [
        "T",
        "",
        "row           top-1 %",
        "─────────  ──────────",
        "[g]",
        "数字       50.0 ± 1.0",
        "long name         9.0",
        "",
        "± is std.",
    ]


def test_markdown_escapes() -> None:
    assert markdown_escape("a|b\n<c> *d*") == r"a\|b \<c\> \*d\*"


def test_latex_escapes() -> None:
    assert latex_escape("50% & $x_1$ {y}") == r"50\% \& \$x\_1\$ \{y\}"
    assert latex_escape("λ é ﬁ 数") == r"$\lambda$ é fi (U+6570)"


def hostile_report() -> Report:
    info = StudyInfo(
        "s", HOSTILE, HOSTILE, rows=(RowInfo(HOSTILE, HOSTILE),), warnings=(HOSTILE,),
        provenance={HOSTILE: HOSTILE}, command=HOSTILE, tracking_hint=HOSTILE,
    )  # fmt: skip
    named = dict.fromkeys(("recipe", "evaluator", "student", "device", "command"), HOSTILE)
    lines = [
        {"row": HOSTILE, "dataset": HOSTILE, "ipc": 1, "seed": seed, "top1": 0.5 + seed / 100}
        | named
        for seed in range(3)
    ]
    lines.append(lines[0] | {"seed": 3, "top1": None, "status": "failed", "error": HOSTILE})
    grids = {f"{HOSTILE} · {HOSTILE} · ipc 1": digit_grid()}
    return build(info, pd.DataFrame(lines), grids, {HOSTILE: [HOSTILE] * 10})


def test_hostile_labels_stay_text_in_html() -> None:
    page = hostile_report().files["report.html"].decode()
    assert page.count("<script>") == 1  # our own
    assert "&lt;script&gt;alert(1)" in page


def test_hostile_labels_do_not_break_tables_in_markdown() -> None:
    content = hostile_report().files["report.md"].decode()
    rows = [line for line in content.splitlines() if line.startswith("| ")]
    counts = [len(re.findall(r"(?<!\\)\|", line)) for line in rows]
    assert set(counts) == {6, 8}  # results and cells, without columns that would be blank
    outside = re.sub(r"```\n.*?\n```", "", content, flags=re.DOTALL)
    assert "<script>" not in outside


def test_a_command_cannot_leave_its_code_block() -> None:
    assert fenced("a ``` b") == "````\na ``` b\n````"
    assert fenced("bench run x") == "```\nbench run x\n```"


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
@pytest.mark.parametrize("hostile", [False, True])
def test_latex_compiles(hostile: bool, report: Report, tmp_path: Path) -> None:
    made = hostile_report() if hostile else report
    including = (
        b"\\documentclass{article}\\usepackage{booktabs,graphicx,textcomp}"
        b"\\begin{document}\\input{table.tex}\\end{document}"
    )
    for name, content in (("report.tex", made.files["report.tex"]), ("paper.tex", including)):
        (tmp_path / "table.tex").write_bytes(made.files["table.tex"])
        (tmp_path / name).write_bytes(content)
        run = subprocess.run(
            ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", name],
            cwd=tmp_path, capture_output=True, text=True, check=False, timeout=LIMIT,
        )  # fmt: skip
        assert run.returncode == 0, run.stdout[-1500:]


def test_a_study_without_any_cell_makes_a_report() -> None:
    made = build(ablation_info(), pd.DataFrame([]))
    assert "No cell of this study was run yet" in made.files["report.html"].decode()
    assert "No cell of this study was run yet" in made.terminal
    assert made.metrics["cells"] == 0


def test_single_seed_has_no_interval_anywhere() -> None:
    page = page_of(ablation_info(), ablation_frame(seeds=1))
    (table,) = page.sections[0].results
    assert all("±" not in entry.text for line in table.lines for entry in line.entries)
    readings = [line.entries[-1].text for line in page.analyses[0].lines]
    assert set(readings) == {"one pair: no interval"}
