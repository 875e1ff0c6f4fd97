"""What `bench sweep` does: trials by one or several workers, the winner's test, the report."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from bench.app.running import again
from bench.app.sweep_describing import Found
from bench.app.sweep_opening import Open, headline, opened_search
from bench.app.sweep_options import SweepOptions
from bench.app.sweep_reporting import conclude, report_folder
from bench.app.sweep_telling import summary, tell_result, watched
from bench.app.workers import workers
from bench.core.errors import StopRun
from bench.core.events import StudyFinished
from bench.search.spaces import quiet
from bench.search.worker import Ended, Worker
from bench.stages.compute import choose_device
from bench.storage.store import Store
from bench.tracking.observers import FanOut

if TYPE_CHECKING:
    import torch


def run_sweep(options: SweepOptions) -> int:
    """Runs a sweep to its budget and concludes it; returns the exit code."""
    quiet()
    store, device = Store(options.arguments.store), choose_device(options.run.device)
    opened = [opened_search(search, store, options) for search in options.searches()]
    sweep = opened[0].search.sweep
    if not options.run.quiet:
        click.echo(headline(opened))
    if not any(one.queue.wants() for one in opened):
        ended: list[Ended] = []
    else:
        watch = watched(options, opened, store)
        try:
            ended = _work(options, opened, store, device, watch)
        except (KeyboardInterrupt, StopRun):
            watch.close("KILLED")
            click.echo(f"\nstopped; every finished trial is kept. Go on with: {again()}", err=True)
            return 130
        watch(StudyFinished(sweep.study_name, "FINISHED", summary(opened)))
        watch.close("FINISHED")
    if options.run.join:
        return 0
    found = [Found(one.search, one.study) for one in opened]
    code = conclude(found, store, options, ended)
    tell_result(options, opened, store, report_folder(found, store, options))
    return code


def _work(
    options: SweepOptions,
    opened: Sequence[Open],
    store: Store,
    device: "torch.device",
    watch: FanOut,
) -> list[Ended]:
    """Works until every budget is used, together with helpers in processes of their own."""
    worker = Worker(store, options.arguments.data_root, device, watch)
    ended: list[Ended] = []
    with workers(options.run.others(options.run.workers or 1)):
        ended += _share(worker, opened)
    return ended + _share(worker, opened)  # what a helper that died has left


def _share(worker: Worker, opened: Sequence[Open]) -> list[Ended]:
    return [done for one in opened for done in worker.work(one.search, one.queue)]
