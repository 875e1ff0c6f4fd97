"""The same sets under several protocols: ranks, agreement, and conclusions that turn over."""

from collections.abc import Sequence
from itertools import combinations

from reports.numbers.cells import Setting
from reports.numbers.family import Comparison, comparisons
from reports.numbers.info import StudyInfo
from reports.numbers.statistics import Sample, describe
from reports.numbers.summary import Summary
from reports.tables.difference_entries import nominal_reading
from reports.tables.entries import Column, Entry, Line, Table, fixed, missing, number, percent, text

Ranked = dict[str, dict[int, float]]  # row -> seed (or teacher) -> accuracy
NOTE = (
    "The synthetic sets are the same in all columns; only labels, training and evaluator of the "
    "students change."
)


def flip_tables(info: StudyInfo, summaries: Sequence[Summary]) -> tuple[Table, ...]:
    """Ranks, agreement and conclusions for every data set, IPC and student of several protocols."""
    tables: list[Table] = []
    for place, settings in _places(summaries).items():
        known = {setting: _accuracies(setting, summaries) for setting in settings}
        known = {setting: ranked for setting, ranked in known.items() if len(ranked) > 1}
        if len(known) > 1:
            tables += [_ranks(place, known), _agreement(place, known)]
            tables += _conclusions(info, place, list(known), summaries)
    return tuple(tables)


def _places(summaries: Sequence[Summary]) -> dict[str, list[Setting]]:
    """Data set and IPC -> the settings that differ by protocol."""
    found: dict[str, list[Setting]] = {}
    for setting in dict.fromkeys(s.setting for s in summaries if s.setting.protocol):
        found.setdefault(f"{setting.dataset} · IPC {setting.ipc}", []).append(setting)
    return found


def _accuracies(setting: Setting, summaries: Sequence[Summary]) -> Ranked:
    return {s.row: s.values for s in summaries if s.setting == setting and s.sample}


def _ranks(place: str, known: dict[Setting, Ranked]) -> Table:
    """Mean accuracy and rank of each row under each protocol, and the spread between rows."""
    rows = list(dict.fromkeys(row for ranked in known.values() for row in ranked))
    lines = []
    for row in rows:
        entries = [_placed(row, ranked) for ranked in known.values()]
        lines.append(Line((text(row), *entries)))
    spreads = [_spread(ranked) for ranked in known.values()]
    lines.append(Line((text("spread, points", "strong"), *map(_points, spreads))))
    columns = [
        Column(s.protocol, parts=(f"{s.protocol} mean", f"{s.protocol} rank")) for s in known
    ]
    notes = (
        f"{NOTE} Entries are mean top-1 in percent (rank). Spread: best row minus worst, by seed, "
        "mean and 95 % Student-t interval; never negative, and noise alone makes it positive.",
    )
    return Table(
        f"ranks-{_key(place)}", f"{place} · ranks", (Column("row", "text"), *columns),
        tuple(lines), notes,
    )  # fmt: skip


def _placed(row: str, ranked: Ranked) -> Entry:
    if row not in ranked:
        return missing(2)
    means = {name: describe([*values.values()]).mean for name, values in ranked.items()}
    rank = 1 + sum(mean > means[row] for mean in means.values())
    shown = fixed(100 * means[row])
    return Entry(f"{shown} ({rank})", (shown, str(rank)), 100 * means[row])


def _spread(ranked: Ranked) -> Sample:
    seeds = _shared(ranked)
    return describe(
        [max(v[s] for v in ranked.values()) - min(v[s] for v in ranked.values()) for s in seeds]
    )


def _points(sample: Sample) -> Entry:
    """Percentage points with their interval, as the two parts of a column of ranks."""
    shown = fixed(100 * sample.mean)
    if sample.low is None or sample.high is None:
        return Entry(shown, (shown, ""), 100 * sample.mean)
    ends = f"[{fixed(100 * max(0.0, sample.low))}, {fixed(100 * min(1.0, sample.high))}]"
    return Entry(f"{shown} {ends}", (shown, ""), 100 * sample.mean)


