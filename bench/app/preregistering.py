"""Contrasts that were written down before their results existed, and those that were not.

A record of the store holds what a contrast compares (labels, distillers and parameters of its two
rows, recipe, evaluators, data sets, IPCs, seeds, profile and overrides) under the hash of all that.
A study whose contrasts or rows change afterwards has other hashes, so that nothing can be slipped
in; code may change, as mistakes are mended.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from bench.app.session import Session
from bench.core.errors import BadValue
from bench.core.fingerprint import digest_of
from bench.graph.plan import Plan
from bench.study.grid import Contrast, Row

KIND = "preregistered"  # of the records


@dataclass(frozen=True)
class Registration:
    """What became of each contrast: kept now, kept before, or seen already.

    Attributes:
        kept: label -> hash.
        seen: labels of contrasts of which both sides have a score for some seed.
    """

    kept: dict[str, str]
    before: dict[str, str]
    seen: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        """For a person."""
        for name, digest in self.kept.items():
            yield f"registered   {digest[:12]}  {name}"
        for name, digest in self.before.items():
            yield f"known        {digest[:12]}  {name}"
        for name in self.seen:
            yield f"post hoc     {'':12}  {name}: both rows have scores already"


def preregister(session: Session) -> Registration:
    """Records the study's contrasts whose results this store cannot know yet.

    Raises:
        BadValue: the study has no contrasts, or the store has results of all of them.
    """
    study, store = session.plan.study, session.store
    if not study.contrasts:
        raise BadValue(f"study {study.name!r}: expected contrasts to register, found none")
    known = {label: digest for label, digest, _ in registered(session)}
    kept: dict[str, str] = {}
    seen: list[str] = []
    for contrast in study.contrasts:
        if contrast.label in known:
            continue
        if results_of(session, contrast):
            seen.append(contrast.label)
            continue
        content = content_of(session.plan, contrast)
        kept[contrast.label] = digest_of(content)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        store.put_record(KIND, kept[contrast.label], {"at": now, **content})
    if not kept and not known:
        raise BadValue(
            f"study {study.name!r}: expected a contrast without results, found scores of all "
            f"{len(seen)} in this store; register before the run, in the store that it uses"
        )
    return Registration(kept, known, tuple(seen))


def registered(session: Session) -> list[tuple[str, str, str]]:
    """(label, hash, time) of the study's contrasts that the store holds, as they are now."""
    records = session.store.records(KIND)
    plan = session.plan
    found = [(c.label, digest_of(content_of(plan, c))) for c in plan.study.contrasts]
    return [(label, d, str(records[d].get("at", ""))) for label, d in found if d in records]


def started(session: Session) -> bool:
    """Whether any contrast of a study of this name was ever registered in the store."""
    records = session.store.records(KIND).values()
    return any(record.get("study") == session.plan.study.name for record in records)


def content_of(plan: Plan, contrast: Contrast) -> dict[str, object]:
    """What a contrast compares, as JSON data; equal for equal questions."""
    study, rows = plan.study, {row.label: row for row in plan.study.rows}
    datasets = study.datasets_for(plan.profile)
    grids = {name: study.grid_on(name, plan.profile) for name in datasets}
    return {
        "study": study.name,
        "contrast": [contrast.label, contrast.a, contrast.b],
        "rows": [_row(rows[label]) for label in (contrast.a, contrast.b)],
        "judged": [[p.recipe, p.evaluator] for p in study.judged_by],
        "recipe": study.recipe,
        "repeats": [study.repeats, study.teachers],
        "grids": {
            name: {"ipcs": [*g.ipcs], "students": [*g.students], "seeds": [*g.seeds]}
            for name, g in grids.items()
        },
        "profile": plan.profile,
        "overrides": [*plan.overrides],
    }


def _row(row: Row) -> dict[str, object]:
    params = {name: str(value) for name, value in row.params.items()}
    overrides = {name: str(value) for name, value in row.overrides.items()}
    return {"distiller": row.distiller, "params": params, "overrides": overrides}


def results_of(session: Session, contrast: Contrast) -> bool:
    """Whether the store has scores of both rows at one point of the grid."""
    points: dict[str, set[object]] = {contrast.a: set(), contrast.b: set()}
    for plan in session.plan.cells:
        cell = plan.cell
        if cell.row.label in points and session.store.has(plan.address):
            place = (cell.dataset, cell.ipc, cell.seed, cell.evaluator, cell.student, cell.protocol)
            points[cell.row.label].add(place)
    return bool(points[contrast.a] & points[contrast.b])
