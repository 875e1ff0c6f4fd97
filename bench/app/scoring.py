"""What `bench score` does: read, check against a teacher, then run a study of one row."""

import os
import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

from bench.app.arguments import StudyArguments
from bench.app.session import Session, find_source, open_session
from bench.app.text import one_line
from bench.artifacts.values import SyntheticSet, Teacher
from bench.core.errors import BadValue
from bench.data.load import load
from bench.exchange.checks import duplicates, facts, seen_by_teacher
from bench.exchange.fitting import Reading, Target, fitted
from bench.exchange.fkd import read_fkd
from bench.exchange.recognise import load_set
from bench.exchange.scoring import Scoring
from bench.execution.workshop import Workshop
from bench.graph.builder import tasks_of
from bench.stages.squeeze import TeacherRequest
from bench.storage.store import Store, write_atomically

Check = Literal["auto", "train", "off"]


def located(text: str, store: str) -> Path:
    """The path, or the folder of the store's artifact of that address or beginning of one."""
    if not text.strip():
        raise BadValue("expected a path or an address of a synthetic set, given an empty name")
    path = Path(text).expanduser()
    if os.path.exists(path):  # False for a name that is too long
        return path.resolve()
    found = list(Store(store).addresses(text)) if text.isalnum() else []
    if len(found) == 1:
        return (Path(store) / "objects" / found[0][:2] / found[0]).resolve()
    return path


def read_set(
    path: Path, dataset: str, data_root: Path, layout: str, index: int, reading: Reading
) -> tuple[SyntheticSet, list[str]]:
    """The set as students will get it; its layout, how it was read, and its facts, one a line."""
    spec = find_source(dataset, data_root).spec
    test = load(spec, "test", data_root)
    shape = (spec.channels, spec.resolution, spec.resolution)
    found, loaded = load_set(path, layout, index)
    made, notes = fitted(loaded, Target(test.classes, shape, spec.mean, spec.std), reading)
    lines = [*notes, *facts(made, spec.num_classes), *duplicates(made, test)]
    title = f"{path.name}: layout {found.name} ({found.about})"
    return made, [one_line(line) for line in (title, *(f"  {line}" for line in lines))]


def labels_line(folder: Path) -> str:
    """What a folder of FKD labels holds."""
    held = read_fkd(folder)
    return (
        f"  FKD labels: {held.epochs} epochs of {held.batches} batches, logits {held.logits}, "
        f"{held.bytes} bytes; counted, not replayed: the files do not say the order of images"
    )


def teacher_lines(
    session: Session, made: SyntheticSet, check: Check, shop: Workshop
) -> Iterator[str]:
    """What the recipe's teacher says of the set; `auto` asks one only where it is at hand."""
    cell = session.plan.cells[0]
    task = tasks_of(TeacherRequest(), cell.at, {})
    there = session.store.has(task.address) or cell.first(Teacher) is not None
    if check == "off" or (check == "auto" and not there):
        yield "no teacher looked at the set; --teacher-check train trains one and asks it"
        return
    teacher = shop.artifact(cell, task, Teacher)
    yield from seen_by_teacher(made, teacher, load(cell.source.spec, "test", session.data_root))


def opened(scoring: Scoring, arguments: StudyArguments) -> tuple[Session, Path]:
    """The study of the set, and its file in the store, written once nothing is wrong with it."""
    session = open_session(arguments, study=scoring.study())
    file = session.store.local_folder("studies") / f"{scoring.name}.py"
    write_atomically(file, scoring.source())
    return replace(session, plan=replace(session.plan, called=shlex.quote(str(file)))), file
