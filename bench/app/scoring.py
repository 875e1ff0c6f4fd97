"""What `bench score` does: read, check against a teacher, then run a study of one row."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import click

from bench.app.session import Session, find_source
from bench.artifacts.values import SyntheticSet, Teacher
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
    path = Path(text).expanduser()
    if path.exists():
        return path.resolve()
    found = list(Store(store).addresses(text)) if text.isalnum() else []
    if len(found) == 1:
        return (Path(store) / "objects" / found[0][:2] / found[0]).resolve()
    return path


def read_and_tell(
    path: Path, dataset: str, data_root: Path, layout: str, index: int, reading: Reading
) -> SyntheticSet:
    """The set as students will get it; prints its layout, how it was read, and its facts."""
    spec = find_source(dataset, data_root).spec
    test = load(spec, "test", data_root)
    shape = (spec.channels, spec.resolution, spec.resolution)
    found, loaded = load_set(path, layout, index)
    made, notes = fitted(loaded, Target(test.classes, shape, spec.mean, spec.std), reading)
    click.echo(f"{path.name}: layout {found.name} ({found.about})")
    lines = [*notes, *facts(made, spec.num_classes), *duplicates(made, test)]
    for line in lines:
        click.echo(f"  {line}")
    return made


def tell_labels(folder: Path) -> None:
    """Prints what a folder of FKD labels holds."""
    held = read_fkd(folder)
    click.echo(
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


def study_file(scoring: Scoring, store: str) -> Path:
    """Writes the study of the set into the store and returns the file."""
    file = Store(store).local_folder("studies") / f"{scoring.name}.py"
    write_atomically(file, scoring.source().encode())
    return file
