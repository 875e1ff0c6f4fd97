"""What the recipes of a report differ in, value by value."""

from collections import Counter
from collections.abc import Mapping

from reports.numbers.info import StudyInfo
from reports.tables.entries import Column, Entry, Line, Table, missing, text

KEY = "recipes"
DIFFER, SAME = "different", "the same in all"


def recipes_table(info: StudyInfo) -> Table | None:
    """Every value of every recipe; None where there are fewer than two.

    Values that differ come first; in each such row the ones that most recipes do not share stand
    out. A value that a recipe does not have is a dash.
    """
    recipes = info.recipes
    if len(recipes) < 2:
        return None
    names = dict.fromkeys(name for values in recipes.values() for name in values)
    differing = [name for name in names if len(_values(recipes, name)) > 1]
    ordered = [*differing, *(name for name in names if name not in differing)]
    lines = tuple(
        Line((text(name), *_entries(recipes, name)), group=DIFFER if name in differing else SAME)
        for name in ordered
    )
    columns = (Column("value", "text"), *(Column(recipe, "text") for recipe in recipes))
    note = f"{len(differing)} of {len(names)} values differ; emphasised: not the most frequent one."
    return Table(KEY, "Recipes: what was trained how", columns, lines, (note,))


def _values(recipes: Mapping[str, Mapping[str, str]], name: str) -> Counter[str | None]:
    return Counter(values.get(name) for values in recipes.values())


def _entries(recipes: Mapping[str, Mapping[str, str]], name: str) -> list[Entry]:
    """One entry per recipe; of equally frequent values the first counts as the usual one."""
    usual = _values(recipes, name).most_common(1)[0][0]
    found = []
    for values in recipes.values():
        value = values.get(name)
        tone = "plain" if value == usual else "strong"
        found.append(missing() if value is None else text(value, tone))  # type: ignore[arg-type]
    return found
