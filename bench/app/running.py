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
from bench.app.observing import observed
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


@dataclass(frozen=True)
class Ran:
    """How a run ended: its cells, its report, and how to open what was tracked."""

    outcomes: tuple[Outcome, ...]
    report: Written
    hint: str

    @property
    def failed(self) -> tuple[Outcome, ...]:
        return tuple(outcome for outcome in self.outcomes if outcome.failed)


Reporting = Callable[[Session], Written]


def run_study(session: Session, options: RunOptions, report: Reporting = write_report) -> int:
    """Runs a plan to its end and prints its report; returns the exit code."""
    device = device_for(session, options.device)
    if options.join:
        return join_in(session, options, device)
    crew = crew_for(session, device, options.workers)
    if not options.quiet:
        click.echo(f"{announce(session, device)}\n{crew}")
    outcomes: list[Outcome] = []
    try:
        ran = carry_out(session, options, device, report, outcomes, crew.count)
    except (KeyboardInterrupt, StopRun):
        click.echo(
            f"\nstopped after {len(outcomes)} of {len(session.plan.cells)} cells; everything "
            f"finished is kept. Go on with: {again()}",
            err=True,
        )
        return 130
    click.echo(ran.report.terminal)
    click.echo(f"report: {ran.report.folder}/report.html (also .md, .csv, .tex)")
    click.echo(ran.hint)
    for outcome in ran.failed:
        click.echo(f"failed: {outcome.plan.cell.label}: {outcome.error}", err=True)
        if outcome.traceback:
            click.echo(outcome.traceback, err=True)
    return 1 if ran.failed else 0


def device_for(session: Session, name: str) -> "torch.device":
    """The device that was named; refused where a cell's precision is only emulated on it."""
    device = choose_device(name)
    refuse_emulated((cell.recipe.precision for cell in session.plan.cells), device)
    return device


def carry_out(
    session: Session,
    options: RunOptions,
    device: "torch.device",
    report: Reporting,
    outcomes: list[Outcome],
    processes: int = 1,
) -> Ran:
    """Computes what the store lacks, writes the report, and tells the observers of all of it.

    Args:
        outcomes: takes each cell as it ends, for whoever breaks the run off.
        processes: that share the cells: this one, and others of its command line.
    """
    refuse_what_does_not_fit(session, device, processes)
    watch = observed(session, options)
    try:
        shop = Workshop(session.store, session.data_root, device, watch.emit)
        with workers(options.others(processes)), deterministic(options.deterministic):
            outcomes.extend(run_plan(session.plan, shop, watch.emit, students=options.log_model))
    except BaseException:
        watch.finish("KILLED")
        raise
    ran = Ran(tuple(outcomes), report(session), watch.hint)
    watch.emit(ReportWritten([str(path) for path in ran.report.paths]))
    status = "FAILED" if ran.failed else "FINISHED"
    watch.emit(StudyFinished(session.plan.study.name, status, ran.report.metrics))
    watch.finish(status)
    return ran


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


def again() -> str:
    """The command line of this process, to be pasted; its addresses have lost their passwords."""
    name = Path(sys.argv[0]).name
    program = ["python", "-m", "bench.cli.main"] if name == "main.py" else [name]
    return shlex.join([*program, *map(public, sys.argv[1:])])
