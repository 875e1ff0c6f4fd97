"""What a reproduction costs, item by item: time, operations and disk, and what dominates."""

from dataclasses import dataclass
from heapq import nlargest
from typing import TYPE_CHECKING

from bench.app.announcing import announce
from bench.app.reproducing import Edition, chapter_name
from bench.app.session import Session
from bench.app.text import duration, size, table
from bench.execution.meter import Cost, estimate
from bench.graph.plan import Plan
from bench.storage.store import Store

if TYPE_CHECKING:
    import torch

LARGEST = 4  # parts that are named


@dataclass(frozen=True)
class Price:
    """One item: what it adds to the items before it.

    Attributes:
        tasks: artifacts that neither the store holds nor an earlier item makes.
    """

    name: str
    cells: int
    tasks: int
    cost: Cost


def price_list(edition: Edition, device: "torch.device") -> str:
    """The items, the stages and the largest parts as text."""
    plan, store = edition.reproduction.whole, edition.session.store
    session = Session(plan, store, edition.session.data_root)
    cost = estimate(plan, store, device)
    prices = priced(edition.reproduction.plans, cost, store)
    rows = [
        (p.name, str(p.cells), str(p.tasks), duration(p.cost.seconds), size(p.cost.bytes),
         f"{p.cost.flops:.1e}")
        for p in prices
    ]  # fmt: skip
    parts = [
        table(("item", "cells", "to make", "estimated time", "disk", "FLOP"), rows),
        announce(session, device, cost),
        largest(plan, cost, store),
    ]
    parts += [f"not here: {text}" for text in edition.missing]
    return "\n\n".join(part for part in parts if part)


def priced(plans: tuple[Plan, ...], cost: dict[str, Cost], store: Store) -> list[Price]:
    """Each plan's price without what the store holds and what earlier plans have paid for."""
    paid: set[str] = set()
    found = []
    for plan in plans:
        new = [a for a in plan.tasks() if a not in paid and not store.has(a)]
        paid.update(new)
        found.append(
            Price(chapter_name(plan), len(plan.cells), len(new), total([cost[a] for a in new]))
        )
    return found


def total(costs: list[Cost]) -> Cost:
    return Cost(
        sum(c.seconds for c in costs), sum(c.bytes for c in costs), sum(c.flops for c in costs)
    )


def largest(plan: Plan, cost: dict[str, Cost], store: Store) -> str:
    """`Most of the time: 61% evaluate on imagenet-1k, ...`; empty where all is in the store."""
    shares: dict[str, float] = {}
    seen: set[str] = set()
    for cell in plan.cells:
        for task in cell.tasks.values():
            if task.address not in seen and not store.has(task.address):
                seen.add(task.address)
                name = f"{task.stage} on {cell.cell.dataset}"
                shares[name] = shares.get(name, 0.0) + cost[task.address].seconds
    whole = sum(shares.values())
    if not whole:
        return ""
    most = nlargest(LARGEST, shares.items(), key=lambda share: share[1])
    named = [f"{seconds / whole:.0%} {name}" for name, seconds in most]
    return f"Most of the time: {', '.join(named)}."


def as_json(edition: Edition, device: "torch.device") -> dict[str, object]:
    """The same as data."""
    plan, store = edition.reproduction.whole, edition.session.store
    cost = estimate(plan, store, device)
    prices = priced(edition.reproduction.plans, cost, store)
    items = [
        {"item": p.name, "cells": p.cells, "to_make": p.tasks, "seconds": round(p.cost.seconds, 1),
         "bytes": round(p.cost.bytes), "flops": p.cost.flops}
        for p in prices
    ]  # fmt: skip
    whole = total([p.cost for p in prices])
    return {
        "paper": edition.reproduction.paper,
        "profile": plan.profile,
        "items": items,
        "seconds": round(whole.seconds, 1),
        "bytes": round(whole.bytes),
        "flops": whole.flops,
        "device": str(device),
        "missing": list(edition.missing),
    }
