"""Equal bits, the look audit and the flip study: tables of made-up cells, by hand."""

from collections.abc import Mapping, Sequence

import pandas as pd
import pytest

from reports.numbers.info import Contrast, RowInfo, StudyInfo
from reports.pages.build import build
from reports.pages.sections import Page, page_of
from reports.tables.entries import Table
from reports.tables.flip_table import tau

Scores = Mapping[str, Sequence[float]]  # row -> accuracy by seed


def cells(scores: Scores, **more: object) -> list[dict[str, object]]:
    shared = {"dataset": "digits", "ipc": 1, "student": "c", "evaluator": "fkd", "profile": "quick"}
    return [
        {**shared, "row": row, "distiller": row.lower(), "seed": seed, "top1": top1, **more}
        for row, values in scores.items()
        for seed, top1 in enumerate(values)
    ]


def table(page: Page, key: str) -> Table:
    (found,) = [t for t in page.tables if t.key == key]
    return found


def texts(found: Table) -> list[list[str]]:
    return [[entry.text for entry in line.entries] for line in found.lines]


def audit() -> pd.DataFrame:
    rows = cells({"WMDD": (0.80, 0.84, 0.82)}, evaluator="looks", looks=30)
    gains = ((0.01, 0.02), (0.0, 0.04), (-0.01, 0.03))
    for cell, (chosen, oracle) in zip(rows, gains, strict=True):
        top1 = float(str(cell["top1"]))
        cell |= {"top1_validation": top1 + chosen, "top1_oracle_test": top1 + oracle}
        cell |= {"epoch_validation": 100, "epoch_oracle_test": 250}
    return pd.DataFrame(rows)


def test_looks_are_differences_between_epochs_of_the_same_students() -> None:
    found = table(page_of(StudyInfo("s", "S"), audit()), "looks")
    (line,) = texts(found)
    # differences of 1, 0 and -1 points: std 1, sem 0.577, t(2) = 4.303
    assert line[:5] == ["WMDD", "82.0", "[77.0, 87.0]", "0.0", "[-2.5, +2.5]"]
    assert line[5:9] == ["+3.0", "[+0.5, +5.5]", "+3.0", "[-1.3, +7.3]"]
    assert line[9:] == ["100 / 250", "3"]
    assert "oracle (test) - last" in [c.name for c in found.columns]
    assert "30 looks" in found.notes[0]


def test_the_row_s_score_stays_that_of_the_last_epoch() -> None:
    page = page_of(StudyInfo("s", "S"), audit())
    assert page.sections[0].results[0].lines[0].entries[1].text == "82.0 ± 2.0"


def test_a_study_without_an_audit_has_no_such_table() -> None:
    page = page_of(StudyInfo("s", "S"), pd.DataFrame(cells({"WMDD": (0.8, 0.9)})))
    assert "looks" not in [t.key for t in page.tables]


def bits() -> pd.DataFrame:
    """Soft labels at IPC 1 take 1000 bytes; hard labels 100, 900 and 1100 at IPC 1, 9 and 11."""
    hard = {"evaluator": "hard-label", "label_bytes": 0}
    parts = (
        cells({"WMDD": (0.8, 0.7)}, image_bytes=100, label_bytes=900, updates=30),
        cells({"WMDD": (0.5, 0.5)}, image_bytes=100, updates=30, **hard),
        cells({"WMDD": (0.7, 0.5)}, image_bytes=900, updates=60, ipc=9, **hard),
        cells({"WMDD": (0.9, 0.9)}, image_bytes=1100, ipc=11, **hard),
        cells({"Full": (0.9, 0.9)}, image_bytes=10, **hard),
    )
    return pd.DataFrame([cell for part in parts for cell in part])


def test_stored_labels_stand_beside_the_most_hard_images_that_their_bytes_hold() -> None:
    recipes = {"r": {"squeeze.arch": "convnet3"}}
    found = table(page_of(StudyInfo("s", "S", recipes=recipes), bits()), "bits-digits")
    (line,) = texts(found)
    assert line[:5] == ["WMDD", "fkd", "1", "1.0 kB", "75.0 ± 7.1"]
    assert line[5:9] == ["hard-label", "9", "900 B", "60.0 ± 14.1"]
    assert line[9] == "+15.0"
    assert line[11:] == ["2", "30 / 60"]
    assert "convnet3" in found.notes[0]


def test_the_figure_of_bits_is_on_the_page_and_a_file() -> None:
    files = build(StudyInfo("s", "S"), bits()).files
    assert files["figures/bits-digits.png"].startswith(b"\x89PNG")
    assert "digits · equal bits" in files["report.html"].decode()
    assert b"numbers are IPC" in files["figures/bits-digits.svg"]


