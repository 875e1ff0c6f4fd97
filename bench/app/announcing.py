"""The plan as text: cells, what the store already holds, estimated time and disk."""

from collections import Counter
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from bench.app.fitting import largest, memory_table
from bench.app.session import Session
from bench.app.text import duration, size, table
from bench.core.numerics import always_one_thread, apart, numerics
from bench.diagnosis.hardware import cores_available
from bench.execution.meter import BUSY, Cost, Meter, estimate
from bench.graph.plan import Plan
from bench.models.stems import resolve_stem

if TYPE_CHECKING:
    import torch

CLASSES = (
    "rows of one class can be compared to the last bit, rows of several differ by more than the "
    "seed; a store for each class keeps them apart"
)
SHOWN = 4  # recipes that a headline names


def announce(
    session: Session,
    device: "torch.device",
    cost: Mapping[str, Cost] | None = None,
    meter: Meter | None = None,
) -> str:
    """A table of stages (to make, in store, estimated seconds and bytes) under a headline."""
    plan, store = session.plan, session.store
    tasks = plan.tasks().values()
    held = {t.address for t in tasks if store.has(t.address)}
    meter = meter or Meter(store, device)
    cost = cost or estimate(plan, store, device, meter)
    rows = []
    for stage in session.plan.kinds():
        mine = [t for t in tasks if t.stage == stage]
        missing = [t for t in mine if t.address not in held]
        seconds = sum(cost[t.address].seconds for t in missing)
        space = sum(cost[t.address].bytes for t in missing)
        if mine:
            rows.append(
                (stage, str(len(missing)), str(len(mine) - len(missing)),
                 duration(seconds) if missing else "-", size(space) if missing else "-")
            )  # fmt: skip
    todo = [t for t in tasks if t.address not in held]
    total = duration(sum(cost[t.address].seconds for t in todo))
    disk = size(sum(cost[t.address].bytes for t in todo))
    flops = sum(cost[t.address].flops for t in todo)
    return "\n".join(
        [
            headline(plan),
            *networks(plan),
            table(("stage", "to make", "in store", "estimated time", "disk"), rows),
            f"on {device}: about {total}, {disk} and {flops:.1e} FLOP to go"
            if todo
            else "all is in the store",
            *(unpriced({t.label: cost[t.address].unknown for t in todo})),
            *([others(meter.load)] if todo and meter.load > BUSY else []),
            *([memory_table(session, device)] if todo else []),
            *classes_told(session, device, held),
        ]
    )


def classes_told(session: Session, device: "torch.device", held: Collection[str]) -> list[str]:
    """One line where the plan's artifacts are, or would be, of several numerics classes."""
    manifests = (session.store.readable(address) for address in held)
    classes = [manifest.numerics for manifest in manifests if manifest]
    if len(held) < len(session.plan.tasks()):
        with always_one_thread():  # how many there will be, networks and workers decide
            classes.append(numerics((device.index or 0) if device.type == "cuda" else None))
    told = apart(classes)
    return [f"several numerics classes in this store: {told}; {CLASSES}"] if told else []


def unpriced(reasons: Mapping[str, str]) -> list[str]:
    """A line for each reason why times are not known, with the first that it is said of."""
    first = {why: label for label, why in reversed(list(reasons.items())) if why}
    return [f"not in the time: {label}: {why}" for why, label in first.items()]


def others(busy: float) -> str:
    """What a busy machine does to the estimate, which is for an idle one."""
    cores = cores_available()
    return (
        f"other processes use {busy:.1f} of {cores} cores: "
        f"expect {1 + busy / cores:.1f} times longer"
    )


def headline(plan: Plan) -> str:
    """`ablation: 50 cells = 10 rows x digits x ipc 1 x 5 seeds, profile quick, recipe ...`."""
    study = plan.study
    recipes = list(Counter(cell.cell.without_teacher(cell.recipe).id for cell in plan.cells))
    more = f" and {len(recipes) - SHOWN} more" if len(recipes) > SHOWN else ""
    rows = len({cell.cell.row.label for cell in plan.cells})
    datasets = ", ".join(dict.fromkeys(cell.cell.dataset for cell in plan.cells))
    seeds = len({cell.cell.seed for cell in plan.cells if not cell.cell.teacher})
    above = f"{study.teachers} teachers x " if study.teachers > 1 else ""
    each = f" x {study.repeats} students" if study.repeats > 1 else ""
    ipcs = ", ".join(map(str, dict.fromkeys(cell.cell.ipc for cell in plan.cells)))
    return (
        f"{study.name}: {len(plan.cells)} cells = {rows} rows x "
        f"{datasets} x ipc {ipcs} x {above}{seeds} seeds{each}, profile {plan.profile}, "
        f"recipe {', '.join(recipes[:SHOWN])}{more}"
    )


def networks(plan: Plan) -> list[str]:
    """One line per data set: the resolution and networks that were chosen for it."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for cell in plan.cells:
        spec = cell.source.spec
        teacher = cell.recipe.squeeze.arch
        small = teacher.startswith("resnet") and resolve_stem(spec.stem, spec.resolution) == "small"
        note = " (first layers for small images)" if small else ""
        key = (f"{cell.cell.dataset} at {spec.resolution} pixels", f"{teacher}{note}")
        found.setdefault(key, {})[cell.recipe.student.arch] = None
    return [
        f"{place}: teacher {teacher}, students {', '.join(students)}"
        for (place, teacher), students in found.items()
    ]


def as_data(session: Session, device: "torch.device") -> dict[str, object]:
    """The plan as JSON data: cells with their tasks, and totals."""
    plan, store = session.plan, session.store
    cost = estimate(plan, store, device)
    tasks = {
        address: {
            "stage": task.stage,
            "label": task.label,
            "in_store": store.has(address),
            "seconds": round(cost[address].seconds, 3),
            "bytes": round(cost[address].bytes),
        }
        for address, task in plan.tasks().items()
    }
    missing = [address for address, task in tasks.items() if not task["in_store"]]
    return {
        "study": plan.study.name,
        "profile": plan.profile,
        "cells": [
            {"label": c.cell.label, "address": c.address,
             "recipe": c.cell.without_teacher(c.recipe).id,
             "tasks": [t.address for t in c.tasks.values()]}
            for c in plan.cells
        ],
        "tasks": tasks,
        "to_make": len(missing),
        "seconds": round(sum(cost[a].seconds for a in missing), 1),
        "bytes": round(sum(cost[a].bytes for a in missing)),
        "device": str(device),
        "memory": {
            stage: {"device": round(need.device), "host": round(need.host)}
            for stage, (need, _, _) in largest(session, device).items()
        },
    }  # fmt: skip
