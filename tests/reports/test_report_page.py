"""What the report says: no claim without an interval, order against the paper, provenance."""

import re
from dataclasses import replace
from math import exp

import pandas as pd
import pytest
from report_frames import ablation_frame, ablation_info, digit_grid, rows, spoil

from bench.core.errors import UnknownName
from reports.numbers.info import Contrast, RowInfo, StudyInfo
from reports.pages.build import build
from reports.pages.sections import Page, page_of
from reports.tables.entries import Entry, Table


def entries(table: Table, row: int) -> dict[str, Entry]:
    names = (column.name for column in table.columns)
    return dict(zip(names, table.lines[row].entries, strict=True))


def analysis(page: Page, key: str) -> Table:
    return next(table for table in page.analyses if table.key == key)


def two_rows(a: list[float], b: list[float], profile: str = "quick") -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "row": row, "dataset": "imagenette", "ipc": 10, "seed": seed, "top1": top1,
                "student": "resnet18", "profile": profile,
            }
            for row, values in (("a", a), ("b", b))
            for seed, top1 in enumerate(values)
        ]
    )  # fmt: skip


INFO = StudyInfo(
    "s",
    "S",
    paper_table="table4",
    rows=(RowInfo("a", paper_row="wass+pcbn"), RowInfo("b", paper_row="ce+pcbn")),
    contrasts=(Contrast("a - b", "a", "b"),),
)


@pytest.mark.parametrize(
    ("b", "reading", "tone", "sign"),
    [
        ([0.60, 0.61, 0.62, 0.63], "higher", "strong", "+1.2, same sign"),
        ([0.70, 0.71, 0.72, 0.73], "lower", "strong", "+1.2, opposite sign"),
        ([0.66, 0.64, 0.65, 0.66], "undecided: interval spans zero", "plain", "+1.2, undecided"),
    ],
)
def test_no_emphasis_when_the_interval_spans_zero(
    b: list[float], reading: str, tone: str, sign: str
) -> None:
    page = page_of(INFO, two_rows([0.65, 0.66, 0.65, 0.66], b))
    found = entries(analysis(page, "contrasts"), 0)
    assert found["reading"].text == reading
    assert found["difference, points"].tone == tone
    assert found["paper"].text == sign


def test_a_difference_that_holm_does_not_keep_says_so() -> None:
    """p is 0.025 alone; nine other contrasts were declared and not run."""
    more = tuple(RowInfo(f"r{i}", distiller="wmdd") for i in range(9))
    contrasts = (*INFO.contrasts, *(Contrast(r.label, "a", r.label) for r in more))
    info = StudyInfo("s", "S", rows=(*INFO.rows, *more), contrasts=contrasts)
    page = page_of(info, two_rows([0.60, 0.62, 0.61, 0.64], [0.59, 0.60, 0.605, 0.62]))
    found = entries(analysis(page, "contrasts"), 0)
    assert found["reading"].text == "undecided after Holm"
    assert found["nominal"].text == "higher"
    assert found["difference, points"].tone == "plain"


def test_order_against_the_paper_is_counted_in_pairs() -> None:
    page = page_of(ablation_info(), ablation_frame(("imagenette",)))
    notes = " ".join(page.sections[0].results[0].notes)
    assert "of 6 pairs of rows, 6 in its order, 0 against it" in notes


def test_at_reduced_scale_no_value_is_judged() -> None:
    quick = page_of(ablation_info(), ablation_frame(("imagenette",)))
    assert "verdict" not in {c.name for c in quick.sections[0].results[0].columns}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.646, 0.647, 0.648, 0.650], "consistent"),
        ([0.696, 0.697, 0.698, 0.700], "above the paper"),
        ([0.596, 0.597, 0.598, 0.600], "below the paper"),
        ([0.6], "too few seeds"),
    ],
)
def test_verdict_at_the_paper_s_scale(values: list[float], expected: str) -> None:
    page = page_of(INFO, two_rows(values, values, "paper"))
    assert entries(page.sections[0].results[0], 0)["verdict"].text.partition(",")[0] == expected


def test_other_data_sets_have_no_column_of_the_paper() -> None:
    page = page_of(ablation_info(), ablation_frame(("digits", "imagenette")))
    digits, imagenette = (section.results[0] for section in page.sections)
    assert not any("paper" in c.name for c in digits.columns)
    assert imagenette.lines[0].entries[4].text == "64.7 ± 0.2"
    assert imagenette.columns[4].name == "paper %, Table 4 (± sem, n 5)"


def test_the_paper_s_own_comparisons_are_reanalysed() -> None:
    table = analysis(page_of(ablation_info(), ablation_frame()), "printed")
    shown = [
        (line.entries[0].text, line.entries[1].text)
        for line in table.lines
        if line.group == "Wass - CE under PCBN"
    ]
    assert shown == [
        ("imagenette, IPC 10", "+1.2"),
        ("tiny-imagenet, IPC 10", "+0.8"),
        ("imagenet-1k, IPC 10", "+1.7"),
    ]


