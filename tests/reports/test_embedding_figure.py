"""The picture of features names its methods and numbers; the table prints the same ones."""

import numpy as np
import pytest

from bench.core.errors import BadValue
from reports.figures.embedding_figure import Cloud, Measured, closeness_table, embedding_figure

REAL, LABELS = np.random.default_rng(0).normal(size=(30, 2)), np.arange(30) % 3
WMDD = Measured("WMDD", 6, 0.264, 0.949, 0.015, 2.881)
SRE2L = Measured("SRe2L", 3, 0.04, None, 0.001, 3.684)


def cloud(measured: Measured) -> Cloud:
    return Cloud(measured, REAL[: measured.images], LABELS[: measured.images], REAL, LABELS)


@pytest.mark.parametrize("shared", [True, False])
def test_panels_carry_their_numbers(shared: bool) -> None:
    figure = embedding_figure("f", "F", [cloud(SRE2L), cloud(WMDD)], "all in one", shared)
    svg = figure.svg.decode()
    for said in ("WMDD", "SRe2L", "precision 26.4 %, recall 94.9 %", "recall –", "W2 3.68"):
        assert said in svg
    assert "all in one" in svg


def test_table_prints_what_the_figure_says() -> None:
    table = closeness_table("f", "F", [WMDD, SRE2L])
    shown = [[entry.text for entry in line.entries] for line in table.lines]
    assert shown == [
        ["WMDD", "6", "26.4", "94.9", "1.5", "2.88"],
        ["SRe2L", "3", "4.0", "–", "0.1", "3.68"],
    ]
    assert len(table.columns) == 6


@pytest.mark.parametrize(
    "clouds",
    [
        [],
        [Cloud(WMDD, REAL[:, :1], LABELS, REAL, LABELS)],
        [Cloud(WMDD, REAL, LABELS, LABELS, REAL)],
    ],
)
def test_what_cannot_be_drawn_is_refused(clouds: list[Cloud]) -> None:
    with pytest.raises(BadValue, match="embedding: expected"):
        embedding_figure("f", "F", clouds, "", shared=True)
