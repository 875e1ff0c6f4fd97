"""Whether a plan fits this machine: what each stage needs, and one line where it has less."""

import math
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.app.session import Session
from bench.app.text import size, table
from bench.core.errors import BadValue
from bench.diagnosis.hardware import existing
from bench.diagnosis.places import local_folder
from bench.execution.meter import Meter, Need
from bench.execution.shelf import machine_memory, memory_bound
from bench.graph.plan import CellPlan
from bench.graph.work import Work
from bench.stages.relabel import ONLINE

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


def largest(session: Session, device: "torch.device") -> dict[str, tuple[Need, CellPlan, Work]]:
    """By stage, the largest needs among what is to be made, a cell that has them, and its work."""
    found: dict[str, tuple[Need, CellPlan, Work]] = {}
    meter = Meter(session.store, device)
    for cell, stage, work in _missing(session):
        need = meter.need(work, cell.at)
        if stage not in found or _total(need) > _total(found[stage][0]):
            found[stage] = need, cell, work
    return found


def _missing(session: Session) -> Iterator[tuple[CellPlan, str, Work]]:
    """The first cell of each artifact that the store lacks, its name there, and its work."""
    seen: set[str] = set()
    for cell in session.plan.cells:
        for stage, task in cell.tasks.items():
            if task.address not in seen and not session.store.has(task.address):
                yield cell, stage, task.request.work(cell.at)
            seen.add(task.address)


def _total(need: Need) -> float:
    return need.device + need.host


def memory_table(session: Session, device: "torch.device") -> str:
    """Peak memory by stage under a line on what stays between stages; empty if all is there."""
    found = largest(session, device)
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
    for stage, (need, cell, work) in largest(session, device).items():
        where = f"{stage} of {cell.cell.label}"
        used = need.device + (need.host + PROCESS if has.shared else 0)
        what = "memory" if has.shared else f"memory of {device}"
        _refuse(what, used, has.device, where, work.less, together)
        if not has.shared:
            _refuse("memory", need.host + PROCESS, has.host, where, work.less, workers)
    if has.disk is not None:
        wanted = sum(work.bytes for _, _, work in _missing(session))
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
