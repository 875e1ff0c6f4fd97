"""From a plan and the store to report files: the one place where reports meet artifacts."""

import hashlib
import re
import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bench.app.leak_check import leak_warnings
from bench.app.preregistering import registered, started
from bench.app.recovery_check import broken_recoveries
from bench.app.session import Session
from bench.artifacts.values import SyntheticSet
from bench.core.errors import CorruptArtifact
from bench.data.network_input import as_pixels
from bench.data.prepare import ensure
from bench.execution.results import row_of
from bench.graph.plan import Plan
from bench.plugin.discovery import get
from bench.plugin.recipes import Recipe
from bench.storage.store import Store, write_atomically

if TYPE_CHECKING:
    from reports.numbers.info import StudyInfo
    from reports.pages.build import Report

LONGEST_WORDS = 60  # of the options in the name of a report's folder
GRID_IPC = 10  # images per class that a grid shows at most


@dataclass(frozen=True)
class Written:
    """A written report: its folder and files, the terminal table, and summary numbers."""

    folder: Path
    paths: tuple[Path, ...]
    terminal: str
    metrics: Mapping[str, float]


def build_report(session: Session) -> "Report":
    """The report of whatever the store holds of a plan."""
    from pandas import DataFrame

    from reports.pages.build import build

    rows = [row_of(cell, session.plan, session.store) for cell in session.plan.cells]
    pictures = grids(session.plan, session.store)
    info = replace(
        describe(session.plan),
        warnings=leak_warnings(session),
        breakdowns=broken_recoveries(session),
        registered=_registered(session),
    )
    return build(info, DataFrame(rows), pictures, class_names(session))


def _registered(session: Session) -> dict[str, str] | None:
    """Contrast -> hash and time of its registration; None where the study never had one."""
    if not started(session):
        return None
    return {label: f"{digest[:12]}, {at}" for label, digest, at in registered(session)}


def class_names(session: Session) -> dict[str, tuple[str, ...]]:
    """Names of each data set's classes, in the order of its labels."""
    found = {}
    for cell in session.plan.cells:
        spec = cell.source.spec
        if cell.cell.dataset not in found:
            manifest = ensure(spec, "train", session.data_root)[0]
            found[cell.cell.dataset] = manifest.classes
    return found


def write_report(session: Session) -> Written:
    """Writes every format into the store's report folder, atomically file by file."""
    return written(build_report(session), report_folder(session))


def written(report: "Report", folder: Path) -> Written:
    """Writes a report's files into a folder."""
    paths = []
    for name, content in report.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content)
        paths.append(path)
    return Written(folder, tuple(paths), report.terminal, report.metrics)


def report_folder(session: Session) -> Path:
    """`<store>/reports/<study>-<profile>`, then the overrides in words: `-ipc-10-seeds-3`."""
    plan = session.plan
    name = f"{plan.study.name}-{plan.profile}{options_in_words(plan.overrides)}"
    return session.store.local_folder("reports") / name


def options_in_words(overrides: Sequence[str]) -> str:
    """Overrides as a part of a folder's name, with a hash where the words do not tell them apart.

    Words are lower-case letters, digits, dots, and `-` for anything else; long ones are cut.
    """
    if not overrides:
        return ""
    full = "-".join(re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-") for text in overrides)
    exact = all(re.fullmatch(r"[a-z0-9]+=[a-z0-9.]+", text) for text in overrides)
    if exact and len(full) <= LONGEST_WORDS:
        return f"-{full}"
    mark = hashlib.sha256("|".join(overrides).encode()).hexdigest()[:6]
    return f"-{full[:LONGEST_WORDS].strip('-.')}-{mark}"


def describe(plan: Plan) -> "StudyInfo":
    """The study as reports see it."""
    from reports.numbers.info import Axis, Contrast, RowInfo, StudyInfo

    study = plan.study
    rows = tuple(
        RowInfo(
            row.label, row.group, row.distiller, row.paper, dict(row.factors), row.level,
            not row.distiller or get("distiller", row.distiller).seeded,
        )
        for row in study.rows
    )  # fmt: skip
    contrasts = tuple(Contrast(c.label, c.a, c.b) for c in study.contrasts)
    flags = " ".join(f"--set {shlex.quote(text)}" for text in plan.overrides)
    factors = dict.fromkeys(name for row in study.rows for name in row.factors)
    return StudyInfo(
        name=study.name,
        title=study.title,
        description=study.description,
        paper_table=study.paper_table or None,
        rows=rows,
        contrasts=contrasts,
        factors=tuple(factors),
        axis=Axis(study.axis.label, study.axis.log) if study.axis else None,
        side_by_side=study.side_by_side,
        provenance=provenance_of(plan),
        recipes=recipes_of(plan),
        command=f"bench run {plan.called or study.name} --profile {plan.profile} {flags}".strip(),
    )


def recipes_of(plan: Plan) -> dict[str, dict[str, str]]:
    """Id of each recipe of the plan -> its values by name, as texts."""
    found = {}
    shared = [cell.cell.without_teacher(cell.recipe) for cell in plan.cells]
    used = {cell.cell.row.distiller for cell in plan.cells}
    for recipe in {recipe.id: recipe for recipe in shared}.values():
        values = _values_of(recipe, used).items()
        found[recipe.id] = {k: f"{v:g}" if isinstance(v, float) else str(v) for k, v in values}
    return found


def _values_of(recipe: Recipe, used: Collection[str]) -> dict[str, object]:
    """The recipe's values without those of distillers that the study does not use."""
    unused = {name for name in recipe.presets if name not in used}
    return {k: v for k, v in recipe.values().items() if k.rpartition(".")[0] not in unused}


def provenance_of(plan: Plan) -> dict[str, str]:
    """Code, machine and data that the report's reader may ask for."""
    from bench.tracking.provenance import provenance

    now = provenance()
    datasets = {cell.cell.dataset: cell.source.train[:12] for cell in plan.cells}
    found = {f"data {name}": f"sha256 {digest}…" for name, digest in datasets.items()}
    dirty = " with uncommitted changes" if now.dirty else ""
    if now.commit:
        found["code"] = f"{now.commit[:12]}{dirty}"
    found["machine"] = f"{now.device}, {now.cpus} CPUs, {now.system}"
    found["numerics class of this process"] = "; ".join(
        f"{name}: {value}" for name, value in now.numerics.items()
    )
    found["packages"] = ", ".join(f"{k} {v}" for k, v in now.packages.items())
    return found


def grids(plan: Plan, store: Store) -> dict[str, np.ndarray]:
    """Title -> (C, m, H, W, ch) uint8 images of each row's first finished seed."""
    found: dict[str, np.ndarray] = {}
    for cell in plan.cells:
        point, task = cell.cell, cell.synthetic
        title = f"{point.row.label} · {point.dataset} · ipc {point.ipc}"
        if title in found or not store.has(task.address):
            continue
        try:
            made = store.load(task.address, SyntheticSet)
        except CorruptArtifact:
            continue  # told by the check for leaks; the next seed may be whole
        spec = cell.source.spec
        pixels = as_pixels(made.images, spec.mean, spec.std)
        per_class = [pixels[made.labels == k][:GRID_IPC] for k in range(spec.num_classes)]
        width = min(len(images) for images in per_class)
        stacked = np.stack([images[:width].permute(0, 2, 3, 1).numpy() for images in per_class])
        found[title] = stacked
    return found