def test_protocols_that_differ_in_more_than_labels_are_not_set_at_equal_bits() -> None:
    frame = bits().assign(protocol="x")
    assert page_of(StudyInfo("s", "S"), frame).sections[0].bits is None


def test_hard_labels_alone_are_no_regimes_to_compare() -> None:
    frame = bits()
    page = page_of(StudyInfo("s", "S"), frame[frame["evaluator"] != "fkd"])
    assert page.sections[0].bits is None


CONTRAST = Contrast("A - B", "A", "B")
ROWS = (RowInfo("A", distiller="a"), RowInfo("B", distiller="b"), RowInfo("C", distiller="c"))


def flip(second: Scores) -> Page:
    first = {"A": (0.9, 0.92, 0.91), "B": (0.7, 0.71, 0.72), "C": (0.5, 0.5, 0.53)}
    frame = pd.DataFrame(
        [
            *cells(first, protocol="sre2l", recipe="x/sre2l"),
            *cells(second, protocol="rded", recipe="x/rded"),
        ]
    )
    return page_of(StudyInfo("s", "S", rows=ROWS, contrasts=(CONTRAST,)), frame)


REVERSED = {"A": (0.5, 0.51, 0.53), "B": (0.7, 0.71, 0.72), "C": (0.9, 0.91, 0.92)}


def test_ranks_and_the_spread_stand_under_each_protocol() -> None:
    found = table(flip(REVERSED), "ranks-digits-ipc1")
    assert [c.name for c in found.columns] == ["row", "sre2l", "rded"]
    assert texts(found)[:3] == [
        ["A", "91.0 (1)", "51.3 (3)"],
        ["B", "71.0 (2)", "71.0 (2)"],
        ["C", "51.0 (3)", "91.0 (1)"],
    ]
    # by seed 40, 42 and 38 points: mean 40, half-width 4.303 * 2 / sqrt(3)
    assert texts(found)[3] == ["spread, points", "40.0 [35.0, 45.0]", "39.7 [38.2, 41.1]"]


def test_tau_is_one_for_the_same_order_and_minus_one_for_the_reverse() -> None:
    assert tau([1, 2, 3], [10, 20, 30]) == 1
    assert tau([1, 2, 3], [3, 2, 1]) == -1
    assert tau([1, 2, 3], [1, 3, 2]) == pytest.approx(1 / 3)  # two pairs agree, one does not
    assert tau([1, 1], [1, 2]) is None
    (line,) = texts(table(flip(REVERSED), "tau-digits-ipc1"))
    assert line == ["sre2l / rded", "-1.00", "-1.00", "[-1.00, -1.00]", "3"]


@pytest.mark.parametrize(
    ("second", "reading"),
    [
        (REVERSED, "turns over"),
        ({"A": (0.8, 0.82, 0.84), "B": (0.7, 0.71, 0.72), "C": (0.5, 0.5, 0.5)}, "holds"),
        ({"A": (0.5, 0.9, 0.6), "B": (0.7, 0.7, 0.7), "C": (0.5, 0.5, 0.5)}, "sign differs"),
        (
            {"A": (0.6, 0.9, 0.7), "B": (0.7, 0.7, 0.7), "C": (0.5, 0.5, 0.5)},
            "same sign, decided by some",
        ),
    ],
)
def test_a_conclusion_turns_over_only_where_it_is_decided_both_ways(
    second: Scores, reading: str
) -> None:
    (line,) = texts(table(flip(second), "flips-digits-ipc1"))
    assert line[0] == "A - B"
    assert line[-1] == reading


def test_a_study_with_one_protocol_has_no_ranks() -> None:
    frame = pd.DataFrame(cells({"A": (0.9, 0.8)}, protocol="sre2l"))
    assert not [t for t in page_of(StudyInfo("s", "S"), frame).tables if t.key.startswith("ranks")]


def test_the_lines_of_a_row_stand_together_whatever_its_regimes() -> None:
    soft = {"image_bytes": 100, "label_bytes": 900}
    hard = {"image_bytes": 100, "label_bytes": 0, "evaluator": "hard-label"}
    both = {"A": (0.8, 0.7), "B": (0.6, 0.5)}
    parts = (cells(both, **soft), cells(both, **{**soft, "evaluator": "soft-label"}))
    frame = pd.DataFrame([cell for part in (*parts, cells(both, **hard)) for cell in part])
    found = table(page_of(StudyInfo("s", "S", rows=ROWS), frame), "bits-digits")
    assert [line[0] for line in texts(found)] == ["A", "A", "B", "B"]
