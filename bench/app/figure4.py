"""Figure 4 from the store: real and synthetic features of finished cells, embedded and measured.

As in the paper, the features are those of a network that is trained on real and synthetic images
together, one for each row. Those of the teacher, which WMDD optimises, make a second picture.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from bench.app.session import Session
from bench.artifacts.values import Observation, Teacher
from bench.core.errors import CorruptArtifact
from bench.core.fingerprint import digest_of
from bench.graph.plan import CellPlan, Task
from bench.stages.mixture import Mixed
from bench.storage.store import Store

if TYPE_CHECKING:
    from reports.figures.drawing import Figure
    from reports.tables.entries import Table

LAYER = "penultimate"
METHODS = ("sre2l", "wmdd")  # as in the paper
SHOWN = 800  # real points in the picture, evenly thinned; the numbers use all of them
RECORDS, VERSION = "closeness", 2  # raise the version when a number changes
Plane = list[tuple[float, float]]
TOGETHER = "a network trained on real and synthetic images together"
EACH = "one network and one embedding for each row"


@dataclass(frozen=True)
class Figure4:
    """One data set, IPC and kind of network: the picture and its table."""

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
    """What one embedding shows, as it is kept in the store's records."""

    method: str
    real: Plane
    labels: list[int]
    sets: list[Placed]


@dataclass(frozen=True)
class Space:
    """A network with what it saw in the real set, and the finished cells that are placed there."""

    network: Task
    seen: Task
    cells: tuple[CellPlan, ...]


def figure4(session: Session, distillers: Sequence[str] = METHODS) -> list[Figure4]:
    """For every data set and IPC of the plan the paper's figure, then that of the teacher.

    The first finished seed of each row counts. The real features are those of a stored
    observation by the same network; where there is none, nothing is drawn. What was computed once
    is kept in the store's records.
    """
    cells = [c for c in session.plan.cells if c.cell.row.distiller in distillers]
    found = []
    for (dataset, ipc), group in groupby(cells, key=lambda c: (c.cell.dataset, c.cell.ipc)):
        mine, where = list(group), f"{dataset} · IPC {ipc}"
        found += _drawn(where, "", TOGETHER, list(_together(mine, session.store)), session.store)
        taught = list(_taught(mine, session, dataset))
        found += _drawn(where, "-teacher", "the teacher", taught, session.store)
    return found


def _together(cells: Sequence[CellPlan], store: Store) -> Iterator[Space]:
    """The space of each row whose network of both kinds of images is there."""
    rows = set()
    for cell in cells:
        network = cell.first(Mixed)
        seen = _observation(cell, network, store)
        if network and seen and cell.cell.row.label not in rows:
            rows.add(cell.cell.row.label)
            yield Space(network, seen, (cell,))


def _taught(cells: Sequence[CellPlan], session: Session, dataset: str) -> Iterator[Space]:
    """The space of a teacher that some row of the plan has observed, with all sets made by it."""
    store = session.store
    for cell in session.plan.cells:
        teacher = cell.first(Teacher)
        seen = _observation(cell, teacher, store)
        if teacher and seen and cell.cell.dataset == dataset:
            if chosen := _finished(cells, teacher.address, store):
                yield Space(teacher, seen, tuple(chosen))
            return


def _observation(cell: CellPlan, network: Task | None, store: Store) -> Task | None:
    """What a network of the cell saw in the real set, where that is stored."""
    for task in cell.tasks.values():
        of = {above.address for above in task.above}
        if task.kind is Observation and network and network.address in of:
            return task if store.has(task.address) else None
    return None


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


def _placing(space: Space, store: Store) -> Placing:
    from pydantic import TypeAdapter

    made = [cell.synthetic.address for cell in space.cells]
    key = digest_of([VERSION, space.seen.address, LAYER, SHOWN, made])[:32]
    record = store.record(RECORDS, key)
    if record is None:
        record = asdict(_compute(space, store))
        store.put_record(RECORDS, key, record)
    return TypeAdapter(Placing).validate_python(record)


def _compute(space: Space, store: Store) -> Placing:
    import numpy as np

    from bench.analysis.closeness import closeness
    from bench.analysis.embedding import METHOD, embed
    from bench.analysis.features import seen_by
    from bench.artifacts.values import SyntheticSet
    from bench.stages.observe import class_features

    seen = class_features(store.load(space.seen.address, Observation), LAYER)
    real, labels = seen.features.double().numpy(), seen.labels.numpy()
    unit = np.sqrt(((real - real.mean(0)) ** 2).sum(1).mean())
    network: Teacher = store.load(space.network.address, space.network.kind)
    spec = space.cells[0].source.spec
    sets = [store.load(cell.synthetic.address, SyntheticSet) for cell in space.cells]
    clouds = [
        seen_by(network, made.images, spec.mean, spec.std, LAYER, made.factor)
        .features.double()
        .numpy()
        for made in sets
    ]
    classes = [made.labels.repeat_interleave(made.factor**2) for made in sets]
    numbers = [
        closeness(real / unit, labels, cloud / unit, own.numpy())
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


def _drawn(
    where: str, suffix: str, whose: str, spaces: Sequence[Space], store: Store
) -> list[Figure4]:
    """The picture of some spaces with its table; none where nothing of it can be read."""
    import numpy as np

    from reports.figures.embedding_figure import Cloud, Measured, closeness_table, embedding_figure
    from reports.tables.entries import slug

    clouds, methods = [], set()
    for space in spaces:
        try:
            placing = _placing(space, store)
        except CorruptArtifact:
            continue  # which one, the check for leaks and `bench store verify` tell
        methods.add(placing.method)
        real, labels = np.array(placing.real), np.array(placing.labels)
        clouds += [
            Cloud(
                Measured(cell.cell.row.label, len(kept.labels), **kept.numbers),  # type: ignore[arg-type]
                np.array(kept.points),
                np.array(kept.labels),
                real,
                labels,
            )
            for cell, kept in zip(space.cells, placing.sets, strict=True)
        ]
    if not clouds:
        return []
    one = "all sets in one embedding" if len(spaces) == 1 else EACH
    note = (
        f"{', '.join(sorted(methods))} of the {LAYER} features of {whose}: {one}. "
        "Dots: real images. Stars: synthetic ones. Colours: classes."
    )
    key, title = f"figure4{suffix}-{slug(where)}", f"features of {whose}, {where}"
    numbers = [cloud.measured for cloud in clouds]
    return [
        Figure4(
            embedding_figure(key, f"Figure 4: {title}", clouds, note, shared=len(spaces) == 1),
            closeness_table(key, f"Figure 4 in numbers: {title}", numbers),
        )
    ]
