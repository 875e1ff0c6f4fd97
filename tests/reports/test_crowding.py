"""Points too close for a number each share one mark."""

from reports.numbers.crowding import crowds


def test_points_within_reach_form_one_group_through_others() -> None:
    places = {"1": (0.0, 0.0), "2": (50.0, 0.0), "3": (16.0, 0.0), "4": (8.0, 0.0)}
    assert crowds(places, 10) == [("1", "3", "4"), ("2",)]


def test_points_apart_stay_alone_and_all_are_kept() -> None:
    places = {str(i): (20.0 * i, 0.0) for i in range(5)}
    assert crowds(places, 10) == [(name,) for name in places]
    assert crowds({}, 10) == []
