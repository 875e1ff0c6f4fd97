"""Holm runs over what was declared; equal artifacts are one hypothesis; clean signs count."""

from dataclasses import replace

import pandas as pd
import pytest
from report_frames import ablation_frame, ablation_info

from reports.numbers.cells import cells_of
from reports.numbers.family import comparisons, family_size
from reports.numbers.info import Contrast, RowInfo, StudyInfo
from reports.numbers.statistics import difference_of
from reports.numbers.summary import summarise
from reports.pages.sections import page_of
from reports.tables.glance import signs_of

ROWS = tuple(RowInfo(name, distiller="wmdd") for name in "abcd")
INFO = StudyInfo(
    "s", "S", rows=ROWS, contrasts=(Contrast("a - b", "a", "b"), Contrast("c - d", "c", "d"))
)
VALUES = {"a": (0.60, 0.63, 0.61), "b": (0.55, 0.56, 0.57), "c": (0.5, 0.6, 0.7), "d": (0.4,) * 3}


def frame(**addresses: str) -> pd.DataFrame:
    """Rows of three seeds; the given ones have the addresses of another row."""
    return pd.DataFrame(
        [
            {
                "row": row, "dataset": "digits", "ipc": 1, "seed": seed, "evaluator": "fkd",
                "student": "c", "top1": top1, "address": f"{addresses.get(row, row)}{seed}",
                "profile": "quick", "teacher": 0,
            }
            for row, values in VALUES.items()
            for seed, top1 in enumerate(values)
        ]
    )  # fmt: skip


def test_a_partial_run_adjusts_over_the_whole_declared_family() -> None:
    data = frame()
    whole = comparisons(INFO, summarise(INFO, cells_of(data)))
    late = data["row"] == "d"
    data.loc[late, "top1"], data["status"] = None, "ok"
    data.loc[late, "status"] = "not run"
    partial = comparisons(INFO, summarise(INFO, cells_of(data)))
    p = difference_of([0.05, 0.07, 0.04]).p
    assert p is not None
    assert family_size(whole) == family_size(partial) == 2
    assert partial[0].adjusted == pytest.approx(2 * p)
    assert partial[1].adjusted is None
    assert whole[0].adjusted == pytest.approx(2 * p)


def test_contrasts_over_equal_addresses_count_once_in_either_direction() -> None:
    info = replace(INFO, contrasts=(*INFO.contrasts, Contrast("twin", "d", "c")))
    data = frame(c="a", d="b")
    for twin, row in (("c", "a"), ("d", "b")):
        data.loc[data["row"] == twin, "top1"] = data.loc[data["row"] == row, "top1"].to_numpy()
    found = comparisons(info, summarise(info, cells_of(data)))
    assert family_size(found) == 1
    assert len({c.adjusted for c in found}) == 1
    assert found[0].difference is not None
    assert found[0].adjusted == found[0].difference.p


def test_signs_are_counted_from_clean_contrasts_alone() -> None:
    page = page_of(ablation_info(), ablation_frame(("imagenette",)))
    (table,) = (t for t in page.analyses if t.key == "contrasts")
    at = [column.name for column in table.columns].index("paper")
    words = {line.entries[0].text: line.entries[at].parts[-1] for line in table.lines}
    assert words["Wass - CE under PCBN"] == "not clean"
    assert words["Wass - CE under BN (clean)"] in {"same sign", "opposite sign", "undecided"}
    assert sum(signs_of(page)[word] for word in ("same sign", "opposite sign", "open")) == 1


def test_lambda_stands_beside_every_row_and_both_of_a_contrast() -> None:
    data = frame().assign(bn_weight=lambda d: d["row"].map({"a": 10.0, "b": 0.01}))
    page = page_of(INFO, data)
    results = page.sections[0].results[0]
    assert [line.entries[1].text for line in results.lines] == ["10", "0.01", "", ""]
    (table,) = (t for t in page.analyses if t.key == "contrasts")
    assert table.columns[1].name == "λ"
    assert [line.entries[1].text for line in table.lines] == ["10 / 0.01", ""]
    assert "λ" not in [c.name for c in page_of(INFO, frame()).sections[0].results[0].columns]


def test_several_teachers_count_once_each_and_the_note_says_what_is_left_out() -> None:
    """Two sets under each of three teachers: n = 3, by the teachers' means."""
    data = pd.concat([frame().assign(teacher=t, seed=lambda d, t=t: d["seed"] + 3 * t)
                      for t in range(3)])  # fmt: skip
    data["address"] = data["row"] + data["seed"].astype(str)
    page = page_of(INFO, data)
    (section,) = page.sections
    assert section.summaries[0].sample is not None
    assert section.summaries[0].sample.n == 3
    assert "leaves out that of the test images" in section.results[0].notes[0]
    assert section.variance is not None
    assert section.variance.lines[0].entries[2].text == "3 / 9 / 9"
    assert "another teacher would change" in page_of(INFO, frame()).sections[0].results[0].notes[0]


def test_rows_that_draw_nothing_say_whose_spread_it_is() -> None:
    info = replace(INFO, rows=(replace(ROWS[0], seeded=False), *ROWS[1:]))
    notes = page_of(info, frame()).sections[0].results[0].notes
    assert notes[1].startswith("a: nothing is drawn")
    assert notes[1].endswith("the spread is the student's alone.")


def test_hard_label_numbers_are_another_protocol() -> None:
    rows = (RowInfo("WMDD", "", "wmdd", "wmdd"), RowInfo("Random", "", "random", "random"))
    info = StudyInfo(
        "t", "T", paper_table="table1", rows=rows, contrasts=(Contrast("gap", "WMDD", "Random"),)
    )
    data = pd.DataFrame(
        [
            {"row": r.label, "dataset": "imagenette", "ipc": 10, "seed": s, "evaluator": "fkd",
             "student": "resnet18", "top1": 0.6 + 0.01 * s - 0.1 * i, "profile": "paper"}
            for i, r in enumerate(rows) for s in range(3)
        ]
    )  # fmt: skip
    page = page_of(info, data)
    table = page.sections[0].results[0]
    names = [column.name for column in table.columns]
    shown = [dict(zip(names, line.entries, strict=True)) for line in table.lines]
    assert shown[0]["paper's protocol"].text == "resnet18, soft labels, 224 px"
    assert shown[1]["paper's protocol"].text == "convnet, hard labels, 128 px"
    assert (shown[1]["verdict"].text, shown[1]["ours - paper"].text) == ("another protocol", "–")
    (contrasts,) = (t for t in page.analyses if t.key == "contrasts")
    assert "another protocol" in [e.text for e in contrasts.lines[0].entries]
