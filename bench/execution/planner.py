"""Planning: a study expanded, its plugins resolved, every task addressed."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from bench.core.errors import BadValue, suggestion
from bench.core.fingerprint import coerced
from bench.graph.builder import code_of, tasks_of
from bench.graph.plan import CellPlan, Plan, Task, named
from bench.graph.request import Context, Request, Source
from bench.plugin.discovery import get
from bench.plugin.recipes import SECTIONS, Profile, Recipe, Setting
from bench.plugin.registry import Registered
from bench.stages import relabel as relabel  # its kind is registered when it is imported
from bench.stages.distil import DistilledRequest
from bench.stages.evaluate import ScoreRequest
from bench.study.grid import Cell, Row, Study, expand
from bench.study.overrides import Overrides, apply_to_recipe, apply_to_study, row_overrides
from bench.study.presets import recipe_for
from bench.study.rivals import NATIVE, protocol_of

Locate = Callable[[str], Source]


def make_plan(study: Study, profile: Profile, overrides: Overrides, locate: Locate) -> Plan:
    """Expands a study and addresses every task; `locate` finds data sets by name.

    Raises:
        BenchError: an unknown name, an override of the wrong type, a request no plugin can meet.
    """
    code_of.cache_clear()
    study = apply_to_study(study, overrides)
    _check_rows_of_overrides(study, overrides)
    cells = expand(study, profile)
    sources = {name: locate(name) for name in dict.fromkeys(cell.dataset for cell in cells)}
    plans = (_plan_cell(c, sources[c.dataset], study, profile, overrides) for c in cells)
    return Plan(study, profile, tuple(plans), overrides.texts)


def _check_rows_of_overrides(study: Study, overrides: Overrides) -> None:
    rows = {row.distiller for row in study.rows}
    for distiller, name in overrides.distillers:
        if distiller not in rows:
            raise BadValue(
                f"--set {distiller}.{name}: the study {study.name!r} has no row of that distiller"
                f"{suggestion(distiller, rows)}"
            )


def _plan_cell(
    cell: Cell, source: Source, study: Study, profile: Profile, overrides: Overrides
) -> CellPlan:
    if native := cell.evaluator == NATIVE:
        protocol = protocol_of(cell.row.distiller, study.recipe)
        recipe = recipe_for(protocol.recipe, source.spec, cell.ipc, profile, cell.student)
        if protocol.evaluator != "fkd":
            recipe = replace(recipe, evaluator=protocol.evaluator)
    else:
        recipe = recipe_for(study.recipe, source.spec, cell.ipc, profile, cell.student)
    if cell.protocol and cell.protocol != study.recipe:
        judged = recipe_for(cell.protocol, source.spec, cell.ipc, profile, cell.student)
        recipe = judged_by(judged, recipe)
    if cell.evaluator == "fkd" and "evaluator" not in overrides.study:
        cell = replace(cell, evaluator=recipe.evaluator)
    asked = row_overrides(cell.row.overrides, recipe)
    recipe = apply_to_recipe(recipe, {**asked, **overrides.recipe})
    recipe = cell.with_teacher(recipe)
    student = recipe.squeeze.arch if cell.student == "teacher" else cell.student
    if cell.student != "teacher" or recipe.student.arch == "teacher":
        recipe = replace(recipe, student=replace(recipe.student, arch=student))
    plugin = get("distiller", cell.row.distiller)
    params = resolve(plugin, recipe, cell.row, overrides)
    judge = get("evaluator", recipe.evaluator if native else cell.evaluator)
    judging = judge_params(judge, overrides)
    distiller, evaluator = plugin.factory(**params), judge.factory(**judging)
    seeds = (cell.seed, cell.student_seed)
    names = (cell.label, cell.row.label, cell.row.distiller)
    at = Context(source, recipe, cell.ipc, *seeds, *names)
    made = DistilledRequest.of(plugin, params, distiller, at)
    at = replace(at, synthetic=made)
    score = ScoreRequest(
        of=made,
        evaluator=judge.name,
        sections=tuple((name, getattr(recipe, name)) for name in evaluator.sections),
        params=tuple(sorted(judging.items())),
        precision=recipe.precision,
        seed=cell.student_seed,
        judge=evaluator,
        plugin=judge,
    )
    tasks: dict[Request[Any], Task] = {}
    root = tasks_of(score, at, tasks)
    stored = named(task for task in root.walk() if task.request.stored)
    return CellPlan(cell, source, recipe, distiller, evaluator, at, root, tasks[made], stored)


def judge_params(judge: Registered, overrides: Overrides) -> dict[str, object]:
    """Values of an evaluator's fields that differ from its defaults."""
    given = {n: v for (e, n), v in overrides.evaluators.items() if e == judge.name}
    known = judge.fields()
    return {name: value for name, value in given.items() if value != known[name].default}


def judged_by(judge: Recipe, maker: Recipe) -> Recipe:
    """The recipe that makes sets as `maker` does, and labels for and trains students as `judge`."""
    return replace(
        maker,
        name=f"{maker.name}/{judge.name}",
        relabel=judge.relabel,
        student=judge.student,
        evaluator=judge.evaluator,
    )


def resolve(
    plugin: Registered, recipe: Recipe, row: Row, overrides: Overrides
) -> dict[str, object]:
    """Values of a distiller's fields: defaults < recipe < row < command line.

    Those of the first two are cut to the lengths that the distiller has for the profile.

    Raises:
        BadValue: the row names a field that the distiller does not have.
    """
    known = plugin.fields()
    values = {name: f.default for name, f in known.items() if not f.required}
    values |= {name: getattr(recipe, name) for name in known if name in SECTIONS}
    values |= {name: recipe.value(f.setting) for name, f in known.items() if f.setting}
    preset = dict(recipe.presets.get(plugin.name, {}))
    for name, most in plugin.lengths.get(recipe.profile, {}).items():
        wanted = preset.pop(name, values.get(name, most))
        values[name] = wanted if isinstance(wanted, int) and wanted < most else most
    given = preset | {
        name: recipe.value(value) if isinstance(value, Setting) else value
        for name, value in row.params.items()
    }
    given |= {n: v for (d, n), v in overrides.distillers.items() if d == plugin.name}
    for name in given:
        if name not in known:
            raise BadValue(
                f"row {row.label!r}: distiller {plugin.name!r} has no field {name!r}"
                f"{suggestion(name, known)}"
            )
    values |= {name: coerced(v, known[name].type, name) for name, v in given.items()}
    missing = sorted(set(known) - set(values))
    if missing:
        raise BadValue(f"row {row.label!r}: distiller {plugin.name!r} needs values for {missing}")
    return values
