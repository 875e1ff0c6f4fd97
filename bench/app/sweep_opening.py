"""Searches with their trials: opened to be worked on, or found as they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.app.sweep_options import SweepOptions
from bench.search.pruning import pruner_of
from bench.search.queue import Queue, counted
from bench.search.samplers import sampler_named
from bench.search.settings import Search
from bench.search.spaces import distributions
from bench.search.storage import (
    database_at,
    enqueue_grid,
    journal_path,
    open_study,
    storage_at,
    study_there,
)
from bench.storage.store import Store

if TYPE_CHECKING:
    from optuna.study import Study


@dataclass(frozen=True)
class Open:
    """A search with its trials."""

    search: Search
    study: "Study"
    queue: Queue


def opened_search(search: Search, store: Store, options: SweepOptions) -> Open:
    """The Optuna study of a search, its grid enqueued where it has one."""
    sweep, names = search.sweep, [p.name for p in search.parameters]
    url = options.search.storage
    database = database_at(url) if url is not None else None  # refused before a folder is made
    folder = store.local_folder("sweeps")
    sampler = sampler_named(sweep.sampler, sweep.name, names, sweep.seed)
    storage = database or storage_at(journal_path(folder, sweep.name), None)
    pruner = pruner_of(sweep, search.recipe)
    study = open_study(storage, search.name, sweep.objectives, sampler, pruner)
    if sweep.sampler == "grid":
        enqueue_grid(study, search.grid, search.trials, folder)
    by_time = options.budget_seconds is not None and options.trials is None
    trials = None if by_time else search.trials
    space = distributions(search.parameters)
    return Open(search, study, Queue(study, space, trials, options.budget_seconds))


def found_search(search: Search, store: Store, options: SweepOptions) -> Open | None:
    """A search with the trials that it has, as if no more had been asked for; None without any."""
    path = journal_path(store.local_folder("sweeps"), search.sweep.name)
    study = study_there(path, options.search.storage, search.name)
    if study is None or not (trials := counted(study)):
        return None
    return Open(search, study, Queue(study, distributions(search.parameters), len(trials)))


def headline(opened: Sequence[Open]) -> str:
    """What is searched, how, and how far it is."""
    lines = []
    for one in opened:
        search, sweep = one.search, one.search.sweep
        budget = f"{one.queue.trials} trials" if one.queue.trials else f"{one.queue.seconds:g} s"
        lines += [
            f"sweep {search.name}",
            f"  {sweep.sampler}, {budget} x {sweep.seeds} seeds on {sweep.dataset}#val, "
            f"ipc {sweep.ipc}, recipe {search.recipe.id}; {one.queue.done()} trials are done",
            *(f"  {p.name} in {p.space}" for p in search.parameters),
        ]
    return "\n".join(lines)
