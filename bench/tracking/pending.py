"""What is still to be exported: lists that runs leave, and the export of those that were left.

    <store>/tracking/pending/<study>-<begin>-<n>.jsonl    where to, then the keys of cells

A list holds no record, only keys of sheets; it goes when an exporter has said all of them. No
password of a tracking server is kept: whoever names the server again brings it.
"""

from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bench.core.public import public
from bench.storage.store import Store
from bench.tracking.layout import milliseconds
from bench.tracking.observers import attempt
from bench.tracking.sheets import Attempt, Sheet, read

if TYPE_CHECKING:
    from bench.tracking.export import Exporter

FOLDER = "pending"


def listed(tracking: Path, uri: str, experiment: str, artifacts: str, study: str) -> Sheet:
    """A new list of this process, in a tracking folder."""
    shown = public(uri)
    about = {"uri": shown, "bare": shown == uri, "experiment": experiment, "artifacts": artifacts}
    return Sheet(tracking / FOLDER, study, milliseconds(), about)


def lists(tracking: Path) -> list[Path]:
    """All lists, the oldest first."""
    return sorted((tracking / FOLDER).glob("*.jsonl"), key=lambda path: path.stem.split("-")[1:])


@dataclass
class Errand:
    """The export of one list.

    Attributes:
        done: key -> how often it stood in the list when all of its cell was said.
    """

    path: Path
    exporter: "Exporter"
    done: dict[str, int] = field(default_factory=dict)

    def go(self, progress: "partial[None] | None" = None) -> bool | None:
        """Exports what is listed by now; whether all is said, None while others are at it."""
        found = read(self.path)
        if found is None:
            return True
        keys = Counter(str(line["cell"]) for line in found.all("cell"))
        said: list[bool | None] = []
        for key, times in keys.items():
            if self.done.get(key) == times and key != last_of(found):
                continue
            said.append(self.exporter.cell(key))
            if said[-1]:
                self.done[key] = times
            if progress is not None:
                progress()
        said.append(self.exporter.study(str(found.opening["key"])))
        return None if None in said else all(said)


def last_of(found: Attempt) -> str:
    """The cell that may still go on."""
    return str(found.all("cell")[-1]["cell"]) if found.all("cell") else ""


@dataclass(frozen=True)
class Delivery:
    """What became of lists that were left.

    Attributes:
        delivered: lists of which all is said, and that are gone.
        kept: lists that wait for a server.
        problems: one line for each server that does not answer, or thing that it refused.
    """

    delivered: int = 0
    kept: int = 0
    problems: tuple[str, ...] = ()


def deliver_pending(store: Store, uri: str = "", own: Path | None = None) -> Delivery:
    """Exports the lists whose processes have ended; MLflow is needed only then.

    Args:
        uri: a tracking URI whose password serves the lists of the same server.
        own: a list that the caller exports itself, whether its process has ended or not.
    """
    tracking = store.local_folder("tracking")
    delivered, kept, problems = 0, 0, list[str]()
    for path in lists(tracking):
        found = read(path) if path != own else None
        if found is None or found.status == "RUNNING":
            continue
        error = attempt(partial(_deliver, path, found, store, uri, problems))
        if error is not None:
            from bench.tracking.runs import one_line

            problems.append(one_line(error))
        delivered, kept = delivered + (not path.exists()), kept + path.exists()
    return Delivery(delivered, kept, tuple(dict.fromkeys(problems)))


def _deliver(path: Path, found: Attempt, store: Store, uri: str, problems: list[str]) -> None:
    from bench.tracking.connection import short_calls
    from bench.tracking.export import Exporter, Target

    about = {name: str(found.opening[name]) for name in ("uri", "experiment", "artifacts")}
    if public(uri) == about["uri"]:
        about["uri"] = uri
    elif not found.opening["bare"]:
        problems.append(f"what waits for {about['uri']} needs its password: name it once more")
        return
    with short_calls():
        exporter = Exporter(store, Target(**about))
        whole = Errand(path, exporter).go()
    problems += [*exporter.runs.refused, *([exporter.runs.blocked] if not whole else [])]
    if whole:
        path.unlink(missing_ok=True)
