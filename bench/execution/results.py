"""Results: what the store knows about a plan's cells, one tidy row per cell."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.core.errors import CorruptArtifact
from bench.core.numerics import SEVERAL, Numerics, spread
from bench.graph.plan import CellPlan, Plan
from bench.storage.store import Store
from bench.study.rivals import ITS_OWN, NATIVE

FAILURES = "failures"  # kind of the records that keep why a cell failed


@dataclass(frozen=True)
class Outcome:
    """How a cell ended: its row, and the traceback where it failed.

    Attributes:
        last: whether this process can compute nothing more.
    """

    plan: CellPlan
    row: Mapping[str, object]
    error: str = ""
    traceback: str = ""
    last: bool = False

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
        "teacher": cell.teacher,
        "protocol": cell.protocol,
        "bn_weight": _parameter(plan, "bn_weight"),
        "evaluator": cell.evaluator,
        "student": _student(plan),
        "recipe": cell.without_teacher(plan.recipe).id,
        "profile": study.profile,
        "paper_row": cell.row.paper,
        "chance": 1 / source.spec.num_classes,
        "address": plan.address,
        "command": command_of(plan, study),
    }
    kinds = study.kinds()
    return row | _measured(plan, kinds, store) | _status(plan, store) | _inputs(plan, kinds)


def _student(plan: CellPlan) -> str:
    """The student's architecture; one name for all those of native protocols, which differ."""
    own = plan.cell.evaluator == NATIVE and plan.cell.student == "teacher"
    return ITS_OWN if own else plan.recipe.student.arch


def _parameter(plan: CellPlan, name: str) -> object:
    """A value that the cell's distiller was made with; None where it has no such parameter."""
    params = plan.tasks["recover"].config.get("params", {})
    return params.get(name) if isinstance(params, Mapping) else None


def _inputs(plan: CellPlan, kinds: Sequence[str]) -> dict[str, object]:
    """Addresses of what the cell is made from, whose own is the cell's: what cells may share."""
    above = (kind for kind in kinds if kind != plan.root.stage)
    return {
        f"address_{kind}": "+".join(task.address for task in plan.of_kind(kind)) or None
        for kind in above
    }


def _status(plan: CellPlan, store: Store) -> dict[str, object]:
    if store.has(plan.address):
        try:
            store.manifest(plan.address)
        except CorruptArtifact as error:
            return {"status": "failed", "error": str(error)}
        return {"status": "ok", "error": ""}
    failure = store.record(FAILURES, plan.address)
    if failure is not None:
        return {"status": "failed", "error": str(failure["error"])}
    return {"status": "not run", "error": ""}


def _measured(plan: CellPlan, kinds: Sequence[str], store: Store) -> dict[str, object]:
    """Seconds by kind, and what the manifests of the artifacts add to a row.

    What several artifacts say differently, such as the accuracies of two teachers, is left out.
    """
    found: dict[str, object] = {}
    classes: list[Numerics] = []
    for kind in kinds:
        tasks = plan.of_kind(kind)
        known = [(task, m) for task in tasks if (m := store.readable(task.address))]
        whole = 0 < len(tasks) == len(known)
        found[f"seconds_{kind}"] = sum(m.seconds for _, m in known) if whole else None
        classes += [manifest.numerics for _, manifest in known]
        for task, manifest in known:
            for name, value in task.request.facts(manifest.meta, plan.at).items():
                found[name] = value if found.get(name, value) == value else None
    if made := store.readable(plan.synthetic.address):
        found["peak_memory_recover"] = made.peak_memory
    if judged := store.readable(plan.address):
        found |= {"device": judged.device, "peak_memory": judged.peak_memory}
    return found | {f"numerics_{k}": SEVERAL.join(v) for k, v in spread(classes).items()}


def command_of(plan: CellPlan, study: Plan) -> str:
    """The command that makes this cell again."""
    cell = plan.cell
    settings = [*study.overrides]
    fixed = {"dataset": cell.dataset, "ipc": str(cell.ipc)}
    settings = [s for s in settings if s.split("=")[0] not in fixed]
    settings += [f"{key}={value}" for key, value in fixed.items()]
    flags = " ".join(f"--set {shlex.quote(text)}" for text in sorted(settings))
    return f"bench run {study.called or cell.study} --profile {study.profile} {flags}"


def own(cell: CellPlan) -> tuple[str, ...]:
    """The kinds of artifacts that a cell shares with no other."""
    mine = (task.stage for task in cell.tasks.values() if task.request.own)
    return tuple(dict.fromkeys(mine))


def own_seconds(cell: CellPlan, row: Mapping[str, object]) -> float:
    """Seconds of what a cell shares with no other."""
    return sum(number(row.get(f"seconds_{kind}")) for kind in own(cell))


def number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
