"""Typed cells of a tidy frame: the only place that knows the frame's columns."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from bench.core.errors import BadValue, UnknownName

REQUIRED = ("row", "dataset", "ipc", "seed")
STATUSES = ("ok", "failed", "not run")
SECONDS, ADDRESS = "seconds_", "address_"  # begin the columns of a kind of artifact
NUMERICS, SEVERAL = "numerics_", " | "  # begins those of the numerics class; between its values
NUMBERS = (
    "top5",
    "chance",
    "teacher_top1",
    "n_test",
    "updates",
    "image_bytes",
    "label_bytes",
    "peak_memory",
    "peak_memory_recover",
    "recover_steps",
    "bn_weight",
    "looks",
    "top1_validation",
    "epoch_validation",
    "top1_oracle_test",
    "epoch_oracle_test",
)


@dataclass(frozen=True)
class Setting:
    """What all rows of one table share.

    Attributes:
        protocol: the recipe that students are trained by, where a study compares several.
    """

    dataset: str
    ipc: int
    evaluator: str
    student: str
    protocol: str = ""

    @property
    def label(self) -> str:
        parts = [f"IPC {self.ipc}", self.protocol, self.evaluator, self.student]
        return " · ".join(part for part in parts if part)


@dataclass(frozen=True)
class Cell:
    """One (row, data set, IPC, seed) point of a study.

    Attributes:
        repeat: which of several students that were trained on the synthetic set of this seed.
        teacher: which of the study's teachers; no two teachers share a seed.
        top1: fraction in [0, 1]; None unless the status is "ok".
        numbers: further columns of the frame that hold a number, by name.
        kinds: the kinds of artifacts that the frame knows, upstream first.
        artifacts: kind -> address of the artifact, for the kinds that are named.
        numerics: what decides the last bits -> its values over all that the cell is made from.
    """

    setting: Setting
    group: str
    row: str
    distiller: str
    seed: int
    status: str
    error: str
    top1: float | None
    recipe: str
    profile: str
    paper_row: str
    address: str
    command: str
    device: str
    repeat: int = 0
    teacher: int = 0
    numbers: Mapping[str, float] = field(default_factory=dict)
    kinds: tuple[str, ...] = ()
    artifacts: Mapping[str, str] = field(default_factory=dict)
    numerics: Mapping[str, frozenset[str]] = field(default_factory=dict)


def cells_of(frame: pd.DataFrame) -> tuple[Cell, ...]:
    """The cells of a frame, in its order; optional columns may be missing.

    Raises:
        BadValue: where a required column is missing, an accuracy is not a fraction, or two lines
            describe one cell.
        UnknownName: for a status that is none of ok, failed, not run.
    """
    if len(frame) == 0:
        return ()
    missing = [name for name in REQUIRED if name not in frame.columns]
    if missing:
        raise BadValue(f"frame: expected columns {list(REQUIRED)}, missing {missing}")
    cells = tuple(_cell(line) for line in frame.to_dict("records"))
    _refuse_twins(cells)
    return cells


def _cell(line: Mapping[object, object]) -> Cell:
    status = _text(line, "status") or "ok"
    if status not in STATUSES:
        raise UnknownName.of("status", status, STATUSES)
    top1 = _number(line, "top1")
    if top1 is not None and not 0 <= top1 <= 1:
        raise BadValue(f"top1: expected a fraction in [0, 1], given {top1} in {_text(line, 'row')}")
    error = _text(line, "error")
    if status == "ok" and top1 is None:
        status, error = "failed", error or "no score was stored"
    kinds = tuple(n.removeprefix(SECONDS) for n in map(str, line) if n.startswith(SECONDS))
    named = (*NUMBERS, *(f"{SECONDS}{kind}" for kind in kinds))
    known = {name: _number(line, name) for name in named}
    return Cell(
        setting=Setting(
            _text(line, "dataset"),
            _integer(line, "ipc"),
            _text(line, "evaluator"),
            _text(line, "student"),
            _text(line, "protocol"),
        ),
        group=_text(line, "group"),
        row=_text(line, "row"),
        distiller=_text(line, "distiller"),
        seed=_integer(line, "seed"),
        status=status,
        error=error,
        top1=top1 if status == "ok" else None,
        recipe=_text(line, "recipe"),
        profile=_text(line, "profile"),
        paper_row=_text(line, "paper_row"),
        address=_text(line, "address"),
        command=_text(line, "command"),
        device=_text(line, "device"),
        repeat=0 if _absent(line.get("repeat")) else _integer(line, "repeat"),
        teacher=0 if _absent(line.get("teacher")) else _integer(line, "teacher"),
        numbers={name: value for name, value in known.items() if value is not None},
        kinds=kinds,
        artifacts=_artifacts(line, kinds),
        numerics={
            name.removeprefix(NUMERICS): frozenset(_text(line, name).split(SEVERAL))
            for name in map(str, line)
            if name.startswith(NUMERICS) and _text(line, name)
        },
    )


def _artifacts(line: Mapping[object, object], kinds: Sequence[str]) -> dict[str, str]:
    """The address of a cell is that of its last artifact; the others have columns of their own."""
    found = {kind: _text(line, f"{ADDRESS}{kind}") for kind in kinds}
    if kinds:
        found[kinds[-1]] = found[kinds[-1]] or _text(line, "address")
    return {kind: address for kind, address in found.items() if address}


def numerics_of(cells: Iterable[Cell]) -> dict[str, frozenset[str]]:
    """What decides the last bits -> its values over all cells; several where classes are mixed."""
    found: dict[str, frozenset[str]] = {}
    for cell in cells:
        for name, values in cell.numerics.items():
            found[name] = found.get(name, frozenset()) | values
    return found


def kinds_of(cells: Iterable[Cell]) -> tuple[str, ...]:
    """The kinds of artifacts whose time some cell knows, upstream first."""
    cells = tuple(cells)
    every = dict.fromkeys(kind for cell in cells for kind in cell.kinds)
    return tuple(k for k in every if any(f"{SECONDS}{k}" in cell.numbers for cell in cells))


def shared_kinds(cells: Iterable[Cell]) -> frozenset[str]:
    """The kinds of which several rows or several synthetic sets have one artifact in common.

    In a frame that does not name its artifacts, equal seconds of a kind are one artifact.
    """
    users: dict[tuple[str, str | float], set[tuple[str, str, int]]] = {}
    for cell in cells:
        for kind in cell.kinds:
            seconds = cell.numbers.get(f"{SECONDS}{kind}")
            if seconds is not None:
                key = (kind, cell.artifacts.get(kind, seconds))
                users.setdefault(key, set()).add((cell.row, cell.setting.dataset, cell.seed))
    return frozenset(kind for (kind, _), found in users.items() if len(found) > 1)


def students(cells: Iterable[Cell]) -> dict[int, list[float]]:
    """Seed -> accuracies of the students that were trained on its synthetic set."""
    found: dict[int, list[float]] = {}
    for cell in cells:
        if cell.top1 is not None:
            found.setdefault(cell.seed, []).append(cell.top1)
    return found


def by_seed(cells: Iterable[Cell]) -> dict[int, float]:
    """Seed -> mean accuracy of its students: what is independent of the other seeds."""
    return {seed: sum(values) / len(values) for seed, values in students(cells).items()}


def by_teacher(cells: Iterable[Cell]) -> dict[int, float]:
    """Teacher -> mean over its sets, each with the mean of its students."""
    cells = tuple(cells)
    sets = by_seed(cells)
    found: dict[int, list[float]] = {}
    for seed, teacher in {cell.seed: cell.teacher for cell in cells}.items():
        if seed in sets:
            found.setdefault(teacher, []).append(sets[seed])
    return {teacher: sum(values) / len(values) for teacher, values in sorted(found.items())}


def computing_time(cells: Iterable[Cell]) -> float:
    """Seconds that all artifacts behind the cells took, a shared one counted once.

    In a frame that does not name its artifacts, equal seconds of a kind are one artifact.
    """
    spent: dict[tuple[str, str | float], float] = {}
    for cell in cells:
        for kind in cell.kinds:
            seconds = cell.numbers.get(f"{SECONDS}{kind}")
            if seconds is not None:
                spent[kind, cell.artifacts.get(kind, seconds)] = seconds
    return sum(spent.values())


def _refuse_twins(cells: tuple[Cell, ...]) -> None:
    seen: set[tuple[str, Setting, int, int]] = set()
    for cell in cells:
        key = (cell.row, cell.setting, cell.seed, cell.repeat)
        if key in seen:
            raise BadValue(
                f"frame: expected one line per cell, given two for {cell.row!r}, "
                f"{cell.setting.dataset}, {cell.setting.label}, seed {cell.seed}"
            )
        seen.add(key)


def _text(line: Mapping[object, object], name: str) -> str:
    value = line.get(name)
    return "" if _absent(value) else str(value)


def _number(line: Mapping[object, object], name: str) -> float | None:
    value = line.get(name)
    if _absent(value):
        return None
    try:
        return float(str(value))
    except ValueError:
        raise BadValue(f"{name}: expected a number, given {value!r}") from None


def _integer(line: Mapping[object, object], name: str) -> int:
    value = _number(line, name)
    if value is None or value != int(value):
        raise BadValue(f"{name}: expected a whole number, given {line.get(name)!r}")
    return int(value)


def _absent(value: object) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float) and value != value)
