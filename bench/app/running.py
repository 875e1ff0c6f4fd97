"""What `bench run` does around a plan: announce, observe, execute, tabulate, report."""

import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.app.announcing import announce
from bench.app.fitting import refuse_what_does_not_fit
from bench.app.observing import Observed, observed
from bench.app.reporting import Written, write_report
from bench.app.session import Session
from bench.app.workers import crew_for, workers
from bench.core.errors import StopRun
from bench.core.events import ReportWritten, StudyFinished
from bench.core.public import public
from bench.execution.results import Outcome
from bench.execution.runner import run_plan
from bench.execution.workshop import Workshop
from bench.stages.compute import choose_device, deterministic
from bench.stages.precision import refuse_emulated
from bench.tracking.tracker import check_uri

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class RunOptions:
    """Where and how a run executes and who hears of it.

    Attributes:
        workers: processes on this machine that share the cells; None for as many as make it faster.
        log_model: keep every trained student as a model in MLflow.
        deterministic: compute by algorithms alone that give the same bits in every run.
        verbose: tell of every stage.
        join: only run cells of what another process tells of and reports.
    """

    device: str = "auto"
    tracking_uri: str | None = None
    track: bool = True
    quiet: bool = False
    workers: int | None = None
    join: bool = False
    log_model: bool = False
    verbose: bool = False
    deterministic: bool = False

    def __post_init__(self) -> None:
        if self.track and self.tracking_uri is not None:
            check_uri(self.tracking_uri)  # before anything is planned

    def others(self, count: int) -> list[list[str]]:
        """Command lines of all workers of so many but this one: its own, and a GPU each."""
        import torch

        gpus = torch.cuda.device_count() if self.device == "auto" else 0
        return [
            [*sys.argv[1:], "--join", *(["--device", f"cuda:{n % gpus}"] if gpus > 1 else [])]
            for n in range(1, count)
        ]


def run_study(
    session: Session, options: RunOptions, report: Callable[[Session], Written] = write_report
) -> int:
    """Runs a plan to its end and reports it; returns the exit code."""
    device = choose_device(options.device)
    refuse_emulated((cell.recipe.precision for cell in session.plan.cells), device)
    if options.join:
        return join_in(session, options, device)
    crew = crew_for(session, device, options.workers)
    if not options.quiet:
        click.echo(f"{announce(session, device)}\n{crew}")
    refuse_what_does_not_fit(session, device, crew.count)
    watch = observed(session, options)
    outcomes: list[Outcome] = []
    try:
        shop = Workshop(session.store, session.data_root, device, watch.emit)
        with workers(options.others(crew.count)), deterministic(options.deterministic):
            outcomes.extend(run_plan(session.plan, shop, watch.emit, students=options.log_model))
    except (KeyboardInterrupt, StopRun):
        watch.finish("KILLED")
        done = len(outcomes)
        click.echo(
            f"\nstopped after {done} of {len(session.plan.cells)} cells; everything finished is "
            f"kept. Go on with: {again()}",
            err=True,
        )
        return 130
    return _conclude(session, watch, outcomes, report(session))


def join_in(session: Session, options: RunOptions, device: "torch.device") -> int:
    """Runs what other processes of the same command leave; they report."""
    watch = observed(session, replace(options, quiet=True))
    shop = Workshop(session.store, session.data_root, device, watch.emit)
    try:
        with deterministic(options.deterministic):
            ran = run_plan(session.plan, shop, watch.emit, students=options.log_model)
            failed = [done for done in ran if done.failed]
    except (KeyboardInterrupt, StopRun):
        watch.finish("KILLED")
        return 130
    watch.finish("FAILED" if failed else "FINISHED")
    return 1 if failed else 0


def _conclude(session: Session, watch: Observed, outcomes: list[Outcome], report: Written) -> int:
    failed = [outcome for outcome in outcomes if outcome.failed]
    watch.emit(ReportWritten([str(path) for path in report.paths]))
    status = "FAILED" if failed else "FINISHED"
    watch.emit(StudyFinished(session.plan.study.name, status, report.metrics))
    watch.finish(status)
    click.echo(report.terminal)
    click.echo(f"report: {report.folder}/report.html (also .md, .csv, .tex)")
    click.echo(watch.hint)
    for outcome in failed:
        click.echo(f"failed: {outcome.plan.cell.label}: {outcome.error}", err=True)
        if outcome.traceback:
            click.echo(outcome.traceback, err=True)
    return 1 if failed else 0


def again() -> str:
    """The command line of this process, to be pasted; its addresses have lost their passwords."""
    name = Path(sys.argv[0]).name
    program = ["python", "-m", "bench.cli.main"] if name == "main.py" else [name]
    return shlex.join([*program, *map(public, sys.argv[1:])])
