"""Alarms of a report about recoveries that broke down, seed by seed."""

from collections.abc import Iterator
from dataclasses import asdict, replace

from bench.app.session import Session
from bench.core.errors import CorruptArtifact
from bench.core.fingerprint import digest_of
from bench.graph.plan import CellPlan

RECORDS, VERSION = "recoveries", 2  # raise the version when a sign changes


def broken_recoveries(session: Session) -> tuple[str, ...]:
    """One line per row, data set and IPC whose finished synthetic sets show a breakdown.

    The signs of a set are kept in the store's records, by the addresses of what was read.
    """
    groups: dict[str, dict[str, CellPlan]] = {}
    for cell in session.plan.cells:
        point, address = cell.cell, cell.tasks["recover"].address
        if session.store.readable(address):
            where = f"{point.row.label}, {point.dataset}, IPC {point.ipc}"
            groups.setdefault(where, {})[address] = cell
    return tuple(line for where, cells in groups.items() for line in _lines(session, where, cells))


def _lines(session: Session, where: str, cells: dict[str, CellPlan]) -> Iterator[str]:
    found = [(cell.cell.seed, problems) for cell in cells.values()
             if (problems := _problems(session, cell))]  # fmt: skip
    if found:
        seed, problems = found[0]
        yield (
            f"{where}: the recovery broke down in {len(found)} of {len(cells)} synthetic sets; "
            f"at seed {seed} {' and '.join(problems)}. Lower recover.lr."
        )


def _problems(session: Session, cell: CellPlan) -> list[str]:
    from bench.analysis.soundness import Soundness

    store, address = session.store, cell.tasks["recover"].address
    key = digest_of([VERSION, address, cell.source.test])[:32]
    record = store.record(RECORDS, key)
    if record is None:
        try:
            record = _signs(session, cell)
        except CorruptArtifact:
            return []  # told as such, where the set is looked into
        store.put_record(RECORDS, key, record)
    values = {name: float(str(value)) for name, value in record.items()}
    return list(Soundness(**values).problems())


def _signs(session: Session, cell: CellPlan) -> dict[str, object]:
    from bench.analysis.soundness import soundness
    from bench.artifacts.values import SyntheticSet
    from bench.data.augment import eval_view
    from bench.data.load import load
    from bench.data.network_input import as_pixels

    made = session.store.load(cell.tasks["recover"].address, SyntheticSet)
    test = load(cell.source.spec, "test", session.data_root)
    seen = replace(made, images=as_pixels(made.images, test.mean, test.std))  # floats have no edges
    return asdict(soundness(seen, eval_view(test.images, test.resolution)))
