"""Run against run: the same rows of two frames, paired by seed."""

import pandas as pd

from reports.numbers.cells import SEVERAL, Cell, Setting, by_seed, cells_of, numerics_of
from reports.numbers.statistics import describe, holm, paired, rank_note
from reports.tables.entries import (
    Column,
    Entry,
    Line,
    Table,
    estimate,
    interval,
    missing,
    number,
    percent,
    probability,
    text,
    toned,
)
from reports.tables.result_tables import short_names

Place = tuple[Setting, str]


def compare(
    frame_a: pd.DataFrame, frame_b: pd.DataFrame, name_a: str = "a", name_b: str = "b"
) -> Table:
    """One line per row and setting that either frame has; the difference is a minus b."""
    runs = [_by_place(cells_of(frame)) for frame in (frame_a, frame_b)]
    shared = dict.fromkeys([*runs[0], *runs[1]])
    settings = list(dict.fromkeys(setting for setting, _ in shared))
    names = dict(zip(settings, short_names(settings), strict=True)) if settings else {}
    differences = [
        paired(by_seed(runs[0].get(place, ())), by_seed(runs[1].get(place, ()))) for place in shared
    ]
    adjusted = holm([d.p if d else None for d in differences])
    lines = []
    for place, d, p in zip(shared, differences, adjusted, strict=True):
        a, b = (run.get(place, ()) for run in runs)
        heading = f"{place[0].dataset} · {names[place[0]]}"
        gap = (
            [missing(), missing(2), missing(), missing()]
            if d is None
            else [
                toned(percent(d.mean, signed=True), "strong" if d.decided(p) else "plain"),
                interval(d.low, d.high, signed=True),
                number(d.n, 0),
                probability(p),
            ]
        )
        lines.append(Line((text(place[1]), _mean(a), _mean(b), *gap, text(_change(a, b))), heading))
    columns = (
        Column("row", "text"),
        Column(f"{name_a}, top-1 % (mean ± std)", parts=("a_mean", "a_std")),
        Column(f"{name_b}, top-1 % (mean ± std)", parts=("b_mean", "b_std")),
        Column("difference, points", parts=("difference",)),
        Column("95 % CI", parts=("ci_low", "ci_high")),
        Column("n"),
        Column("p (Holm)"),
        Column("what changed", "text"),
    )
    notes = [
        f"{name_a} minus {name_b} over the seeds that both have; std with n - 1; paired Student-t "
        f"interval; Holm over all {len(lines)} lines.",
        *(note for n in sorted({d.n for d in differences if d}) if (note := rank_note(n))),
    ]
    return Table("comparison", f"{name_a} against {name_b}", columns, tuple(lines), tuple(notes))


def _by_place(cells: tuple[Cell, ...]) -> dict[Place, tuple[Cell, ...]]:
    found: dict[Place, tuple[Cell, ...]] = {}
    for cell in cells:
        place = (cell.setting, cell.row)
        found[place] = (*found.get(place, ()), cell)
    return found


def _mean(cells: tuple[Cell, ...]) -> Entry:
    values = list(by_seed(cells).values())
    if not values:
        return missing(2, "not run" if not any(c.status == "failed" for c in cells) else "failed")
    sample = describe(values)
    return estimate(sample.mean, sample.std)


def _change(a: tuple[Cell, ...], b: tuple[Cell, ...]) -> str:
    """What tells the sides apart: addresses, recipe, and what decides the last bits."""
    if not a or not b:
        return "only in one run"
    addresses = [{cell.address for cell in cells} for cells in (a, b)]
    recipes = [", ".join(dict.fromkeys(cell.recipe for cell in cells)) for cells in (a, b)]
    if addresses[0] == addresses[1] and addresses[0] != {""}:
        if by_seed(a) == by_seed(b):
            return "nothing: same addresses"
        found = "numbers, under the same addresses"
    elif recipes[0] != recipes[1]:
        found = f"recipe {recipes[0] or 'unnamed'} / {recipes[1] or 'unnamed'}"
    else:
        found = "addresses (code, data or seeds)"
    classes = _classes(a, b)
    return f"{found}; numerics class ({classes})" if classes else found


def _classes(a: tuple[Cell, ...], b: tuple[Cell, ...]) -> str:
    """Where the numerics classes of the sides differ, as `instructions: AVX512 / AVX2`."""
    ours, theirs = numerics_of(a), numerics_of(b)
    return "; ".join(
        f"{name}: {SEVERAL.join(sorted(values))} / {SEVERAL.join(sorted(theirs[name]))}"
        for name, values in ours.items()
        if values != theirs.get(name, values)
    )
