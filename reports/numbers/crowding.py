"""Marks of points that lie too close to print a number on each: one mark with all of them."""

from collections.abc import Mapping

Point = tuple[float, float]


def crowds(places: Mapping[str, Point], reach: float) -> list[tuple[str, ...]]:
    """Names whose places are within `reach` of each other, directly or through others.

    Args:
        places: name -> place on the page, in the unit of `reach`.

    Returns:
        groups in the order of their first name, each in the order given.
    """
    groups: list[list[str]] = []
    for name, place in places.items():
        near = [g for g in groups if any(_close(places[other], place, reach) for other in g)]
        groups = [g for g in groups if g not in near]
        groups.append([*(other for g in near for other in g), name])
    order = list(places)
    sorted_groups = [tuple(sorted(group, key=order.index)) for group in groups]
    return sorted(sorted_groups, key=lambda group: order.index(group[0]))


def _close(a: Point, b: Point, reach: float) -> bool:
    return (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 < reach**2
