"""The alarm for chance reads intervals from three seeds on, and means of fewer."""

import pandas as pd
import pytest

from reports.numbers.cells import cells_of
from reports.numbers.info import StudyInfo
from reports.numbers.summary import summarise
from reports.tables.alarms import alarms


def raised(values: list[float], chance: float) -> bool:
    lines = [
        {"row": "a", "dataset": "d", "ipc": 1, "seed": i, "top1": value, "chance": chance}
        for i, value in enumerate(values)
    ]
    info = StudyInfo("s", "S")
    found = alarms(info, summarise(info, cells_of(pd.DataFrame(lines))))
    return any("cannot be told from chance" in alarm.text for alarm in found)


def test_two_seeds_far_above_chance_are_no_alarm() -> None:
    # the 95 % interval of these two has one degree of freedom and reaches below zero
    assert not raised([0.52, 0.64], chance=0.1)


@pytest.mark.parametrize("values", [[0.12], [0.11, 0.14]])
def test_few_seeds_near_chance_are_an_alarm(values: list[float]) -> None:
    assert raised(values, chance=0.1)


def test_of_two_classes_ten_points_above_chance_are_enough() -> None:
    assert not raised([0.62], chance=0.5)
    assert raised([0.58], chance=0.5)


def test_three_seeds_are_judged_by_their_interval() -> None:
    assert raised([0.1, 0.3, 0.5], chance=0.1)
    assert not raised([0.30, 0.31, 0.32], chance=0.1)
