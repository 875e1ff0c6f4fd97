"""Tables of a search: the winners, what they cost, importances."""

from collections.abc import Iterable, Mapping, Sequence

from reports.numbers.statistics import Sample, describe, paired
from reports.numbers.sweep_info import MethodInfo, SweepInfo, TrialInfo, Value
from reports.tables.entries import (
    Column,
    Entry,
    Line,
    Table,
    duration,
    estimate,
    interval,
    missing,
    number,
    percent,
    text,
)


def winners_table(info: SweepInfo) -> Table:
    """What the search chose, its accuracy on held-out images, and on the test split."""
    lines = tuple(_winner(method) for method in info.methods)
    return Table(
        "winners",
        "The best settings",
        (
            Column("distiller", "text"),
            Column("best setting", "text"),
            Column("held out, %", parts=("validation_mean", "validation_std")),
            Column("runs", parts=("validation_n",)),
            Column("test, %", parts=("test_mean", "test_std")),
            Column("95 % CI", parts=("test_low", "test_high")),
            Column("seeds", parts=("test_n",)),
            Column("not searched, %", parts=("default_mean", "default_std")),
            Column("difference, points", parts=("gain",)),
            Column("its 95 % CI", parts=("gain_low", "gain_high")),
        ),
        lines,
        (
            "± is the standard deviation over n runs. Held out: images of the training split that "
            "neither the trials nor their teacher saw; the best of many noisy means is too high. "
            "Test: the whole training split, fresh seeds, run once after the search.",
            "Not searched: the recipe's own values with the same fresh seeds; difference: best "
            "minus not searched, paired by seed.",
            *_cautions(info),
        ),
    )


def _cautions(info: SweepInfo) -> list[str]:
    """A word on intervals of two runs, which often leave 0 to 100 %."""
    two = any(len(seeds) == 2 for m in info.methods for seeds in (m.tested, m.default))
    return ["Some rows have two seeds: their intervals are very wide."] if two else []


def _winner(method: MethodInfo) -> Line:
    if not method.best_top1:
        empty = [missing(parts) for parts in (2, 1, 2, 2, 1, 2, 1, 2)]
        return Line((text(method.label), text("no complete trial"), *empty))
    held, test = describe(method.best_top1), _sample(method.tested.values())
    default, gain = _sample(method.default.values()), paired(method.tested, method.default)
    return Line(
        (
            text(method.label),
            Entry(setting_text(method.best, ",\n"), (setting_text(method.best),)),
            estimate(held.mean, held.std),
            Entry(str(held.n), sort=held.n),
            estimate(test.mean, test.std) if test else missing(2, "not run"),
            interval(test.low, test.high) if test else missing(2),
            Entry(str(test.n), sort=test.n) if test else missing(),
            estimate(default.mean, default.std) if default else missing(2),
            percent(gain.mean, signed=True) if gain else missing(),
            interval(gain.low, gain.high, signed=True) if gain else missing(2),
        )
    )


def _sample(values: Iterable[float]) -> Sample | None:
    known = list(values)
    return describe(known) if known else None


def setting_text(params: Mapping[str, Value], between: str = ", ") -> str:
    """`bn_weight = 12.3, layer = layer-5`."""
    return between.join(f"{name} = {value_text(value)}" for name, value in sorted(params.items()))


def value_text(value: Value) -> str:
    return f"{value:.4g}" if isinstance(value, float) else value


def budget_table(info: SweepInfo, trials: Sequence[TrialInfo]) -> Table:
    """How many trials each distiller had, and what they took."""
    lines = []
    for method in info.methods:
        mine = [t for t in trials if t.method == method.label and not t.gone]
        cells = sum(t.numbers.get("seconds_all", 0.0) for t in mine)
        counts = (
            sum(t.full for t in mine),
            sum(t.pruned for t in mine),
            sum(t.state == "FAIL" for t in mine),
            sum(t.gone for t in trials if t.method == method.label),
        )
        shown = [Entry(str(count), sort=count) for count in counts]
        lines.append(Line((text(method.label), *shown, duration(cells))))
    spared = info.alone - info.made
    saved = (
        f"The store: {duration(info.made).text} were computed; every cell on its own, with "
        f"nothing shared, would have taken {duration(info.alone).text}"
        + (f": {duration(spared).text} were spared." if spared > 0 else ".")
    )
    return Table(
        "budget",
        "Budget",
        (
            Column("distiller", "text"),
            Column("complete"),
            Column("pruned"),
            Column("failed"),
            Column("taken back from dead workers"),
            Column("device time of all cells"),
        ),
        tuple(lines),
        ("Every distiller is given the same budget.", saved),
    )


def importance_table(info: SweepInfo) -> Table | None:
    """Shares of both evaluators, each with its n."""
    lines = [
        Line(
            (
                text(shares.evaluator),
                text(p.name),
                number(shares.shares.get(p.name), 2),
                count_entry(shares.n),
            ),
            method.label if len(info.methods) > 1 else "",
        )
        for method in info.methods
        if len(method.parameters) > 1  # the share of a single one is 1 by definition
        for shares in method.importances
        for p in method.parameters
    ]
    notes = [f"{s.evaluator}: {s.note}" for m in info.methods for s in m.importances if s.note]
    if not lines:
        return None
    return Table(
        "importance",
        "Importance",
        (
            Column("evaluator", "text"),
            Column("parameter", "text"),
            Column("share"),
            Column("trials"),
        ),
        tuple(lines),
        (
            "PED-ANOVA asks what decides whether a trial is among the best; fANOVA what explains "
            "the variance over the whole space. They may disagree, the more so with few trials; "
            "neither replaces a paired ablation.",
            *notes,
        ),
    )


def count_entry(count: int) -> Entry:
    return Entry(str(count), sort=count)
