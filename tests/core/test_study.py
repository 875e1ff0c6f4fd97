"""A study expands to its full grid, and refuses contradictions at construction."""

import pytest

from bench.errors import BadValue, UnknownName
from bench.study import Contrast, Row, Study, expand

ROWS = (Row("a", "wmdd"), Row("b", "sre2l"))


def test_grid_is_the_product_of_everything() -> None:
    study = Study("s", "t", ROWS, datasets=("digits", "cifar10"), ipcs=(1, 10), seeds=(0, 1, 2))
    cells = expand(study, "smoke")
    assert len(cells) == 2 * 2 * 2 * 3
    assert len({cell.label for cell in cells}) == len(cells)


def test_profile_gives_the_number_of_seeds_unless_they_are_named() -> None:
    assert len(expand(Study("s", "t", ROWS), "smoke")) == 2 * 2
    assert len(expand(Study("s", "t", ROWS), "paper")) == 2 * 5
    assert [c.seed for c in expand(Study("s", "t", ROWS[:1], seeds=(7,)), "paper")] == [7]


def test_labels_are_readable() -> None:
    cell = expand(Study("s", "t", ROWS, seeds=(3,)), "quick")[0]
    assert cell.label == "a · digits · ipc 1 · s3"


def test_two_rows_of_one_label_are_refused() -> None:
    with pytest.raises(BadValue, match="distinct row labels"):
        Study("s", "t", (Row("a", "wmdd"), Row("a", "sre2l")))


def test_ipc_zero_is_refused() -> None:
    with pytest.raises(BadValue, match="at least 1 image per class, given 0"):
        Study("s", "t", ROWS, ipcs=(0,))


def test_contrast_of_an_unknown_row_names_the_nearest() -> None:
    with pytest.raises(UnknownName, match="did you mean 'a'"):
        Study("s", "t", ROWS, contrasts=(Contrast("c", "aa", "b"),))
