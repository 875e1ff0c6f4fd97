"""The end of a sweep: the winner as a study file, its one run on the test split, the report."""

import hashlib
import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from bench.app.running import again, run_study
from bench.app.session import Session, find_source
from bench.app.sweep_describing import Found, describe, rows_of
from bench.app.sweep_options import SweepOptions
from bench.execution.planner import make_plan
from bench.search.best import best_study
from bench.search.standings import standings
from bench.search.storage import journal_path
from bench.search.worker import Ended
from bench.storage.store import Store, write_atomically
from bench.study.catalog import load_study, load_sweep
from bench.study.overrides import Overrides


def conclude(
    found: Sequence[Found], store: Store, options: SweepOptions, ended: Sequence[Ended]
) -> int:
    """Writes the winners' study file, runs it, reports; returns the exit code."""
    folder = report_folder(found, store, options)
    path, code = write_best(found, folder, options), 0
    test = tested(path, store, options) if path else None  # what an earlier run tested stays
    if test and options.test:
        code = run_study(test, replace(options.run, workers=1))
    click.echo(write_report(found, folder, test, options))
    click.echo(f"sweep: {folder}/report.html (also .md, trials.csv, figures/)")
    if path:
        click.echo(f"best: {run_best(path, options)}")
    failures = [one for one in ended if one.error]
    for one in failures:
        click.echo(f"failed: {one.label}: {one.error}", err=True)
        if one.traceback:
            click.echo(one.traceback, err=True)
    return 1 if failures or path is None else code


def write_best(found: Sequence[Found], folder: Path, options: SweepOptions) -> Path | None:
    """`best.py` with the winner of every search; None where no trial was completed."""
    ranked = [(one.search, standings(one.study)) for one in found]
    winners = [(search, best[0]) for search, best in ranked if best]
    if not winners:
        click.echo("no trial was completed: nothing to test", err=True)
        return None
    path = folder / "best.py"
    folder.mkdir(parents=True, exist_ok=True)
    text = best_study(winners, again(), run_best(path, options), mark_of(options))
    write_atomically(path, text.encode())
    return path


def run_best(path: Path, options: SweepOptions) -> str:
    """The command that runs the winners' study, with the plugins and places that it needs."""
    given = options.arguments
    words = ["bench", "run", str(path), "--profile", given.profile, "--store", given.store]
    words += [word for file in given.plugins for word in ("--plugin", file)]
    if any(word.split("=")[0] == "--data" for word in sys.argv):
        words += ["--data", given.data]
    return shlex.join(words)


def tested(path: Path, store: Store, options: SweepOptions) -> Session:
    """The winners' study on the test split, with fresh seeds."""
    root = options.arguments.data_root
    study = load_study(str(path))
    plan = make_plan(
        study, options.arguments.profile, Overrides(), lambda name: find_source(name, root)
    )
    return Session(plan, store, root)


def write_report(
    found: Sequence[Found], folder: Path, test: Session | None, options: SweepOptions
) -> str:
    """Writes every file of the report; returns its tables as text."""
    from pandas import DataFrame

    from reports.pages.sweep_page import build_sweep

    sweep, rows = found[0].search.sweep, rows_of(found)
    storage = options.search.storage and options.search.storage.split("@")[-1]
    store = Store(options.arguments.store)
    storage = storage or str(journal_path(store.local_folder("sweeps"), sweep.name))
    report = build_sweep(describe(found, rows, test, store, storage), DataFrame(rows))
    for name, content in report.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content)
    return report.terminal


def report_folder(found: Sequence[Found], store: Store, options: SweepOptions) -> Path:
    """`<store>/reports/sweep-<name>-<profile>`, with a mark where it is not as declared."""
    search = found[0].search
    name = f"{search.sweep.study_name}-{search.profile}{mark_of(options)}"
    return store.local_folder("reports") / name


def mark_of(options: SweepOptions) -> str:
    """What tells a sweep that is not as declared from the others; empty for the declared one."""
    declared = load_sweep(options.arguments.study)
    changed = [*options.arguments.settings, *options.search.spaces, *options.search.distillers]
    given = {k: v for k, v in options.search.changes.items() if v is not None}
    changed += [f"{k}={v}" for k, v in given.items() if v != getattr(declared, k)]
    text = "|".join(changed)
    return f"-{hashlib.sha256(text.encode()).hexdigest()[:6]}" if changed else ""
