"""Which studies make which tables and figures of a paper, and all of their cells as one plan."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from bench.core.errors import UnknownName
from bench.execution.planner import Locate, make_plan
from bench.graph.plan import CellPlan, Plan
from bench.plugin.recipes import Profile
from bench.study.catalog import completed, load_study, study_names
from bench.study.grid import Row, Study
from bench.study.overrides import parse

ITEM = re.compile(r"(table|figure)(\d+)([a-z]?)")
COMPUTED = ("figure1",)  # drawn from formulas: no study, no cells


@dataclass(frozen=True)
class Reproduction:
    """The chosen studies of a paper.

    Attributes:
        items: the chosen tables and figures, such as "table4", in the paper's order.
        plans: one per study, in the order of their items.
        whole: all of their cells, each address once, so that shared work is done and told once.
    """

    paper: str
    items: tuple[str, ...]
    plans: tuple[Plan, ...]
    whole: Plan


def rank(item: str) -> tuple[bool, int, str]:
    """Tables before figures, each by number."""
    match = ITEM.fullmatch(item)
    return (match[1] == "figure", int(match[2]), match[3]) if match else (True, 0, item)


def item_name(item: str) -> str:
    """`table4` as `Table 4`."""
    match = ITEM.fullmatch(item)
    return f"{match[1].title()} {match[2]}{match[3]}" if match else item


def reproducible() -> dict[str, tuple[Study, ...]]:
    """Item -> the studies that make it, in the paper's order."""
    found: dict[str, tuple[Study, ...]] = dict.fromkeys(COMPUTED, ())
    for name in study_names():
        study = load_study(name)
        for item in study.items:
            found[item] = (*found.get(item, ()), study)
    return {item: found[item] for item in sorted(found, key=rank)}


def chosen(tables: Sequence[str], figures: Sequence[str]) -> tuple[str, ...]:
    """The items that the numbers name, such as ("4",) and ("5a",); all where none is named.

    Raises:
        UnknownName: the paper has none of that number, or it cannot be reproduced.
    """
    known = list(reproducible())
    if not tables and not figures:
        return tuple(known)
    found: list[str] = []
    for kind, numbers in (("table", tables), ("figure", figures)):
        for number in numbers:
            wanted = f"{kind}{number}"
            mine = [item for item in known if item == wanted or item[:-1] == wanted]
            mine = [item for item in mine if item == wanted or not item[-1].isdigit()]
            if not mine:
                shown = [item.removeprefix(kind) for item in known if item.startswith(kind)]
                raise UnknownName.of(f"{kind} of the paper", number, shown)
            found += mine
    return tuple(sorted(dict.fromkeys(found), key=rank))


def reproduction(
    paper: str,
    items: Sequence[str],
    profile: Profile,
    settings: Sequence[str],
    locate: Locate,
) -> Reproduction:
    """Plans every study behind the items; settings hold for all of them.

    Raises:
        BenchError: a setting that a study cannot take, or a plan that cannot be made.
    """
    makers = reproducible()
    studies = dict.fromkeys(study.name for item in items for study in makers[item])
    found = {study.name: completed(study) for item in items for study in makers[item]}
    plans = tuple(_planned(found[name], profile, settings, locate) for name in studies)
    return Reproduction(paper, tuple(items), plans, whole(f"reproduce-{paper}", plans, profile))


def _planned(study: Study, profile: Profile, settings: Sequence[str], locate: Locate) -> Plan:
    return make_plan(study, profile, parse(settings, study), locate)


def whole(name: str, plans: Sequence[Plan], profile: Profile) -> Plan:
    """One plan of all cells, each address once."""
    first: dict[str, CellPlan] = {}
    for plan in plans:
        for cell in plan.cells:
            first.setdefault(cell.address, cell)
    distinct = tuple(first.values())
    rows = {cell.cell.row.label: cell.cell.row for cell in distinct}
    study = Study(
        name,
        "Tables and figures of the paper",
        tuple(rows.values()) or (Row("nothing to run", ""),),
        datasets=_distinct(cell.cell.dataset for cell in distinct) or ("digits",),
        ipcs=tuple(sorted({cell.cell.ipc for cell in distinct})) or (1,),
    )
    return Plan(study, profile, distinct, plans[0].overrides if plans else ())


def _distinct(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def without(plan: Plan, unwanted: Callable[[str], bool]) -> Plan:
    """The plan without the cells of some data sets."""
    kept = tuple(cell for cell in plan.cells if not unwanted(cell.cell.dataset))
    return replace(plan, cells=kept)
