"""What of the paper a data set that it does not have stands for.

A data set of the paper at another resolution stands for itself, at the same IPC; any other one for
all of the paper's, its smallest IPC for the paper's smallest, and so on. The first student stands
for the teacher's architecture.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from reports.numbers.cells import Setting
from reports.numbers.info import StudyInfo
from reports.numbers.published import TOP1, Published, elsewhere, published
from reports.numbers.statistics import Difference
from reports.numbers.summary import Summary

OWN = "resnet18"  # the paper's teacher
RULE = (
    "Order and sign only: ours is {ours} at reduced scale. A pair of rows agrees where ours is "
    "decided (paired, three seeds or more, after Holm) in the direction in which the paper prints "
    "it{where}; it is open where ours is undecided or the paper is divided."
)


@dataclass(frozen=True)
class Match:
    """The numbers of the paper that a setting of ours stands for.

    Attributes:
        datasets: data sets of the paper, one alone where ours is that one at another resolution.
        own: whether our student stands for the teacher's architecture.
        same: whether ours is that data set, at another resolution.
        evaluator: ours; numbers from the other kind of labels are left out.
    """

    table: str
    datasets: tuple[str, ...]
    ipc: int
    own: bool
    same: bool = False
    evaluator: str = ""

    def facts(self, method: str, dataset: str) -> list[Published]:
        """What the paper prints for a method on a data set; of several networks, the nearest."""
        found = [
            f
            for f in published()
            if (f.table, f.method, f.dataset, f.metric) == (self.table, method, dataset, TOP1)
            and f.ipc in (self.ipc, None)
            and f.fits(self.evaluator)
        ]
        return [f for f in found if (f.student == OWN) == self.own] or found

    def others(self, method: str, dataset: str) -> list[Published]:
        """What it prints at this IPC for another protocol."""
        found = elsewhere(self.table, method, dataset, self.ipc, self.evaluator)
        return [found] if found and not self.facts(method, dataset) else []

    def value(self, method: str, dataset: str) -> float | None:
        """Its accuracy in percent, the mean where several networks match."""
        found = [f.value for f in self.facts(method, dataset)]
        return sum(found) / len(found) if found else None

    def gap(self, a: str, b: str) -> list[float]:
        """a minus b on every data set that has both."""
        both = [(self.value(a, d), self.value(b, d)) for d in self.datasets]
        return [x - y for x, y in both if x is not None and y is not None]


def datasets_of(table: str) -> tuple[str, ...]:
    found = dict.fromkeys(f.dataset for f in published() if f.table == table and f.metric == TOP1)
    return tuple(found)


def itself(dataset: str, table: str) -> str:
    """The paper's data set of which ours is another resolution; empty where it is none."""
    name, at, _ = dataset.partition("@")
    return name if at and name in datasets_of(table) else ""


def stands_in(info: StudyInfo, summaries: Sequence[Summary]) -> bool:
    """Whether the paper has numbers for the study's table, but none for these data sets."""
    if not info.paper_table or any(s.paper for s in summaries):
        return False
    return any(s.sample for s in summaries) and bool(datasets_of(info.paper_table))


def matches(info: StudyInfo, summaries: Sequence[Summary]) -> dict[Setting, Match]:
    """Setting of ours -> what it stands for; a setting without a counterpart is left out."""
    settings = list(dict.fromkeys(s.setting for s in summaries))
    table = info.paper_table or ""
    theirs = sorted({f.ipc for f in published() if f.table == table and f.ipc is not None})
    others = sorted({s.ipc for s in settings if not itself(s.dataset, table)})
    ranks = dict(zip(others, theirs, strict=False))
    first = settings[0].student if settings else ""
    found = {}
    for setting in settings:
        same = itself(setting.dataset, table)
        ipc = setting.ipc if same else ranks.get(setting.ipc)
        if ipc in theirs:
            places = (same,) if same else datasets_of(table)
            found[setting] = Match(
                table, places, ipc, setting.student == first, bool(same), setting.evaluator
            )
    return found


def places_of(found: dict[Setting, Match]) -> tuple[str, ...]:
    """The data sets of the paper that any setting stands for."""
    return tuple(dict.fromkeys(d for match in found.values() for d in match.datasets))


def rule(found: dict[Setting, Match]) -> str:
    """How agreement is judged, for a caption."""
    if all(match.same for match in found.values()):
        return RULE.format(ours="the same data set at another resolution", where="")
    several = len(places_of(found)) > 1
    return RULE.format(ours="another data set", where=" on all of its data sets" * several)


def verdict(ours: Difference | None, adjusted: float | None, theirs: Sequence[float]) -> str:
    """`agree`, `against` or `open`; empty where ours or the paper lacks one of the two rows.

    Args:
        adjusted: p of ours after Holm over the family that the verdict is counted in.
        theirs: the paper's difference on each of its data sets.
    """
    if ours is None or not theirs:
        return ""
    signs = {(gap > 0) - (gap < 0) for gap in theirs}
    if not ours.decided(adjusted) or len(signs) > 1 or 0 in signs:
        return "open"
    return "agree" if ours.mean * theirs[0] > 0 else "against"
