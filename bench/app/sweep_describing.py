"""A sweep as its report sees it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.app.reporting import provenance_of
from bench.app.running import again
from bench.app.session import Session
from bench.artifacts.values import Teacher
from bench.execution.results import row_of
from bench.plugin.space import Choice
from bench.search.best import best_rows
from bench.search.importance import importances
from bench.search.queue import counted
from bench.search.rows import seconds_spared, trial_rows
from bench.search.settings import Search
from bench.search.spaces import Parameter, params_key
from bench.search.standings import standings
from bench.storage.store import Store
from bench.study.search import Sweep

if TYPE_CHECKING:
    from optuna.study import Study

    from reports.numbers.sweep_info import MethodInfo, ParameterInfo, SweepInfo

FIDELITY = {"none": "", "wilcoxon": "seeds"}


@dataclass(frozen=True)
class Found:
    """A search with the trials that it has."""

    search: Search
    study: "Study"


def rows_of(found: Sequence[Found]) -> list[dict[str, object]]:
    """All trials of all searches, one line each."""
    return [row for one in found for row in trial_rows(one.search, one.study)]


def describe(
    found: Sequence[Found],
    rows: Sequence[Mapping[str, object]],
    test: Session | None,
    store: Store,
    storage: str,
) -> "SweepInfo":
    from reports.numbers.sweep_info import SweepInfo

    search = found[0].search
    sweep = search.sweep
    made, alone = seconds_spared(rows)
    return SweepInfo(
        name=sweep.name,
        title=sweep.title,
        description=sweep.description,
        dataset=sweep.dataset,
        methods=tuple(_method(one, test) for one in found),
        objectives=sweep.objectives,
        paper_table=sweep.paper_table,
        fidelity=FIDELITY.get(sweep.pruner, sweep.fidelity),
        facts=_facts(search, rows) | _grid(found) | _teachers(search, test, store),
        made=made,
        alone=alone,
        command=again(),
        storage=storage,
        provenance=provenance_of(search.base),
    )


def _facts(search: Search, rows: Sequence[Mapping[str, object]]) -> dict[str, str]:
    sweep = search.sweep
    done = sum(row["state"] in ("COMPLETE", "PRUNED") for row in rows)
    facts = {
        "trials": str(done),
        "seeds per trial": str(sweep.seeds),
        "data set": f"{sweep.dataset}, a fifth of its training split held out",
        "images per class": str(sweep.ipc),
        "sampler": f"{sweep.sampler}, seed {sweep.seed}",
        "pruner": "" if sweep.pruner == "none" else _pruner(sweep),
        "objectives": ", ".join(sweep.objectives),
        "recipe": search.recipe.id,
        "profile": search.profile,
        "student": search.recipe.student.arch,
    }
    return {name: value for name, value in facts.items() if value}


def _grid(found: Sequence[Found]) -> dict[str, str]:
    """How much of each grid has been visited: `6 of 36 points`."""
    if found[0].search.sweep.sampler != "grid":
        return {}
    done = {one.search.row.label: f"{_visited(one)} of {len(one.search.grid)}" for one in found}
    several = len(set(done.values())) > 1
    text = ", ".join(f"{k}: {v}" for k, v in done.items()) if several else next(iter(done.values()))
    return {"grid": f"{text} points"}


def _visited(one: Found) -> int:
    """How many settings have a score."""
    return len({params_key(t.params) for t in counted(one.study) if "top1" in t.user_attrs})


def _teachers(search: Search, test: Session | None, store: Store) -> dict[str, str]:
    """Accuracies of the teachers, where no trial chose its own; far apart, one is broken."""
    cells = {"held-out images": search.base.cells[0]}
    cells |= {"test images": test.plan.cells[0]} if test else {}
    found = {}
    for where, cell in cells.items():
        task = cell.first(Teacher)
        if task and (manifest := store.readable(task.address)):
            top1 = float(str(manifest.meta["top1"]))
            found[f"teacher on {where}"] = f"{100 * top1:.1f} %"
    return found


def _pruner(sweep: Sweep) -> str:
    return f"{sweep.pruner} over {FIDELITY.get(sweep.pruner, sweep.fidelity)}"


def _method(one: Found, test: Session | None) -> "MethodInfo":
    from reports.numbers.sweep_info import MethodInfo, Shares

    ranked = standings(one.study)
    shares = [Shares(i.evaluator, i.n, dict(i.shares), i.note) for i in importances(one.study)]
    label = one.search.row.label
    parameters = tuple(_parameter(p) for p in one.search.parameters)
    if not ranked:
        return MethodInfo(label, parameters, tuple(shares))
    best, default = (row.label for row in best_rows(one.search, ranked[0]))
    return MethodInfo(
        label=label,
        parameters=parameters,
        importances=tuple(shares),
        best={name: _value(value) for name, value in ranked[0].params.items()},
        best_top1=ranked[0].top1,
        tested=_tested(test, best),
        default=_tested(test, default),
    )


def _tested(test: Session | None, label: str) -> dict[int, float]:
    """Test accuracies of a row by seed, of the cells that are done."""
    if test is None:
        return {}
    cells = [cell for cell in test.plan.cells if cell.cell.row.label == label]
    rows = [row_of(cell, test.plan, test.store) for cell in cells]
    return {int(str(r["seed"])): float(str(r["top1"])) for r in rows if r["status"] == "ok"}


def _parameter(parameter: Parameter) -> "ParameterInfo":
    from reports.numbers.sweep_info import ParameterInfo

    space = parameter.space
    if isinstance(space, Choice):
        return ParameterInfo(parameter.name, options=tuple(str(_value(o)) for o in space.options))
    return ParameterInfo(parameter.name, space.log, float(space.low), float(space.high))


def _value(value: object) -> float | str:
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    return float(str(value)) if numeric else str(value)
