"""What a reader must know before reading the numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from reports.numbers.cells import SEVERAL, by_seed, numerics_of
from reports.numbers.info import StudyInfo
from reports.numbers.statistics import Sample, rank_note
from reports.numbers.summary import Summary, reduced
from reports.tables.entries import fixed
from reports.tables.result_tables import paper_name

Level = Literal["alarm", "caution", "note"]
SATURATION = 0.005  # half a point below the teacher
GOOD_TEACHER = 0.5  # accuracy from which on a teacher bounds its students
INTERVAL_SEEDS = 3  # from here on an interval over seeds is worth reading


@dataclass(frozen=True)
class Alarm:
    level: Level
    text: str


def alarms(info: StudyInfo, summaries: Sequence[Summary]) -> tuple[Alarm, ...]:
    """All warnings, the gravest first."""
    found = [
        *_failures(summaries),
        *(Alarm("alarm", line) for line in info.breakdowns),
        *(alarm for s in summaries for alarm in _row_alarms(s)),
        *(Alarm("caution", line) for line in info.warnings),
        *_not_run(summaries),
        *_unpaired(info, summaries),
        *_few_seeds(summaries),
        *_scale(info, summaries),
        *_mixtures(summaries),
    ]
    order = ("alarm", "caution", "note")
    return tuple(sorted(dict.fromkeys(found), key=lambda alarm: order.index(alarm.level)))


def _row_alarms(s: Summary) -> list[Alarm]:
    sample, chance, teacher = s.sample, s.mean_of("chance"), s.mean_of("teacher_top1")
    if sample is None:
        return []
    found = []
    if chance is not None and _near_chance(sample, chance):
        found.append(
            Alarm(
                "alarm",
                f"{_place(s)}: {fixed(100 * sample.mean)} % cannot be told from chance "
                f"({fixed(100 * chance)} %); check teacher, labels and number of updates.",
            )
        )
    if teacher is not None and s.info.distiller != "full" and sample.mean >= teacher - SATURATION:
        found.append(_at_the_teacher(s, sample.mean, teacher))
    recipes = {cell.recipe for cell in s.cells if cell.recipe}
    if len(recipes) > 1:
        found.append(
            Alarm("alarm", f"{_place(s)}: seeds mix recipes {', '.join(sorted(recipes))}.")
        )
    return found


def _at_the_teacher(s: Summary, mean: float, teacher: float) -> Alarm:
    """A row that reaches a good teacher is saturated; one that reaches a weak one says nothing."""
    told = f"{_place(s)}: {fixed(100 * mean)} %"
    if teacher < GOOD_TEACHER:
        return Alarm(
            "caution",
            f"{told} reaches a weak teacher ({fixed(100 * teacher)} %): its labels teach little; "
            "train the teacher longer before rows are compared.",
        )
    return Alarm(
        "caution",
        f"{told} is saturated, within 0.5 points of the teacher ({fixed(100 * teacher)} %) or "
        "above; a lower IPC discriminates better.",
    )


def _near_chance(sample: Sample, chance: float) -> bool:
    """Whether an interval of three or more seeds reaches chance, or a mean of fewer is near it.

    An interval of two seeds says nothing (its t quantile is 12.7), so that there the mean must be
    half above chance, or ten points.
    """
    if sample.n >= INTERVAL_SEEDS and sample.low is not None:
        return sample.low <= chance
    return sample.mean <= chance + min(0.5 * chance, 0.1)


def _failures(summaries: Sequence[Summary]) -> list[Alarm]:
    failed = [cell for s in summaries for cell in s.cells if cell.status == "failed"]
    if not failed:
        return []
    total = sum(len(s.cells) for s in summaries)
    reasons = dict.fromkeys(f"{cell.row}, seed {cell.seed}: {cell.error}" for cell in failed)
    shown = "; ".join(list(reasons)[:3]) + ("; …" if len(reasons) > 3 else "")
    return [Alarm("alarm", f"{len(failed)} of {total} cells failed ({shown}).")]


def _not_run(summaries: Sequence[Summary]) -> list[Alarm]:
    total = sum(len(s.cells) for s in summaries)
    left = sum(s.count("not run") for s in summaries)
    if not left:
        return []
    return [Alarm("caution", f"Partial results: {left} of {total} cells are not run yet.")]


def _unpaired(info: StudyInfo, summaries: Sequence[Summary]) -> list[Alarm]:
    by_place = {(s.setting, s.row): s for s in summaries}
    found = []
    for setting in dict.fromkeys(s.setting for s in summaries):
        for contrast in info.contrasts:
            sides = (by_place[setting, label].cells for label in (contrast.a, contrast.b))
            a, b = (by_seed(cells) for cells in sides)
            if a and b and a.keys() != b.keys():
                shared = len(a.keys() & b.keys())
                found.append(
                    Alarm(
                        "caution",
                        f"{contrast.label}, {setting.dataset}: rows finished different seeds; the "
                        f"difference uses the {shared} that both have.",
                    )
                )
    return found


def _few_seeds(summaries: Sequence[Summary]) -> list[Alarm]:
    counts = sorted({s.sample.n for s in summaries if s.sample})
    if not counts:
        return []
    if counts[0] == 1:
        return [Alarm("caution", "Some rows have one seed: no spread, no interval, no test.")]
    if counts[0] == 2:
        return [Alarm("caution", "Some rows have two seeds: wide intervals, nothing is decided.")]
    note = rank_note(counts[0])
    return [Alarm("note", note)] if note else []


def _scale(info: StudyInfo, summaries: Sequence[Summary]) -> list[Alarm]:
    cells = [cell for s in summaries for cell in s.cells]
    if not info.paper_table or not reduced(cells):
        return []
    profiles = ", ".join(sorted({cell.profile for cell in cells if cell.profile}))
    table = paper_name(info.paper_table)
    return [
        Alarm(
            "note",
            f"Reduced scale (profile {profiles}): against {table} of the paper only orderings and "
            "signs are judged, not values.",
        )
    ]


def _mixtures(summaries: Sequence[Summary]) -> list[Alarm]:
    cells = [cell for s in summaries for cell in s.cells]
    mixed = [
        f"{name}: {SEVERAL.join(sorted(values))}"
        for name, values in numerics_of(cells).items()
        if len(values) > 1
    ]
    if mixed:
        return [
            Alarm(
                "caution",
                "Artifacts of several numerics classes stand behind these rows "
                f"({'; '.join(mixed)}): equal seeds give equal numbers within one class only.",
            )
        ]
    devices = sorted({cell.device for cell in cells if cell.device})
    if len(devices) < 2:
        return []
    return [Alarm("note", f"Cells ran on different devices ({', '.join(devices)}).")]


def _place(s: Summary) -> str:
    return f"{s.row}, {s.setting.dataset}, {s.setting.label}"
