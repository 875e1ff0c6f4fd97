"""What a caller says of a study or a search, as one value each."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.plugin.recipes import Profile
from bench.study.search import check_storage

SEARCH_FIELDS = ("seeds", "sampler", "seed", "pruner", "fidelity", "grid_points", "objectives")
STORE_ENV, DATA_ENV = "DDBENCH_STORE", "DDBENCH_DATA"


def default_store() -> str:
    """$DDBENCH_STORE, else .bench in the working directory."""
    return os.environ.get(STORE_ENV, ".bench")


def default_data() -> str:
    """$DDBENCH_DATA, else ~/.cache/dd-bench/data."""
    return os.environ.get(DATA_ENV, str(Path.home() / ".cache/dd-bench/data"))


@dataclass(frozen=True)
class StudyArguments:
    """Which study is meant, how it is changed, and where its results and data are.

    Attributes:
        study: a built-in name or a path to a study file.
        settings: overrides as they were typed, such as `ipc=10`.
        plugins: files to load first.
    """

    study: str
    profile: Profile = "quick"
    settings: Sequence[str] = ()
    plugins: Sequence[str] = ()
    store: str = ".bench"
    data: str = ""

    @property
    def data_root(self) -> Path:
        return Path(self.data).expanduser()


@dataclass(frozen=True)
class SearchFlags:
    """What was typed of them.

    Attributes:
        changes: fields of the sweep -> values; None leaves the declared one.
    """

    changes: Mapping[str, object] = field(default_factory=dict)
    spaces: tuple[str, ...] = ()
    distillers: tuple[str, ...] = ()
    storage: str | None = None

    def __post_init__(self) -> None:
        check_storage(self.storage)

    def given(self) -> bool:
        """Whether there are any."""
        typed = (*self.changes.values(), self.spaces, self.distillers, self.storage)
        return any(value not in (None, ()) for value in typed)
