"""The declared contrasts of a study as one family of hypotheses, adjusted by Holm.

The family is what was declared, not what has run: a partial report adjusts as strictly as the whole
one. Contrasts between the same artifacts are one hypothesis and count once.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from reports.numbers.cells import Setting
from reports.numbers.info import Contrast, StudyInfo
from reports.numbers.pairing import compared
from reports.numbers.statistics import Difference, holm
from reports.numbers.summary import Summary


@dataclass(frozen=True)
class Comparison:
    """One declared contrast under one setting.

    Attributes:
        difference: a minus b in fractions; None where the rows share no set.
        adjusted: its p after Holm; None where it has none.
        hypothesis: equal for contrasts between the same artifacts.
    """

    setting: Setting
    contrast: Contrast
    a: Summary
    b: Summary
    difference: Difference | None
    adjusted: float | None
    hypothesis: Hashable

    @property
    def decided(self) -> bool:
        return self.difference is not None and self.difference.decided(self.adjusted)

    @property
    def declared(self) -> bool:
        """Whether it can be run at all; a row that only the paper has cannot."""
        return not any(s.info.paper_only and not s.cells for s in (self.a, self.b))


def comparisons(info: StudyInfo, summaries: Sequence[Summary]) -> tuple[Comparison, ...]:
    """Every contrast under every setting, adjusted over all of them."""
    places = {(s.setting, s.row): s for s in summaries}
    bare = [
        Comparison(setting, contrast, a, b, compared(a, b), None, _hypothesis(a, b))
        for setting in dict.fromkeys(s.setting for s in summaries)
        for contrast in info.contrasts
        for a, b in [(places[setting, contrast.a], places[setting, contrast.b])]
    ]
    adjusted = _adjusted(bare)
    return tuple(
        Comparison(c.setting, c.contrast, c.a, c.b, c.difference, p, c.hypothesis)
        for c in bare
        for p in [adjusted.get(c.hypothesis) if c.declared else None]
    )


def family_size(found: Sequence[Comparison]) -> int:
    """How many different hypotheses were declared."""
    return len({c.hypothesis for c in found if c.declared})


def folded(found: Sequence[Comparison]) -> int:
    """How many declared contrasts repeat another one's hypothesis."""
    return sum(c.declared for c in found) - family_size(found)


def _adjusted(found: Sequence[Comparison]) -> Mapping[Hashable, float | None]:
    ps = {c.hypothesis: c.difference.p if c.difference else None for c in found if c.declared}
    return dict(zip(ps, holm([*ps.values()]), strict=True))


def _hypothesis(a: Summary, b: Summary) -> Hashable:
    """The two sides by their artifacts, in either order; by row where a cell names none."""
    return frozenset({_side(a), _side(b)})


def _side(s: Summary) -> Hashable:
    named = frozenset(cell.address for cell in s.cells)
    return named if named and "" not in named else (s.setting, s.row)
