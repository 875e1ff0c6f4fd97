"""What `bench reproduce` does: plan the studies of a paper, run them as one, bind their page."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bench.app.arguments import StudyArguments
from bench.app.figure1 import TITLE, figure1
from bench.app.figure4 import figure4
from bench.app.leak_check import leak_warnings
from bench.app.recovery_check import broken_recoveries
from bench.app.reporting import (
    Written,
    class_names,
    describe,
    grids,
    provenance_of,
    report_folder,
    written,
)
from bench.app.reproduction import Reproduction, item_name, reproducible, reproduction, without
from bench.app.session import ABSENT, Finder, Session, load_plugins
from bench.execution.results import row_of
from bench.graph.plan import Plan
from bench.storage.store import Store

if TYPE_CHECKING:
    from reports.pages.book import Chapter, Cover

ABOUT = {"wmdd": "Dataset distillation via the Wasserstein metric (arXiv:2311.18531)"}


@dataclass(frozen=True)
class Edition:
    """A reproduction with its store, and what makes it again.

    Attributes:
        missing: data sets that are not here, with what to do about it.
    """

    reproduction: Reproduction
    session: Session
    command: str
    missing: tuple[str, ...] = ()


def open_edition(arguments: StudyArguments, items: Sequence[str]) -> Edition:
    """Plans items of a paper, which the arguments name in place of a study.

    Cells of data sets that are not here stay in the plans, not in the run.
    """
    load_plugins(arguments)
    paper, scale, settings = arguments.study, arguments.profile, arguments.settings
    finder = Finder(arguments.data_root)
    made = reproduction(paper, items, scale, settings, finder)
    missing = finder.missing
    session = Session(
        without(made.whole, lambda name: name in missing), Store(arguments.store), finder.root
    )
    named = items if len(items) < 4 else ()
    words = [
        *(word for item in named for word in _flag(item)),
        *("--scale", scale),
        *(word for text in settings for word in ("--set", text)),
        *(word for file in arguments.plugins for word in ("--plugin", file)),
    ]
    command = shlex.join(["bench", "reproduce", paper, *words])
    return Edition(made, session, command, tuple(f"{n}: {text}" for n, text in missing.items()))


def _flag(item: str) -> tuple[str, str]:
    """`table4` as `--table 4`."""
    kind, number = item_name(item).lower().split()
    return f"--{kind}", number


def write_book(edition: Edition) -> Written:
    """Writes the page and its other formats from whatever the store holds."""
    from reports.pages.book import build_book

    chapters = [
        chapter for plan in edition.reproduction.plans for chapter in [_study(edition, plan)]
    ]
    chapters += [_computed()] if "figure1" in edition.reproduction.items else []
    made = build_book(_cover(edition), sorted(chapters, key=lambda c: _place(c.key)))
    return written(made, book_folder(edition))


def book_folder(edition: Edition) -> Path:
    """The report's folder; a page of some items has their names, and leaves the whole one alone."""
    folder, items = report_folder(edition.session), edition.reproduction.items
    if set(items) == set(reproducible()):
        return folder
    return folder.with_name(f"{folder.name}-{'-'.join(items)}")


def _study(edition: Edition, plan: Plan) -> "Chapter":
    from pandas import DataFrame

    from reports.pages.book import Chapter

    session = replace(edition.session, plan=plan)
    store = session.store
    rows = [row_of(cell, plan, store) for cell in plan.cells]
    images = grids(plan, store) if plan.study.side_by_side else {}
    names = class_names(without_missing(session)) if images else {}
    drawn = figure4(session) if "figure4" in plan.study.items else []
    return Chapter(
        key=plan.study.name,
        name=chapter_name(plan),
        info=replace(
            describe(plan),
            warnings=leak_warnings(session),
            breakdowns=broken_recoveries(without_missing(session)),
        ),
        frame=DataFrame(rows),
        images=images,
        class_names=names,
        plates=tuple(item.figure for item in drawn),
        tables=tuple(item.table for item in drawn),
    )


def without_missing(session: Session) -> Session:
    absent = {c.cell.dataset for c in session.plan.cells if c.source.train.startswith(ABSENT)}
    return replace(session, plan=without(session.plan, lambda name: name in absent))


def chapter_name(plan: Plan) -> str:
    """`Table 4`, `Figures 6–10`, or `Table 4, factors` for a further study of one item."""
    items, name = plan.study.items, plan.study.name
    if len(items) > 1:
        return f"Figures {items[0].removeprefix('figure')}–{items[-1].removeprefix('figure')}"
    extra = "" if name in (items[0], "ablation") else f", {name}"
    return f"{item_name(items[0])}{extra}"


def _computed() -> "Chapter":
    from reports.numbers.info import StudyInfo
    from reports.pages.book import Chapter

    info = StudyInfo("figure1", TITLE, "Computed from the shapes themselves; nothing is trained.")
    return Chapter("figure1", "Figure 1", info, plates=(figure1(),))


def _place(key: str) -> tuple[bool, str]:
    """Tables first; the two studies of Table 4 together."""
    name = {"ablation": "table4", "factors": "table4b"}.get(key, key)
    return (not name.startswith("table"), name)


def _cover(edition: Edition) -> "Cover":
    from reports.pages.book import Cover

    paper, plan = edition.reproduction.paper, edition.session.plan
    scale = plan.profile
    lead = (
        "Every number comes from an artifact in the store, every cell names its address and the "
        "command that makes it again. "
    )
    if scale != "paper":
        lead += (
            f"This is the {scale} scale: shorter trainings on small data sets. It is held against "
            "the paper in order and sign, never in value."
        )
    warnings = tuple(f"Data set {text}" for text in edition.missing)
    facts = provenance_of(plan)
    return Cover(f"{paper.upper()}: {ABOUT[paper]}", lead, edition.command, facts, warnings)
