"""The best settings as a study file that anyone can run."""

from collections.abc import Mapping, Sequence
from pprint import pformat

from bench.plugin.recipes import Profile
from bench.search.settings import Search
from bench.search.standings import Standing
from bench.study.grid import SEEDS, Row

FRESH = 1000  # first seed of the winner's runs; trials count from 0
DEFAULT = "recipe's own values"


def fresh_seeds(profile: Profile) -> tuple[int, ...]:
    """Seeds that no trial has used."""
    return tuple(range(FRESH, FRESH + SEEDS[profile]))


def best_label(search: Search) -> str:
    return f"{search.row.label}, best found"


def best_rows(search: Search, winner: Standing) -> list[Row]:
    """The winner, and the row without any search beside it."""
    default = search.row_of({}, f"{search.row.label}, {DEFAULT}")
    return [search.row_of(winner.params, best_label(search)), default]


def best_study(
    found: Sequence[tuple[Search, Standing]], command: str, run: str, mark: str = ""
) -> str:
    """A study file with the winners of all searches on the test split.

    It says by which `command` it was found, and which runs it.

    Its seeds are fresh, so that it is not run on the luck that made it the winner. The mark is
    that of the sweep's report, so that the test of a variant has a folder of its own, too.
    """
    sweep = found[0][0].sweep
    pairs = [best_rows(search, winner) for search, winner in found]
    rows = ",\n".join(_row(row) for pair in pairs for row in pair)
    contrasts = ",\n".join(_contrast(best.label, default.label) for best, default in pairs)
    drawn = "\n".join(
        f"{search.row.label}: {len(winner.top1)} runs on held-out data, "
        f"mean top-1 {100 * winner.mean:.2f} %, trials {_numbers(winner.trials)}."
        for search, winner in found
    )
    return TEMPLATE.format(
        name=sweep.name,
        command=command,
        drawn=drawn,
        run=run,
        study=f"{sweep.study_name}{mark}-best",
        rows=rows,
        dataset=sweep.dataset,
        ipc=sweep.ipc,
        seeds=fresh_seeds(found[0][0].profile),
        evaluator=sweep.evaluator,
        student=sweep.student,
        recipe=sweep.recipe,
        contrasts=contrasts,
    )


def _numbers(trials: Sequence[int]) -> str:
    return ", ".join(map(str, trials))


def _row(row: Row) -> str:
    return (
        f"        Row(\n            {row.label!r},\n            {row.distiller!r},\n"
        f"            params={_literal(row.params)},\n"
        f"            overrides={_literal(row.overrides)},\n        )"
    )


def _literal(values: Mapping[str, object]) -> str:
    return pformat(dict(values), width=80, sort_dicts=True).replace("\n", "\n            ")


def _contrast(a: str, b: str) -> str:
    return f"        Contrast({f'{a} - {DEFAULT}'!r}, {a!r}, {b!r})"


TEMPLATE = '''"""The best setting of the sweep {name!r}, on the test split, with fresh seeds.

Found by: {command}
{drawn}
Run it with: {run}
"""

from bench.study.grid import Contrast, Row, Study

STUDY = Study(
    name={study!r},
    title="Best setting of the sweep {name}, on the test split",
    rows=(
{rows},
    ),
    datasets=({dataset!r},),
    ipcs=({ipc},),
    seeds={seeds!r},
    evaluators=({evaluator!r},),
    students=({student!r},),
    recipe={recipe!r},
    contrasts=(
{contrasts},
    ),
)
'''
