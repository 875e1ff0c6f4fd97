"""What the recipes of a report differ in, value by value."""

from collections import Counter
from collections.abc import Mapping

from reports.numbers.info import StudyInfo
from reports.tables.entries import Column, Entry, Line, Table, missing, text

KEY = "recipes"


def recipes_table(info: StudyInfo) -> Table | None:
    """Where the recipes differ, value by value; None where there are fewer than two.

    Values with equal entries in every recipe share a line; those that all recipes share stand in
    the note. In each line the ones that most recipes do not have stand out; a value that a recipe
    does not have is a dash.
    """
    recipes = info.recipes
    if len(recipes) < 2:
        return None
    names = dict.fromkeys(name for values in recipes.values() for name in values)
    alike: dict[tuple[str | None, ...], list[str]] = {}
    for name in names:
        alike.setdefault(tuple(values.get(name) for values in recipes.values()), []).append(name)
    differing = {key: found for key, found in alike.items() if len(set(key)) > 1}
    lines = tuple(
        Line((text(", ".join(found)), *_entries(recipes, found[0]))) for found in differing.values()
    )
    columns = (Column("value", "text"), *(Column(recipe, "text") for recipe in recipes))
    count = sum(len(found) for found in differing.values())
    shared = [f"{name} {next(iter(recipes.values()))[name]}" for key, found in alike.items()
              for name in found if len(set(key)) == 1]  # fmt: skip
    notes = [f"{count} of {len(names)} values differ; emphasised: not the most frequent one."]
    notes += [f"The same in all: {', '.join(shared)}."] if shared else []
    return Table(KEY, "Recipes: what was trained how", columns, lines, tuple(notes))


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
