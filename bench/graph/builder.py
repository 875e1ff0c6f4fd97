"""Walking requests: each becomes a task with an address, after all that it stands on."""

from collections.abc import MutableMapping
from functools import cache
from pathlib import Path
from typing import Any

from bench.core.fingerprint import address, code_hash
from bench.graph.plan import Task
from bench.graph.request import Context, Request
from bench.plugin.discovery import FOLDERS, ROOT

Tasks = MutableMapping[Request[Any], Task]


def tasks_of(request: Request[Any], at: Context, tasks: Tasks) -> Task:
    """The task of a request in a cell, with those of what it needs; equal requests share one.

    Raises:
        BenchError: the request, or one that it needs, cannot be met in this cell.
    """
    request = request.filled(at)
    known = tasks.get(request)
    if known is not None:
        return known
    request.refuse(at)
    above = tuple(tasks_of(need, at, tasks) for need in request.needs(at))
    config, seed = request.config(at), request.stream(at)
    key = address(
        request.kind,
        request.version,
        config,
        {str(index): task.address for index, task in enumerate(above)},
        seed,
        code=code_of(request.code()),
        data="+".join(at.source.digest(split) for split in request.reads()),
    )
    label = at.label if request.own else f"{at.source.spec.name} · {request.kind}"
    task = tasks[request] = Task(request, key, config, seed, above, label)
    return task


@cache
def code_of(file: Path | None) -> str:
    """The code part of an address: a plugin's module and the project's plugins it imports.

    Files are read once for a plan: `make_plan` clears the cache before it begins.
    """
    return code_hash(file, [ROOT / folder for folder in FOLDERS]) if file else ""
