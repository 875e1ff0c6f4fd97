"""Figure 4 from the store: real and synthetic features of finished cells, embedded and measured."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from bench.app.session import Session
from bench.artifacts.values import Observation, Teacher
from bench.core.errors import CorruptArtifact
from bench.core.fingerprint import digest_of
from bench.graph.plan import CellPlan
from bench.storage.store import Store

if TYPE_CHECKING:
    from reports.figures.drawing import Figure
    from reports.tables.entries import Table

LAYER = "penultimate"
METHODS = ("sre2l", "wmdd")  # as in the paper
SHOWN = 800  # real points in the picture, evenly thinned; the numbers use all of them
RECORDS, VERSION = "closeness", 1  # raise the version when a number changes
Plane = list[tuple[float, float]]


@dataclass(frozen=True)
class Figure4:
    """One data set and IPC: the picture and its table."""

    figure: "Figure"
    table: "Table"


@dataclass(frozen=True)
class Placed:
    """One synthetic set: its numbers by name, its points in the plane and their classes."""

    numbers: dict[str, float | None]
    points: Plane
    labels: list[int]


@dataclass(frozen=True)
class Placing:
    """What one picture shows, as it is kept in the store's records."""

    method: str
    real: Plane
    labels: list[int]
    sets: list[Placed]


def figure4(session: Session, distillers: Sequence[str] = METHODS) -> list[Figure4]:
    """One figure for every data set and IPC of the plan in which one of the distillers is done.

    The first finished seed of each row counts. The real features are those of a stored
    observation by the same teacher; where there is none, nothing is drawn. What was computed once
    is kept in the store's records.
    """
    found = []
    cells = [c for c in session.plan.cells if c.cell.row.distiller in distillers]
    for (dataset, ipc), group in groupby(cells, key=lambda c: (c.cell.dataset, c.cell.ipc)):
        teacher, observation = _observed(session, dataset)
        chosen = _finished(list(group), teacher, session.store)
        if chosen:
            try:
                placing = _placing(chosen, teacher, observation, session.store)
            except CorruptArtifact:
                continue  # which one, the check for leaks and `bench store verify` tell
            found.append(_drawn(f"{dataset} · IPC {ipc}", chosen, placing))
    return found


def _observed(session: Session, dataset: str) -> tuple[str, str]:
    """Addresses of a teacher and of a stored observation by it, from whichever row needs one."""
    for cell in session.plan.cells:
        teacher, seen = cell.first(Teacher), cell.first(Observation)
        if cell.cell.dataset != dataset or not teacher or not seen:
            continue
        if session.store.has(seen.address):
            return teacher.address, seen.address
    return "", ""


def _finished(cells: Sequence[CellPlan], teacher: str, store: Store) -> list[CellPlan]:
    """The first cell of each row whose synthetic set that teacher helped to make, each set once."""
    first: dict[str, CellPlan] = {}
    for cell in cells:
        found = cell.first(Teacher)
        if found and found.address == teacher and store.has(cell.synthetic.address):
            first.setdefault(cell.cell.row.label, cell)
    sets: dict[str, CellPlan] = {}
    for cell in first.values():
        sets.setdefault(cell.synthetic.address, cell)
    return list(sets.values())


def _placing(cells: Sequence[CellPlan], teacher: str, observation: str, store: Store) -> Placing:
    from pydantic import TypeAdapter

    made = [cell.synthetic.address for cell in cells]
    key = digest_of([VERSION, observation, LAYER, SHOWN, made])[:32]
    record = store.record(RECORDS, key)
    if record is None:
        record = asdict(_compute(cells, teacher, observation, store))
        store.put_record(RECORDS, key, record)
    return TypeAdapter(Placing).validate_python(record)


def _compute(cells: Sequence[CellPlan], teacher: str, observation: str, store: Store) -> Placing:
    import numpy as np

    from bench.analysis.closeness import closeness
    from bench.analysis.embedding import METHOD, embed
    from bench.analysis.features import seen_by
    from bench.artifacts.values import SyntheticSet
    from bench.stages.observe import class_features

    seen = class_features(store.load(observation, Observation), LAYER)
    real, labels = seen.features.double().numpy(), seen.labels.numpy()
    network, spec = store.load(teacher, Teacher), cells[0].source.spec
    sets = [store.load(cell.synthetic.address, SyntheticSet) for cell in cells]
    clouds = [
        seen_by(network, made.images, spec.mean, spec.std, LAYER, made.factor)
        .features.double()
        .numpy()
        for made in sets
    ]
    classes = [made.labels.repeat_interleave(made.factor**2) for made in sets]
    numbers = [
        closeness(real, labels, cloud, own.numpy())
        for cloud, own in zip(clouds, classes, strict=True)
    ]
    thin = slice(None, None, -(-len(real) // SHOWN))
    plane = embed(np.concatenate([real[thin], *clouds]))
    ends = np.cumsum([len(real[thin]), *map(len, clouds)])
    first, *rest = (part.tolist() for part in np.split(plane, ends[:-1]))
    placed = [
        Placed(asdict(n), points, own.tolist())
        for n, points, own in zip(numbers, rest, classes, strict=True)
    ]
    return Placing(METHOD, first, labels[thin].tolist(), placed)


def _drawn(where: str, cells: Sequence[CellPlan], placing: Placing) -> Figure4:
    import numpy as np

    from reports.figures.embedding_figure import Cloud, Measured, closeness_table, embedding_figure
    from reports.tables.entries import slug

    clouds = [
        Cloud(
            Measured(cell.cell.row.label, len(kept.labels), **kept.numbers),  # type: ignore[arg-type]
            np.array(kept.points),
            np.array(kept.labels),
        )
        for cell, kept in zip(cells, placing.sets, strict=True)
    ]
    note = (
        f"{placing.method} of the teacher's {LAYER} features, all sets in one embedding. "
        "Dots: real images. Stars: synthetic ones. Colours: classes."
    )
    key, real = f"figure4-{slug(where)}", np.array(placing.real)
    return Figure4(
        embedding_figure(
            key, f"Figure 4: features, {where}", real, np.array(placing.labels), clouds, note
        ),
        closeness_table(key, f"Figure 4 in numbers, {where}", [c.measured for c in clouds]),
    )