def test_effects_wait_for_the_whole_design() -> None:
    keys = [t.key for t in page_of(ablation_info(), ablation_frame()).analyses]
    assert keys == ["contrasts", "effects", "signs", "beside", "printed"]
    keys = [t.key for t in page_of(ablation_info(), spoil(ablation_frame())).analyses]
    assert keys == ["contrasts", "signs", "beside", "printed"]


def test_a_contrast_of_unknown_rows_is_named() -> None:
    info = StudyInfo("s", "S", contrasts=(Contrast("c", "a", "bb"),))
    with pytest.raises(UnknownName, match="row in contrast 'c' 'bb' — did you mean 'b'"):
        page_of(info, two_rows([0.5], [0.5]))


def test_several_settings_get_an_overview() -> None:
    page = page_of(ablation_info(), ablation_frame(ipcs=(1, 10)))
    overview = page.sections[0].overview
    assert overview is not None
    assert [c.name for c in overview.columns] == ["row", "IPC 1", "IPC 10"]
    assert re.fullmatch(r"\d\d\.\d ± \d\.\d \(5\)", overview.lines[0].entries[1].text)
    assert {line.group for line in analysis(page, "contrasts").lines} == {"IPC 1", "IPC 10"}


def test_scores_need_their_references() -> None:
    frame = ablation_frame()
    hard = frame.assign(evaluator="hard-label", top1=frame["top1"] - 0.05)
    both = page_of(ablation_info(), pd.concat([frame, hard])).sections[0].scores
    assert both is not None
    assert [c.name for c in both.columns] == [
        "row", "IOR, points", "95 % CI of IOR", "HLR, points", "95 % CI of HLR", "n", "LRS",
        "95 % CI of LRS",
    ]  # fmt: skip
    soft_only = page_of(ablation_info(), frame).sections[0].scores
    assert soft_only is not None
    assert [c.name for c in soft_only.columns] == ["row", "IOR, points", "95 % CI of IOR", "n"]
    without = frame[frame["distiller"] != "random"]
    assert page_of(ablation_info(), without).sections[0].scores is None


def test_the_augmentation_robust_score_needs_hard_labels_augmented_and_not() -> None:
    """Gains over random of 0.1 with and of 0.3 without augmentation: ARS of their mean, 0.2."""
    point = {"dataset": "digits", "ipc": 1, "seed": 0, "student": "c", "profile": "quick"}
    rows = [
        {**point, "row": row, "distiller": distiller, "evaluator": evaluator, "top1": top1}
        for row, distiller, evaluator, top1 in (
            ("WMDD", "wmdd", "hard-label", 0.6),
            ("Random", "random", "hard-label", 0.5),
            ("WMDD", "wmdd", "hard-label-plain", 0.7),
            ("Random", "random", "hard-label-plain", 0.4),
        )
    ]
    table = page_of(StudyInfo("s", "S"), pd.DataFrame(rows)).sections[0].scores
    assert table is not None
    assert [c.name for c in table.columns] == ["row", "IOR, points", "n", "ARS"]
    expected = (exp(0.2) - exp(-1)) / (exp(1) - exp(-1))
    assert {line.entries[-1].text for line in table.lines} == {f"{expected:.3f}"}


def test_label_bytes_are_weighed_against_images() -> None:
    storage = page_of(ablation_info(), ablation_frame()).sections[0].storage
    assert storage is not None
    found = entries(storage, 0)
    assert found["images"].text == "110.0 kB"
    assert found["soft labels"].text == "1.4 MB"
    # 10 images per class and 1350 kB of labels at 11 kB per image and class.
    assert found["IPC at equal bytes"].text == "132.7"


def test_wall_time_per_stage() -> None:
    times = page_of(ablation_info(), ablation_frame()).sections[0].times
    assert times is not None
    found = entries(times, 0)
    assert (found["recover"].text, found["own"].text, found["total"].text) == (
        "9.0 s", "14.9 s", "37.5 s",
    )  # fmt: skip


def test_minimal_columns_make_a_whole_report() -> None:
    frame = ablation_frame()[["row", "dataset", "ipc", "seed", "top1"]]
    files = build(ablation_info(), frame).files
    assert b"Wass + PCBN" in files["report.html"]
    assert not any(name.startswith("figures/cost") for name in files)


@pytest.fixture(scope="module")
def html() -> str:
    grids = {f"{row.label} · digits · ipc 10": digit_grid() for row in rows()[:2]}
    frame = spoil(ablation_frame(("digits", "imagenette")))
    return build(ablation_info(), frame, grids).files["report.html"].decode()


def test_the_page_loads_nothing_from_outside(html: str) -> None:
    assert "http://" not in html
    assert "https://" not in html
    assert re.findall(r'(?:src|href)="(?!#|data:)[^"]*"', html) == []
    assert re.findall(r"url\((?!#)", html) == []
    assert "@import" not in html


