"""Digits stand beside the paper by order and sign, never by value."""

from dataclasses import replace

import pandas as pd
import pytest

from reports.numbers.cells import cells_of
from reports.numbers.counterparts import matches
from reports.numbers.info import Contrast, RowInfo, StudyInfo
from reports.numbers.summary import Summary, summarise
from reports.tables.stand_ins import beside_table, order_words, signs_table

ROWS = (
    RowInfo("WMDD", "distilled", "wmdd", "wass+pcbn"),
    RowInfo("CE + PCBN", "distilled", "ce-pcbn", "ce+pcbn"),
    RowInfo("Wass + BN", "distilled", "wass-bn", "wass+bn"),
    RowInfo("CE + BN", "distilled", "sre2l", "ce+bn"),
)
INFO = StudyInfo(
    "ablation",
    "A",
    paper_table="table4",
    rows=ROWS,
    contrasts=(
        Contrast("Wass - CE under PCBN", "WMDD", "CE + PCBN"),
        Contrast("Wass - CE under BN", "Wass + BN", "CE + BN"),
    ),
)


def frame(means: dict[str, float], dataset: str = "digits", ipc: int = 2) -> pd.DataFrame:
    """Three seeds whose differences between rows hardly vary."""
    return pd.DataFrame(
        [
            {
                "row": row.label,
                "group": row.group,
                "distiller": row.distiller,
                "dataset": dataset,
                "ipc": ipc,
                "seed": seed,
                "evaluator": "fkd",
                "student": "convnet3",
                "top1": means[row.label] + 0.01 * seed + 0.001 * (seed == 1) * index,
                "profile": "quick",
                "paper_row": row.paper_row,
            }
            for index, row in enumerate(ROWS)
            for seed in range(3)
        ]
    )


def summaries(*means: float, dataset: str = "digits", ipc: int = 2) -> tuple[Summary, ...]:
    named = dict(zip([row.label for row in ROWS], means, strict=True))
    return summarise(INFO, cells_of(frame(named, dataset, ipc)))


def test_the_smallest_ipc_stands_for_the_papers_smallest() -> None:
    found = summaries(0.6, 0.5, 0.4, 0.3)
    assert [match.ipc for match in matches(INFO, found).values()] == [10]


@pytest.mark.parametrize(
    ("means", "expected"),
    [
        ((0.6, 0.5, 0.4, 0.3), ["same sign", "open"]),
        ((0.5, 0.6, 0.4, 0.3), ["opposite sign", "open"]),
        ((0.6, 0.6, 0.4, 0.3), ["open", "open"]),
    ],
)
def test_a_contrast_has_the_papers_sign_or_not(
    means: tuple[float, ...], expected: list[str]
) -> None:
    """Under BN the paper itself is divided: +6.5 on ImageNette, negative on the other two."""
    table = signs_table(INFO, summaries(*means))
    assert table is not None
    assert [line.entries[-1].text for line in table.lines] == expected
    assert table.lines[0].entries[-2].text == "+1.2, +0.8, +1.7"
    assert table.lines[1].entries[-2].text == "+6.5, -1.4, -9.1"


def test_rows_stand_beside_all_that_the_paper_prints() -> None:
    table = beside_table(INFO, summaries(0.6, 0.5, 0.4, 0.3))
    assert table is not None
    assert [column.name for column in table.columns[2:5]] == [
        "paper: imagenette",
        "paper: tiny-imagenet",
        "paper: imagenet-1k",
    ]
    first = table.lines[0]
    assert [entry.text for entry in first.entries[2:5]] == [
        "64.7 ± 0.2",
        "41.8 ± 0.1",
        "38.1 ± 0.1",
    ]
    assert first.entries[-1].text == "3 agree"


def test_a_missing_row_has_no_verdict() -> None:
    found = summaries(0.6, 0.5, 0.4, 0.3)
    (match,) = matches(INFO, found).values()
    pair = frozenset({"WMDD", "CE + PCBN"})
    assert order_words(found, match)[pair] == "agree"
    gone = frame({row.label: 0.5 for row in ROWS}).assign(status="ok")
    gone.loc[gone["row"] == "CE + PCBN", ["top1", "status"]] = [None, "not run"]
    missing = summarise(INFO, cells_of(gone))
    assert order_words(missing, match)[pair] == ""


def test_the_papers_own_data_set_needs_no_stand_in() -> None:
    named = {row.label: 0.5 for row in ROWS}
    data = frame(named, "imagenette", 10).assign(student="resnet18")
    found = summarise(INFO, cells_of(data))
    assert found[0].paper is not None
    assert signs_table(INFO, found) is None
    assert beside_table(INFO, found) is None


def test_another_resolution_stands_beside_its_own_data_set_alone() -> None:
    """ImageNette at 64 pixels has the paper's ImageNette beside it, at the same IPC."""
    found = summaries(0.6, 0.5, 0.4, 0.3, dataset="imagenette@64", ipc=10)
    assert [(m.datasets, m.ipc) for m in matches(INFO, found).values()] == [(("imagenette",), 10)]
    beside, signs = beside_table(INFO, found), signs_table(INFO, found)
    assert beside is not None
    assert signs is not None
    assert [column.name for column in beside.columns[2:-2]] == ["paper: imagenette"]
    assert "the same data set at another resolution" in beside.notes[0]
    assert [line.entries[-2].text for line in signs.lines] == ["+1.2", "+6.5"]
    assert [line.entries[-1].text for line in signs.lines] == ["same sign", "same sign"]


def test_another_resolution_has_no_counterpart_at_an_ipc_that_the_paper_lacks() -> None:
    assert matches(INFO, summaries(0.6, 0.5, 0.4, 0.3, dataset="imagenette@64", ipc=7)) == {}


NAMES = ("wmdd", "cda", "g-vbsm", "sre2l")  # the paper's rows of Table 2


def test_another_data_set_is_not_called_the_papers_where_the_paper_has_but_one() -> None:
    """Table 2 has ImageNet-1K alone; digits beside it are no other resolution of it."""
    info = StudyInfo(
        "table2",
        "A",
        paper_table="table2",
        rows=tuple(replace(row, paper_row=name) for row, name in zip(ROWS, NAMES, strict=True)),
        contrasts=(Contrast("WMDD - SRe2L", "WMDD", "CE + BN"),),
    )
    data = frame(dict(zip([row.label for row in ROWS], (0.6, 0.5, 0.4, 0.3), strict=True)))
    signs = signs_table(info, summarise(info, cells_of(data)))
    assert signs is not None
    assert "The paper's differences on imagenet-1k." in signs.notes[0]
    assert "ours is another data set at reduced scale" in signs.notes[0]
    assert "on all of its data sets" not in signs.notes[0]
