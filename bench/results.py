"""Results: what the store knows about a plan's cells, one tidy row per cell."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from bench.plan import CellPlan, Plan
from bench.recipes import Recover
from bench.store import Store

FAILURES = "failures"  # kind of the records that keep why a cell failed
STAGES = ("squeeze", "observe", "barycenter", "recover", "relabel", "evaluate")


@dataclass(frozen=True)
class Outcome:
    """How a cell ended: its row, and the traceback where it failed."""

    plan: CellPlan
    row: Mapping[str, object]
    error: str = ""
    traceback: str = ""

    @property
    def failed(self) -> bool:
        return bool(self.error)


def row_of(plan: CellPlan, study: Plan, store: Store) -> dict[str, object]:
    """One line of the results table, read from manifests alone.

    Accuracies are fractions; a cell that was not run has status "not run" and no numbers.
    """
    cell, source = plan.cell, plan.source
    row: dict[str, object] = {
        "study": cell.study,
        "group": cell.row.group,
        "row": cell.row.label,
        "distiller": cell.row.distiller,
        "dataset": cell.dataset,
        "ipc": cell.ipc,
        "seed": cell.seed,
        "repeat": cell.repeat,
        "evaluator": cell.evaluator,
        "student": plan.recipe.student.arch,
        "recipe": plan.recipe.id,
        "profile": study.profile,
        "paper_row": cell.row.paper,
        "chance": 1 / source.spec.num_classes,
        "address": plan.address,
        "command": command_of(plan, study),
    }
    return row | _measured(plan, store) | _status(plan, store) | _inputs(plan)


def _inputs(plan: CellPlan) -> dict[str, object]:
    """Addresses of the stages before the last, whose own is the cell's: what cells may share."""
    return {
        f"address_{stage}": plan.tasks[stage].address if stage in plan.tasks else None
        for stage in STAGES[:-1]
    }


def _status(plan: CellPlan, store: Store) -> dict[str, object]:
    if store.has(plan.address):
        return {"status": "ok", "error": ""}
    failure = store.record(FAILURES, plan.address)
    if failure is not None:
        return {"status": "failed", "error": str(failure["error"])}
    return {"status": "not run", "error": ""}


def _measured(plan: CellPlan, store: Store) -> dict[str, object]:
    found: dict[str, object] = {}
    for stage in STAGES:
        task = plan.tasks.get(stage)
        manifest = store.manifest(task.address) if task and store.has(task.address) else None
        found[f"seconds_{stage}"] = manifest.seconds if manifest else None
        if manifest is None:
            continue
        values = manifest.meta
        if stage == "squeeze":
            found["teacher_top1"] = values["top1"]
        elif stage == "recover":
            found["image_bytes"] = values["image_bytes"]
            found["peak_memory_recover"] = manifest.peak_memory
            found["recover_steps"] = recover_steps(plan)
        elif stage == "evaluate":
            extra = values["extra"]
            found |= dict(extra) if isinstance(extra, Mapping) else {}
            found |= {k: values[k] for k in ("top1", "updates", "label_bytes")}
            found |= {"device": manifest.device, "peak_memory": manifest.peak_memory}
    return found


def recover_steps(plan: CellPlan) -> int | None:
    """Optimiser steps over all batches of images; None where nothing is optimised."""
    recover = getattr(plan.distiller, "recover", None)
    if not isinstance(recover, Recover):
        return None
    grouping = getattr(plan.distiller, "grouping", "class-major")
    ipc, classes = plan.cell.ipc, plan.source.spec.num_classes
    if grouping == "class-major":
        count = -(-classes // max(1, min(recover.batch // ipc, classes)))
    else:
        count = ipc * -(-classes // recover.batch)
    return count * recover.iterations


def command_of(plan: CellPlan, study: Plan) -> str:
    """The command that makes this cell again."""
    cell = plan.cell
    settings = [*study.overrides]
    fixed = {"dataset": cell.dataset, "ipc": str(cell.ipc)}
    settings = [s for s in settings if s.split("=")[0] not in fixed]
    settings += [f"{key}={value}" for key, value in fixed.items()]
    flags = " ".join(f"--set {shlex.quote(text)}" for text in sorted(settings))
    return f"bench run {study.called or cell.study} --profile {study.profile} {flags}"
