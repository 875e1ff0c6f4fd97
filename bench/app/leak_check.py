"""Warnings of a report from the artifacts themselves: leaks, dead images, classes out of order."""

from collections.abc import Iterator

from bench.app.session import Session
from bench.artifacts.values import Teacher
from bench.core.errors import CorruptArtifact
from bench.core.fingerprint import digest_of
from bench.graph.plan import CellPlan

RECORDS, VERSION = "leaks", 1  # raise the version when a check changes


def leak_warnings(session: Session) -> tuple[str, ...]:
    """One line per row and data set in whose first finished synthetic set something is wrong.

    What was checked once is kept in the store's records, by the addresses of what was read.
    """
    seen: set[tuple[str, str, int]] = set()
    lines: list[str] = []
    for cell in session.plan.cells:
        point, task = cell.cell, cell.synthetic
        key = (point.row.label, point.dataset, point.ipc)
        if key in seen or not session.store.has(task.address):
            continue
        seen.add(key)
        where = f"{point.row.label}, {point.dataset}, IPC {point.ipc}"
        lines += [f"{where}: {found}." for found in _findings(session, cell)]
    return tuple(dict.fromkeys(lines))


def _findings(session: Session, cell: CellPlan) -> list[str]:
    teacher = cell.first(Teacher)
    read = [cell.synthetic.address, teacher.address if teacher else "", cell.source.test]
    key = digest_of([VERSION, *read])[:32]
    record = session.store.record(RECORDS, key)
    if record is None:
        try:
            record = {"found": list(_check(session, cell))}
        except CorruptArtifact as error:
            return [f"not checked for leaks: {error}"]
        session.store.put_record(RECORDS, key, record)
    found = record["found"]
    return [str(line) for line in found] if isinstance(found, list) else []


def _check(session: Session, cell: CellPlan) -> Iterator[str]:
    from bench.analysis.leaks import near_duplicates, unsound
    from bench.artifacts.values import SyntheticSet
    from bench.data.augment import eval_view
    from bench.data.load import load
    from bench.data.network_input import as_pixels, network_input

    made = session.store.load(cell.synthetic.address, SyntheticSet)
    yield from unsound(made)
    test = load(cell.source.spec, "test", session.data_root)
    spec = cell.source.spec
    stored = made if made.factor == 1 else network_input(made, spec.mean, spec.std)
    ours = as_pixels(stored.images, spec.mean, spec.std)
    pairs = near_duplicates(eval_view(test.images, test.resolution), ours)
    if pairs:
        first = pairs[0]
        yield (
            f"{len(pairs)} of {len(test.labels)} test images have a near-duplicate in the "
            f"synthetic set (test image {first.test} is like image {first.synthetic})"
        )
    yield from _order(session, cell, stored.images, stored.labels)


def _order(session: Session, cell: CellPlan, images: object, labels: object) -> Iterator[str]:
    """Whether the teacher names the classes of the synthetic images in another order."""
    from torch import Tensor

    from bench.analysis.features import seen_by
    from bench.analysis.leaks import class_order

    task, spec = cell.first(Teacher), cell.source.spec
    if task is None or not session.store.has(task.address):
        return
    assert isinstance(images, Tensor)
    assert isinstance(labels, Tensor)
    network = session.store.load(task.address, Teacher)
    predicted = seen_by(network, images, spec.mean, spec.std).logits.argmax(1)
    order = class_order(predicted, labels, spec.num_classes)
    if order.suspicious:
        yield (
            f"the teacher agrees with {100 * order.accuracy:.0f} % of the labels, but with "
            f"{100 * order.permuted:.0f} % under another order of the classes: compare the order "
            "of the class folders"
        )