def _agreement(place: str, known: dict[Setting, Ranked]) -> Table:
    """Kendall's tau between the orders of two protocols: of the means, and by seed."""
    lines = []
    for (a, first), (b, second) in combinations(known.items(), 2):
        rows = [row for row in first if row in second]
        means = tau(*([describe([*r[row].values()]).mean for row in rows] for r in (first, second)))
        seeds = sorted(set(_shared(first)) & set(_shared(second)))
        each = [tau(*([r[row][seed] for row in rows] for r in (first, second))) for seed in seeds]
        found = [value for value in each if value is not None]
        sample = describe(found) if found else None
        lines.append(
            Line(
                (
                    text(f"{a.protocol} / {b.protocol}"),
                    number(means, 2),
                    number(sample.mean if sample else None, 2),
                    _ends(sample),
                    number(len(found), 0),
                )
            )
        )
    columns = (
        Column("protocols", "text"),
        Column("tau of means"),
        Column("mean tau by seed"),
        Column("95 % CI", parts=("tau_low", "tau_high")),
        Column("n"),
    )
    note = (
        "Kendall's tau-b between the orders of the rows: 1 the same order, -1 the reverse. By "
        "seed: the orders that single seeds give, whose noise pulls tau towards 0; Student-t "
        "interval, cut at -1 and 1."
    )
    return Table(f"tau-{_key(place)}", f"{place} · agreement", columns, tuple(lines), (note,))


def tau(a: Sequence[float], b: Sequence[float]) -> float | None:
    """Kendall's tau-b of two orders; None where one of them has no order at all."""
    from scipy.stats import kendalltau  # which takes a second to import

    if len(a) < 2 or len(set(a)) == 1 or len(set(b)) == 1:
        return None
    return float(kendalltau(a, b).statistic)


def _ends(sample: Sample | None) -> Entry:
    if sample is None or sample.low is None or sample.high is None:
        return missing(2)
    ends = (fixed(max(-1.0, sample.low), 2), fixed(min(1.0, sample.high), 2))
    return Entry(f"[{ends[0]}, {ends[1]}]", ends, sample.low)


def _conclusions(
    info: StudyInfo, place: str, settings: Sequence[Setting], summaries: Sequence[Summary]
) -> list[Table]:
    """Every contrast under every protocol, and whether it turns over."""
    if not info.contrasts:
        return []
    found = {(c.contrast.label, c.setting): c for c in comparisons(info, summaries)}
    lines = []
    for contrast in info.contrasts:
        here = [found[contrast.label, setting] for setting in settings]
        entries = [_difference(c) for c in here]
        lines.append(Line((text(contrast.label), *entries, text(turned(here)))))
    columns = [Column(s.protocol, parts=(f"{s.protocol} difference",)) for s in settings]
    note = (
        "Paired differences in points; in bold where Holm over all contrasts and protocols "
        "decides it, with ° where its own interval alone excludes zero. turns over: decided both "
        "ways; sign differs: both signs, at most one of them decided; holds: decided the same way "
        "under all."
    )
    head = (Column("conclusion", "text"), *columns, Column("reading", "text"))
    return [Table(f"flips-{_key(place)}", f"{place} · conclusions", head, tuple(lines), (note,))]


def _difference(c: Comparison) -> Entry:
    if c.difference is None:
        return missing()
    entry = percent(c.difference.mean, signed=True)
    if c.decided:
        return Entry(entry.text, sort=entry.sort, tone="strong")
    mark = "°" if nominal_reading(c.difference) != "undecided" else ""
    return Entry(entry.text + mark, (entry.text,), entry.sort)


def turned(found: Sequence[Comparison]) -> str:
    """What the same contrast says under all protocols together."""
    run = [c for c in found if c.difference]
    decided = {c.difference.mean > 0 for c in run if c.difference and c.decided}
    signs = {c.difference.mean > 0 for c in run if c.difference and c.difference.mean}
    if len(decided) == 2:
        return "turns over"
    if len(signs) == 2:
        return "sign differs"
    if run and all(c.decided for c in run):
        return "holds"
    return "same sign, decided by some" if decided else "same sign, undecided"


def _shared(ranked: Ranked) -> list[int]:
    return sorted(set.intersection(*(set(values) for values in ranked.values())))


def _key(place: str) -> str:
    return place.replace(" · IPC ", "-ipc").replace("@", "-")
