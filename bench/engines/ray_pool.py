"""The driver of a Ray run: workers as actors, each a process on the device that Ray gave it.

An actor whose node or process dies is started again elsewhere, and its worker goes on with what the
store lacks. Needs the extra `ray`.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import click

from bench.core.errors import BadValue, BenchError
from bench.engines.job import BAD_INPUT, SOME_FAILED

GIB = 1 << 30
TRIES = 5  # of one worker that ends in a way that a retry may help


@dataclass(frozen=True)
class Share:
    """What each actor holds: GPUs (fractions share one), CPUs, memory in GiB."""

    gpus: float
    cpus: int
    memory: int


def worth_another(code: int) -> bool:
    """Whether a worker that ended with a code is to be started again.

    0 is the end of all cells, 1 the same with failures among them, 2 bad input.
    """
    return code not in (0, SOME_FAILED, BAD_INPUT)


def work(command: Sequence[str]) -> int:
    """Runs a worker to its end, in this process's environment; its exit code.

    Ray sets CUDA_VISIBLE_DEVICES in an actor, so that "auto" is the device that it was given.
    """
    return subprocess.run(list(command), check=False, env=dict(os.environ)).returncode


def loaded() -> Any:
    """The ray package.

    Raises:
        BadValue: it is not installed.
    """
    try:
        import ray
    except ImportError as error:
        raise BadValue(
            "--engine ray: expected the package ray, found none: pip install 'dd-bench[ray]'"
        ) from error
    return ray


def run(command: Sequence[str], workers: int, share: Share, address: str | None) -> int:
    """Runs the workers on a cluster, or on one started here; the worst of their exit codes."""
    ray = loaded()
    ray.init(address=address)

    class Worker:
        def work(self) -> int:
            return work(command)

    actor = ray.remote(
        num_gpus=share.gpus,
        num_cpus=share.cpus,
        memory=share.memory * GIB,
        max_restarts=-1,
        max_task_retries=-1,
    )(Worker)
    actors = [actor.remote() for _ in range(workers)]
    running = {worker.work.remote(): (worker, 1) for worker in actors}
    worst = 0
    while running:
        (done,), _ = ray.wait(list(running), num_returns=1)
        worker, tries = running.pop(done)
        code = ray.get(done)
        if worth_another(code) and tries < TRIES:
            running[worker.work.remote()] = worker, tries + 1
        else:
            worst = max(worst, abs(code))
    return worst


@click.command()
@click.option("--workers", type=click.IntRange(min=1), required=True)
@click.option("--gpus", type=click.FloatRange(min=0), default=1.0)
@click.option("--cpus", type=click.IntRange(min=1), default=8)
@click.option("--memory", type=click.IntRange(min=1), default=32)
@click.option("--address")
@click.argument("command", nargs=-1, required=True)
def main(
    workers: int, gpus: float, cpus: int, memory: int, address: str | None, command: tuple[str, ...]
) -> None:
    """Run COMMAND in each of so many actors."""
    try:
        code = run(command, workers, Share(gpus, cpus, memory), address)
    except BenchError as error:
        click.echo(f"error: {error}", err=True)
        code = BAD_INPUT
    # Cells that failed are the report's to tell.
    sys.exit(0 if code == SOME_FAILED else code)


if __name__ == "__main__":
    main()
