"""Whether a plan fits this machine: what each stage needs, and one line where it has less."""

import math
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.app.session import Session
from bench.app.text import size, table
from bench.core.errors import BadValue
from bench.diagnosis.hardware import existing
from bench.diagnosis.places import local_folder
from bench.execution.costs import estimate
from bench.execution.memory import ONLINE, Need, needs_of, way_out
from bench.execution.shelf import machine_memory, memory_bound
from bench.graph.plan import CellPlan

if TYPE_CHECKING:
    import torch

PROCESS = 5e8  # bytes that Python with torch takes on a host before it does anything


@dataclass(frozen=True)
class Machine:
    """Bytes that a run may have: of each device's memory, of the host's, and on the store's disk.

    Attributes:
        shared: whether device and host are one memory, as on a CPU.
        disk: None where the store is elsewhere.
    """

    device: float
    host: float
    shared: bool
    disk: float | None


def machine_for(session: Session, device: "torch.device") -> Machine:
    """This machine."""
    import torch

    memory = float(machine_memory())
    folder = local_folder(session.store.root)
    free = float(shutil.disk_usage(existing(folder)).free) if folder else None
    if device.type != "cuda":
        return Machine(memory, memory, True, free)
    return Machine(
        float(torch.cuda.get_device_properties(device).total_memory), memory, False, free
    )


def largest(session: Session) -> dict[str, tuple[Need, CellPlan]]:
    """By stage, the largest needs among what is to be made, and a cell that has them."""
    found: dict[str, tuple[Need, CellPlan]] = {}
    seen: set[str] = set()
    for cell in session.plan.cells:
        todo = {s: t.address for s, t in cell.tasks.items() if t.address not in seen}
        seen.update(todo.values())
        todo = {s: address for s, address in todo.items() if not session.store.has(address)}
        if not todo:
            continue
        for stage, need in needs_of(cell).items():
            if stage in todo and (stage not in found or _total(need) > _total(found[stage][0])):
                found[stage] = need, cell
    return found


def _total(need: Need) -> float:
    return need.device + need.host


def memory_table(session: Session, device: "torch.device") -> str:
    """Peak memory by stage under a line on what stays between stages; empty if all is there."""
    found = largest(session)
    if not found:
        return ""
    name = "memory" if device.type == "cpu" else f"memory of {device}"
    rows = [(stage, size(found[stage][0].device), size(found[stage][0].host)) for stage in found]
    kept = f"between stages up to {size(memory_bound())} of artifacts stay in memory"
    return table(("stage", f"{name} at its peak", "data on the host"), rows) + f"\n{kept}"


def refuse_what_does_not_fit(
    session: Session, device: "torch.device", workers: int = 1, machine: Machine | None = None
) -> None:
    """Refuses a plan of which something would run out of memory or disk.

    Raises:
        BadValue: names the stage, what it needs, what there is, and the way out.
    """
    has = machine or machine_for(session, device)
    together = workers if has.shared else _on_one_device(workers)
    for stage, (need, cell) in largest(session).items():
        way = way_out(cell, stage)
        where = f"{stage} of {cell.cell.label}"
        used = need.device + (need.host + PROCESS if has.shared else 0)
        what = "memory" if has.shared else f"memory of {device}"
        _refuse(what, used, has.device, where, way, together)
        if not has.shared:
            _refuse("memory", need.host + PROCESS, has.host, where, way, workers)
    if has.disk is not None:
        cost = estimate(session.plan, session.store, device)
        todo = [a for a in session.plan.tasks() if not session.store.has(a)]
        wanted = sum(cost[address].bytes for address in todo)
        if wanted > has.disk:
            raise BadValue(
                f"disk: expected at most {size(has.disk)}, what is free at {session.store.root}, "
                f"given a plan that stores {size(wanted)}; free some, name another --store, "
                f"or {ONLINE}"
            )


def _on_one_device(workers: int) -> int:
    import torch

    return math.ceil(workers / max(1, torch.cuda.device_count()))


def _refuse(what: str, used: float, has: float, where: str, way: str, workers: int) -> None:
    if used * workers <= has:
        return
    crowd = f" in each of {workers} processes" if workers > 1 else ""
    fewer = "take fewer --workers, " if workers > 1 and used <= has else ""
    raise BadValue(
        f"{what}: expected at most {size(has)}, what this machine has, given {where}, which needs "
        f"about {size(used)}{crowd}; {fewer}{way}"
    )
