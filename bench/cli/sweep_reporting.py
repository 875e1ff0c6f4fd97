"""The end of a sweep: the winner as a study file, its one run on the test split, the report."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
from optuna.study import Study

from bench.catalog import load_study
from bench.cli.running import again, run_study
from bench.cli.session import Session, find_source
from bench.cli.sweep_options import SweepOptions
from bench.overrides import Overrides
from bench.plan import make_plan
from bench.store import Store, write_atomically
from bench.sweep.best import best_study
from bench.sweep.settings import Search
from bench.sweep.standings import standings
from bench.sweep.worker import Ended


@dataclass(frozen=True)
class Found:
    """A search with the trials that it has."""

    search: Search
    study: Study


def conclude(
    found: Sequence[Found], store: Store, options: SweepOptions, ended: Sequence[Ended]
) -> int:
    """Writes the winners' study file, runs it, reports; returns the exit code."""
    folder = report_folder(found, store, options)
    code = 0
    path = write_best(found, folder, options)
    if path and options.test:
        code = run_study(tested(path, store, options), options.run)
    failures = [one for one in ended if one.error]
    for one in failures:
        click.echo(f"failed: {one.label}: {one.error}", err=True)
        if one.traceback:
            click.echo(one.traceback, err=True)
    return 1 if failures else code


def write_best(found: Sequence[Found], folder: Path, options: SweepOptions) -> Path | None:
    """`best.py` with the winner of every search; None where no trial was completed."""
    ranked = [(one.search, standings(one.study)) for one in found]
    winners = [(search, best[0]) for search, best in ranked if best]
    if not winners:
        click.echo("no trial was completed: nothing to test", err=True)
        return None
    path = folder / "best.py"
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(path, best_study(winners, options.profile, again()).encode())
    return path


def tested(path: Path, store: Store, options: SweepOptions) -> Session:
    """The winners' study on the test split, with fresh seeds."""
    root = options.data_root
    study = load_study(str(path))
    plan = make_plan(study, options.profile, Overrides(), lambda name: find_source(name, root))
    return Session(plan, store, root)


def report_folder(found: Sequence[Found], store: Store, options: SweepOptions) -> Path:
    """`<store>/reports/sweep-<name>-<profile>`, with a mark where it is not as declared."""
    search = found[0].search
    changed = [*options.settings, *options.spaces, *options.distillers]
    changed += [f"{k}={v}" for k, v in options.changes.items() if v is not None]
    text = "|".join(changed)
    mark = f"-{hashlib.sha256(text.encode()).hexdigest()[:6]}" if changed else ""
    name = f"{search.sweep.study_name}-{search.profile}{mark}"
    return store.local_folder("reports") / name
