"""HLR, IOR, LRS and ARS per row, where the references that they need were run."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from reports.numbers.cells import by_seed
from reports.numbers.columns import LAMBDA, dense, lambda_entry
from reports.numbers.pairing import compared, mean_over
from reports.numbers.scores import robust_score
from reports.numbers.statistics import Difference, Sample
from reports.numbers.summary import Summary
from reports.tables.entries import (
    Column,
    Entry,
    Line,
    Table,
    fixed,
    interval,
    missing,
    number,
    percent,
    text,
)
from reports.tables.result_tables import short_names

HARD, PLAIN = "hard-label", "hard-label-plain"
RANDOM, FULL = "random", "full"
COLUMNS = (
    Column("row", "text"),
    LAMBDA,
    Column("IOR, points", parts=("ior",), hint="gain over random real images"),
    Column("95 % CI of IOR", parts=("ior_low", "ior_high")),
    Column("HLR, points", parts=("hlr",), hint="loss to the full data, hard labels"),
    Column("95 % CI of HLR", parts=("hlr_low", "hlr_high")),
    Column("n", parts=("pairs",), hint="pairs of seeds that IOR, then HLR, is over"),
    Column("LRS", hint="label-robust score, w = 0.5"),
    Column("95 % CI of LRS", parts=("lrs_low", "lrs_high")),
    Column("ARS", hint="augmentation-robust score of hard labels, w = 0.5"),
    Column("95 % CI of ARS", parts=("ars_low", "ars_high")),
)
NOTE = (
    "Scores of arXiv:2505.13300 from accuracies as fractions, over the seeds that a row "
    "shares with its reference; intervals are paired Student-t. IOR: gain over as many random "
    "real images under the same recipe (higher is better). HLR: what hard-label training loses "
    "against the full data (lower is better). HLR and LRS need the evaluator hard-label, on the "
    "full data too; ARS, of the gains over random with and without augmentation, hard-label and "
    "hard-label-plain. Intervals of LRS and ARS are those of their weighted sums, seed by seed, on "
    "the scores' scale; another weight gives another score."
)


@dataclass(frozen=True)
class Pair:
    """A row and its reference over what they share: mean accuracies and their difference."""

    means: tuple[float, float]
    difference: Difference


def scores_table(summaries: Sequence[Summary]) -> Table | None:
    """DD-Ranking's scores of one data set; None where no random reference was run.

    HLR needs the hard-label evaluator on the row and on the full data; LRS needs both scores; ARS
    needs the row and the random reference with hard labels, augmented and not.
    """
    settings = list(dict.fromkeys(s.setting for s in summaries))
    headings = dict(zip(settings, short_names(settings), strict=True))
    lines = [
        _line(s, ior, summaries, headings[s.setting] if len(settings) > 1 else "")
        for s in summaries
        if s.info.distiller not in (RANDOM, FULL)
        if (ior := _against(s, _reference(summaries, s, RANDOM))) is not None
    ]
    if not lines:
        return None
    return dense(
        Table(
            f"scores-{settings[0].dataset}",
            f"{settings[0].dataset} · scores",
            COLUMNS,
            tuple(lines),
            (NOTE,),
        )
    )


def _line(s: Summary, ior: Pair, summaries: Sequence[Summary], group: str) -> Line:
    hard = _same_row(summaries, _by(s, HARD))
    hlr = _against(_reference(summaries, _by(s, HARD), FULL), hard)
    gain, loss = _gains(summaries, s), _losses(summaries, _by(s, HARD))
    lrs = robust_score([gain, {seed: -value for seed, value in loss.items()}])
    ars = robust_score([_gains(summaries, _by(s, evaluator)) for evaluator in (HARD, PLAIN)])
    pairs = " / ".join(dict.fromkeys(str(p.difference.n) for p in (ior, hlr) if p))
    return Line(
        (
            text(s.row), lambda_entry(s), *_points(ior), *_points(hlr), text(pairs),
            *_score(lrs), *_score(ars),
        ),
        group,
    )  # fmt: skip


def _against(a: Summary | None, b: Summary | None) -> Pair | None:
    """a with b over the seeds (or teachers) that both have; None where they share none."""
    found = compared(a, b) if a and b else None
    if a is None or b is None or found is None:
        return None
    seeds = by_seed(a.cells).keys() & by_seed(b.cells).keys()
    means = [mean_over(s, seeds) for s in (a, b)]
    return Pair((means[0], means[1]), found)


def _points(pair: Pair | None) -> tuple[Entry, Entry]:
    if pair is None:
        return missing(), missing(2)
    d = pair.difference
    return percent(d.mean, signed=True), interval(d.low, d.high, signed=True)


def _by(s: Summary, evaluator: str) -> Summary:
    """Where the same row stands under another evaluator."""
    return replace(s, setting=replace(s.setting, evaluator=evaluator))


def _score(found: Sample | None) -> tuple[Entry, Entry]:
    """A score in [0, 1] with three decimals, and its interval."""
    if found is None:
        return missing(), missing(2)
    if found.low is None or found.high is None:
        return number(found.mean, 3), missing(2)
    ends = (fixed(found.low, 3), fixed(found.high, 3))
    return number(found.mean, 3), Entry(f"[{ends[0]}, {ends[1]}]", ends, found.low)


def _gains(summaries: Sequence[Summary], like: Summary) -> dict[int, float]:
    """Seed (or teacher) -> what a row gains over random real images in a setting."""
    return _minus(_same_row(summaries, like), _reference(summaries, like, RANDOM))


def _losses(summaries: Sequence[Summary], like: Summary) -> dict[int, float]:
    """Seed (or teacher) -> what a row loses against the full data in a setting."""
    return _minus(_reference(summaries, like, FULL), _same_row(summaries, like))


def _minus(a: Summary | None, b: Summary | None) -> dict[int, float]:
    first, second = a.values if a else {}, b.values if b else {}
    return {seed: first[seed] - second[seed] for seed in first.keys() & second.keys()}


def _reference(summaries: Sequence[Summary], like: Summary, distiller: str) -> Summary | None:
    for s in summaries:
        if s.setting == like.setting and s.info.distiller == distiller and s.sample:
            return s
    return None


def _same_row(summaries: Sequence[Summary], like: Summary) -> Summary | None:
    return next((s for s in summaries if s.setting == like.setting and s.row == like.row), None)