def test_every_cell_can_be_traced(html: str) -> None:
    for address in ablation_frame(("digits", "imagenette"))["address"]:
        assert f'title="{address}"' in html
    assert "bench run ablation --profile quick --set dataset=imagenette" in html
    assert "wmdd-code·quick@3fa21c" in html


def test_a_failure_is_told_where_it_happened(html: str) -> None:
    assert "failed: recover: loss is not finite at step 412" in html


def test_images_and_tabs_are_in_the_page(html: str) -> None:
    assert html.count('src="data:image/webp;base64,') == 2
    assert html.count('role="tab"') == 2


def test_one_data_set_needs_no_tabs() -> None:
    page = build(ablation_info(), ablation_frame()).files["report.html"].decode()
    assert 'role="tab"' not in page


def test_equal_results_are_called_identical() -> None:
    frame = ablation_frame()
    twin = frame["row"] == "Wass + PCBN"
    frame.loc[frame["row"] == "CE + PCBN", "top1"] = frame.loc[twin, "top1"].to_numpy()
    (table,) = (t for t in page_of(ablation_info(), frame).analyses if t.key == "contrasts")
    by_label = {line.entries[0].text: line.entries[-1].text for line in table.lines}
    assert by_label["Wass - CE under PCBN"] == "identical"
    assert f"Holm over the {len(table.lines)} declared comparisons" in table.notes[0]


def test_the_teacher_stands_beside_the_papers() -> None:
    frame = ablation_frame().assign(teacher_top1=0.7, dataset="imagenette")
    (section,) = page_of(ablation_info(), frame).sections
    assert "Teacher: 70.0 % (the paper's: 89.9 %)." in " ".join(section.results[0].notes)


def test_table_5_has_the_papers_hours_at_the_ipc_of_the_same_rank() -> None:
    info = StudyInfo(
        "table5", "Table 5", paper_table="table5", rows=(RowInfo("WMDD", "", "wmdd", "wmdd"),)
    )
    lines = [
        {"row": "WMDD", "dataset": "digits", "ipc": ipc, "seed": 0, "evaluator": "fkd",
         "student": "convnet3", "top1": 0.5, "profile": "quick",
         "seconds_barycenter": 1.5, "seconds_recover": 3.0}
        for ipc in (1, 2, 5)
    ]  # fmt: skip
    (table,) = (t for t in page_of(info, pd.DataFrame(lines)).analyses if t.key == "hours")
    assert [line.entries[-1].text for line in table.lines] == ["0.71", "2.3", "5.27"]
    assert [line.entries[1].text for line in table.lines] == ["1.5 s"] * 3


def told(info: StudyInfo, frame: pd.DataFrame) -> str:
    """The part of a page's first sentence that says what is decided."""
    return page_of(info, frame).synopsis.partition("(n = ")[2].partition("); ")[2]


def test_the_first_sentence_counts_clean_comparisons_and_says_which_are_not_clean() -> None:
    frame, info = ablation_frame(), ablation_info()
    means = 100 * frame.groupby("row")["top1"].mean()
    mixed = [c for c in info.contrasts if "clean" not in c.label]
    named = ", ".join(f"{c.label} +{means[c.a] - means[c.b]:.1f}" for c in mixed)
    assert told(info, frame) == (
        f"0 of 1 clean comparisons decided after Holm; not clean, 3 of 3 others ({named})."
    )
    better = frame["row"] == "clean Wass + BN"
    frame.loc[better, "top1"] += 0.03
    assert told(info, frame).startswith(
        "1 of 1 clean comparisons decided after Holm (Wass - CE under BN (clean) +"
    )


def test_a_study_without_clean_rows_counts_all_that_it_declares() -> None:
    """Nothing is decided of the first, and nothing is said of what is not clean."""
    same = two_rows([0.65, 0.66, 0.65, 0.66], [0.66, 0.64, 0.65, 0.66])
    assert told(INFO, same) == "0 of 1 declared comparisons decided after Holm."
    lower = two_rows([0.65, 0.66, 0.65, 0.66], [0.60, 0.61, 0.62, 0.63])
    assert told(INFO, lower) == "1 of 1 declared comparisons decided after Holm (a - b +4.0)."


def test_a_released_row_that_is_a_clean_one_counts_as_clean() -> None:
    """Under a recipe in which both are the same artifacts, their contrast is one comparison."""
    frame, info = ablation_frame(), ablation_info()
    for released, clean in (("Wass + BN", "clean Wass + BN"), ("CE + BN", "clean CE + BN")):
        mine, twin = frame["row"] == released, frame["row"] == clean
        frame.loc[mine, ["top1", "address"]] = frame.loc[twin, ["top1", "address"]].to_numpy()
    extra = Contrast("Wass - CE under BN", "Wass + BN", "CE + BN")
    both = replace(info, contrasts=(extra, *info.contrasts))
    assert told(both, frame).startswith("0 of 1 clean comparisons")
    assert ", 3 of 3 others" in told(both, frame)
