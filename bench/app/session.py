"""What a command needs to work on a study: the plan, the store and the data."""

import shlex
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.app.arguments import StudyArguments
from bench.core.errors import BadData
from bench.data.load import class_sizes
from bench.data.manifest import real_digest
from bench.data.prepare import ensure
from bench.data.sizes import published_sizes
from bench.data.spec import SPLITS, DatasetSpec
from bench.execution.planner import Locate, make_plan
from bench.graph.plan import Plan
from bench.graph.request import Source
from bench.plugin.discovery import get, load_file, names
from bench.storage.store import Store
from bench.study.catalog import completed, load_study
from bench.study.grid import Study
from bench.study.overrides import parse

ABSENT = "not here: "  # begins the digests of data sets that are planned but cannot be run


@dataclass(frozen=True)
class Finder:
    """Finds data sets; those that are not here get their published sizes and made-up digests.

    Attributes:
        missing: name -> what to do about it, of those asked for so far.
    """

    root: Path
    missing: dict[str, str] = field(default_factory=dict)

    def __call__(self, name: str) -> Source:
        try:
            return find_source(name, self.root)
        except BadData as error:
            sizes = published_sizes(name)
            if sizes is None:
                raise
            self.missing[name] = str(error)
            return Source(find_spec(name), f"{ABSENT}{name}", f"{ABSENT}{name} (test)", *sizes)


@dataclass(frozen=True)
class Session:
    """A study's plan with the store and data root it is meant for."""

    plan: Plan
    store: Store
    data_root: Path


def open_session(
    arguments: StudyArguments, locate: Locate | None = None, study: Study | None = None
) -> Session:
    """Loads plugins and the study, applies overrides, and addresses every task.

    Args:
        study: in place of the one that the arguments name.
    """
    plan = planned(arguments, locate, study)
    return Session(plan, Store(arguments.store), arguments.data_root)


def planned(
    arguments: StudyArguments, locate: Locate | None = None, study: Study | None = None
) -> Plan:
    """The plan of a session, without its store."""
    load_plugins(arguments)
    study, root = completed(study or load_study(arguments.study)), arguments.data_root
    overrides = parse(arguments.settings, study)
    found = locate or (lambda name: find_source(name, root))
    plan = make_plan(study, arguments.profile, overrides, found)
    words = (word for file in arguments.plugins for word in ("--plugin", file))
    return replace(plan, called=shlex.join([arguments.study, *words]))


def load_plugins(arguments: StudyArguments) -> None:
    """Imports the plugin files that were named."""
    for plugin in arguments.plugins:
        load_file(Path(plugin))


def find_source(name: str, root: Path) -> Source:
    """A data set's specification and digests; decodes it into the cache if that is missing."""
    spec = find_spec(name)
    train, test = (ensure(spec, split, root)[0] for split in SPLITS)
    digests = real_digest(spec, train), real_digest(spec, test)
    size, name = min(zip(class_sizes(spec, train, root), train.classes, strict=True))
    return Source(spec, *digests, train.count, test.count, size, name)


def find_spec(name: str) -> DatasetSpec:
    """A registered plugin's data set, a built-in one or a folder, or a variant of one of these."""
    from bench.data.builtin import get_dataset
    from bench.data.variants import taken_apart, varied

    apart = taken_apart(name)
    if apart.base not in names("dataset"):
        return varied(get_dataset(apart.base), apart)
    spec = get("dataset", apart.base).factory()
    assert isinstance(spec, DatasetSpec)
    return varied(spec, apart)
