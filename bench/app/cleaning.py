"""What `bench store gc` removes."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import product

from bench.app.arguments import StudyArguments
from bench.app.session import Finder, open_session
from bench.app.text import size
from bench.core.errors import BadData
from bench.graph.request import kinds
from bench.plugin.discovery import load_entry_points
from bench.plugin.recipes import Profile
from bench.storage.store import Store

PROFILES: tuple[Profile, ...] = ("smoke", "quick", "paper")


def collect(store: Store, corrupt: bool, keep: Collection[str] | None, dry_run: bool) -> str:
    """Removes corrupt artifacts, leftovers, and what is not to be kept; says what went."""
    lines = []
    if corrupt:
        problems = store.verify()
        lines += [str(problem) for problem in problems]
        for problem in problems:
            if not dry_run:
                store.delete(problem.address)
        lines.append(f"{len(problems)} corrupt artifacts")
    swept = store.gc(keep, dry_run)
    what = "leftovers of killed runs" if keep is None else "artifacts and leftovers"
    lines.append(f"{swept.removed} {what}, {size(swept.bytes)}")
    return "\n".join([*lines, "nothing was removed (--dry-run)" if dry_run else "removed"])


def addresses_of(studies: Sequence[StudyArguments], store: Store) -> set[str]:
    """Addresses of everything that the studies use as they are declared, in every profile.

    Raises:
        BadData: a data set is not here, and the store has artifacts of it.
    """
    found = set[str]()
    made = {part for manifest in store.manifests() for part in manifest.label.split(" · ")}
    for study, profile in product(studies, PROFILES):
        finder = Finder(study.data_root)
        found |= open_session(replace(study, profile=profile), finder).plan.tasks().keys()
        for name in sorted(finder.missing.keys() & made):
            raise BadData(
                f"--keep-study {study.study}: expected the data set {name}, of which the store has "
                f"artifacts; without it their addresses are not known: {finder.missing[name]}"
            )
    return found


def stored_kinds() -> list[str]:
    """The kinds of artifacts that a store can hold: those of the stages and of loaded plugins."""
    load_entry_points()
    return [name for name, kind in kinds().items() if kind.stored]
