"""Where trials live: a journal file that several processes may share, or any database URL."""

import warnings
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import optuna
from optuna.exceptions import StorageInternalError
from optuna.samplers import BaseSampler
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from optuna.study import Study

from bench.core.errors import BadValue
from bench.search.spaces import Value
from bench.search.tables import opened
from bench.storage.file_lock import alone_in
from bench.study.search import OBJECTIVES, check_storage

QUEUED = "queued"  # attribute of a study: how many points of its grid are


def journal_path(folder: Path, name: str) -> Path:
    """`<store>/sweeps/<name>.journal`, which optuna-dashboard opens as it is."""
    return folder / f"{name}.journal"


def storage_at(path: Path, url: str | None) -> BaseStorage:
    """The journal at a path, or the database that the user named.

    Raises:
        BadValue: the URL is no database that can be reached.
    """
    if url is not None:
        return database_at(url)
    path.parent.mkdir(parents=True, exist_ok=True)
    journal: BaseStorage = JournalStorage(JournalFileBackend(str(path)))
    return journal


def database_at(url: str) -> RDBStorage:
    """The database that the user named.

    Raises:
        BadValue: the URL is no database that can be reached.
    """
    check_storage(url)
    from sqlalchemy.exc import SQLAlchemyError

    try:
        return opened(url)
    except (ImportError, ValueError, SQLAlchemyError, StorageInternalError) as error:
        cause = str(error).splitlines()[0]
        raise BadValue(f"--storage {url.split('@')[-1]}: cannot be used: {cause}") from error


def open_study(
    storage: BaseStorage,
    name: str,
    objectives: Sequence[str],
    sampler: BaseSampler,
    pruner: optuna.pruners.BasePruner,
) -> Study:
    """The Optuna study of a name, created by whoever comes first."""
    study = optuna.create_study(
        storage=storage,
        study_name=name,
        sampler=sampler,
        pruner=pruner,
        directions=[OBJECTIVES[objective] for objective in objectives],
        load_if_exists=True,
    )
    if study.metric_names is None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            study.set_metric_names(list(objectives))
    return study


def study_there(path: Path, url: str | None, name: str) -> Study | None:
    """The Optuna study of a name, if there is one; none is made."""
    if url is None and not path.exists():
        return None
    with suppress(KeyError):
        return optuna.load_study(study_name=name, storage=storage_at(path, url))
    return None


def enqueue_grid(study: Study, grid: Sequence[dict[str, Value]], trials: int, folder: Path) -> None:
    """Queues a grid's points in turn, round after round, until there are `trials` of them.

    Each is queued once, also where two processes begin at the same time.
    """
    with alone_in(folder):
        queued = int(study.user_attrs.get(QUEUED, 0))
        for index in range(queued, trials):
            study.enqueue_trial(grid[index % len(grid)])
        if trials > queued:
            study.set_user_attr(QUEUED, trials)
