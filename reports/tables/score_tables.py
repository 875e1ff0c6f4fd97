"""HLR, IOR, LRS and ARS per row, where the references that they need were run."""

from collections.abc import Sequence
from dataclasses import replace

from reports.numbers.scores import (
    augmentation_robust_score,
    hard_label_recovery,
    improvement_over_random,
    label_robust_score,
)
from reports.numbers.summary import Summary
from reports.tables.entries import NONE, Column, Line, Table, number, percent, text
from reports.tables.result_tables import short_names

HARD, PLAIN = "hard-label", "hard-label-plain"
RANDOM, FULL = "random", "full"
COLUMNS = (
    Column("row", "text"),
    Column("IOR, points", parts=("ior",), hint="gain over random real images"),
    Column("HLR, points", parts=("hlr",), hint="loss to the full data, hard labels"),
    Column("LRS", hint="label-robust score, w = 0.5"),
    Column("ARS", hint="augmentation-robust score of hard labels, w = 0.5"),
)
NOTE = (
    "Scores of arXiv:2505.13300 from mean accuracies as fractions. IOR: gain over as many random "
    "real images under the same recipe (higher is better). HLR: what hard-label training loses "
    "against the full data (lower is better). HLR and LRS need the evaluator hard-label, on the "
    "full data too; ARS, of the gains over random with and without augmentation, hard-label and "
    "hard-label-plain."
)


def scores_table(summaries: Sequence[Summary]) -> Table | None:
    """DD-Ranking's scores of one data set; None where no random reference was run.

    HLR needs the hard-label evaluator on the row and on the full data; LRS needs both scores; ARS
    needs the row and the random reference with hard labels, augmented and not.
    """
    settings = list(dict.fromkeys(s.setting for s in summaries))
    headings = dict(zip(settings, short_names(settings), strict=True))
    lines = [
        _line(s, s.sample.mean, random, summaries, headings[s.setting] if len(settings) > 1 else "")
        for s in summaries
        if s.sample and s.info.distiller not in (RANDOM, FULL)
        if (random := _mean(summaries, s, RANDOM)) is not None
    ]
    if not lines:
        return None
    shown = [i for i in range(len(COLUMNS)) if any(e.entries[i].text != NONE for e in lines)]
    return Table(
        f"scores-{settings[0].dataset}",
        f"{settings[0].dataset} · scores",
        tuple(COLUMNS[i] for i in shown),
        tuple(Line(tuple(line.entries[i] for i in shown), line.group) for line in lines),
        (NOTE,),
    )


def _line(s: Summary, mean: float, random: float, summaries: Sequence[Summary], group: str) -> Line:
    full, hard = _mean(summaries, _by(s, HARD), FULL), _same_row(summaries, _by(s, HARD))
    ior, hlr = improvement_over_random(mean, random), None
    if full is not None and hard is not None and hard.sample is not None:
        hlr = hard_label_recovery(full, hard.sample.mean)
    lrs = None if hlr is None else label_robust_score(hlr, ior)
    gains = [_gain(summaries, _by(s, evaluator)) for evaluator in (HARD, PLAIN)]
    both = [gain for gain in gains if gain is not None]
    ars = augmentation_robust_score(*both) if len(both) == len(gains) else None
    points = (percent(ior, signed=True), percent(hlr, signed=True))
    return Line((text(s.row), *points, number(lrs, 3), number(ars, 3)), group)


def _by(s: Summary, evaluator: str) -> Summary:
    """Where the same row stands under another evaluator."""
    return replace(s, setting=replace(s.setting, evaluator=evaluator))


def _gain(summaries: Sequence[Summary], like: Summary) -> float | None:
    """What a row gains over random real images in a setting."""
    row, random = _same_row(summaries, like), _mean(summaries, like, RANDOM)
    if row is None or row.sample is None or random is None:
        return None
    return improvement_over_random(row.sample.mean, random)


def _mean(summaries: Sequence[Summary], like: Summary, distiller: str) -> float | None:
    for s in summaries:
        if s.setting == like.setting and s.info.distiller == distiller and s.sample:
            return s.sample.mean
    return None


def _same_row(summaries: Sequence[Summary], like: Summary) -> Summary | None:
    return next((s for s in summaries if s.setting == like.setting and s.row == like.row), None)
