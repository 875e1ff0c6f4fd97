"""Main effects and interactions of a two-level factorial design with paired seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import prod

from bench.core.errors import BadValue
from reports.numbers.statistics import Difference, difference_of

Levels = tuple[str, ...]  # one level per factor


@dataclass(frozen=True)
class Effect:
    """One line of an analysis of effects: its label and its difference."""

    label: str
    difference: Difference


def effects(
    factors: Sequence[str], values: Mapping[Levels, Mapping[int, float]]
) -> tuple[Effect, ...]:
    """Main effects, then two-way interactions, over the seeds that all cells share.

    A main effect is first level minus second, averaged over the other factors; an interaction is
    the difference between two such differences. Empty where the cells share no seed.

    Args:
        values: levels of all factors -> seed -> accuracy; the first cell names the first levels.

    Raises:
        BadValue: where the cells are not a full design of two levels per factor.
    """
    signs = _signs(factors, tuple(values))
    seeds = sorted(set.intersection(*(set(v) for v in values.values())))
    if not seeds:
        return ()
    count = len(factors)
    terms = [*combinations(range(count), 1), *combinations(range(count), 2)]
    found = []
    for term in terms:
        scale = 2 ** (count - len(term))
        per_seed = [
            sum(prod(signs[levels][i] for i in term) * v[seed] for levels, v in values.items())
            / scale
            for seed in seeds
        ]
        found.append(Effect(_label(factors, tuple(values), term), difference_of(per_seed)))
    return tuple(found)


def _signs(factors: Sequence[str], cells: Sequence[Levels]) -> dict[Levels, tuple[int, ...]]:
    names = [list(dict.fromkeys(cell[i] for cell in cells)) for i in range(len(factors))]
    full = len(set(cells)) == 2 ** len(factors) and all(len(levels) == 2 for levels in names)
    if not factors or not full:
        raise BadValue(
            f"factors {list(factors)}: expected every combination of two levels each, "
            f"given {sorted(set(cells))}"
        )
    return {
        cell: tuple(1 if cell[i] == names[i][0] else -1 for i in range(len(factors)))
        for cell in cells
    }


def _label(factors: Sequence[str], cells: Sequence[Levels], term: tuple[int, ...]) -> str:
    if len(term) == 2:
        return f"{factors[term[0]]} × {factors[term[1]]} (interaction)"
    first, second = dict.fromkeys(cell[term[0]] for cell in cells)
    return f"{factors[term[0]]}: {first} - {second}"
