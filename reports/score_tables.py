"""HLR, IOR and LRS per row, where the references that they need were run."""

from collections.abc import Sequence
from dataclasses import replace

from reports.result_tables import short_names
from reports.scores import hard_label_recovery, improvement_over_random, label_robust_score
from reports.summary import Summary
from reports.tables import NONE, Column, Line, Table, number, percent, text

HARD = "hard-label"
RANDOM, FULL = "random", "full"
COLUMNS = (
    Column("row", "text"),
    Column("IOR, points", parts=("ior",), hint="gain over random real images"),
    Column("HLR, points", parts=("hlr",), hint="loss to the full data, hard labels"),
    Column("LRS", hint="label-robust score, w = 0.5"),
)
NOTE = (
    "Scores of arXiv:2505.13300 from mean accuracies as fractions. IOR: gain over as many random "
    "real images under the same recipe (higher is better). HLR: what hard-label training loses "
    "against the full data (lower is better). HLR and LRS need the hard-label evaluator."
)


def scores_table(summaries: Sequence[Summary]) -> Table | None:
    """DD-Ranking's scores of one data set; None where no random reference was run.

    HLR needs the hard-label evaluator on the row and on the full data; LRS needs both scores.
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
    full, hard = _mean(summaries, _at_hard(s), FULL), _same_row(summaries, _at_hard(s))
    ior, hlr = improvement_over_random(mean, random), None
    if full is not None and hard is not None and hard.sample is not None:
        hlr = hard_label_recovery(full, hard.sample.mean)
    lrs = None if hlr is None else label_robust_score(hlr, ior)
    entries = (text(s.row), percent(ior, signed=True), percent(hlr, signed=True), number(lrs, 3))
    return Line(entries, group)


def _at_hard(s: Summary) -> Summary:
    return replace(s, setting=replace(s.setting, evaluator=HARD))


def _mean(summaries: Sequence[Summary], like: Summary, distiller: str) -> float | None:
    for s in summaries:
        if s.setting == like.setting and s.info.distiller == distiller and s.sample:
            return s.sample.mean
    return None


def _same_row(summaries: Sequence[Summary], like: Summary) -> Summary | None:
    return next((s for s in summaries if s.setting == like.setting and s.row == like.row), None)
