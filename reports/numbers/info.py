"""What a report knows about its study, apart from the numbers."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class RowInfo:
    """One labelled distiller of the study.

    Attributes:
        paper_row: key of the row in the published numbers, empty where the paper has none.
        factors: level of each factor of an ablation, such as {"feature loss": "Wass"}.
        level: where the row stands on the study's axis.
        seeded: whether the distiller draws anything; where not, all seeds have the same images.
    """

    label: str
    group: str = ""
    distiller: str = ""
    paper_row: str = ""
    factors: Mapping[str, str] = field(default_factory=dict)
    level: float | None = None
    seeded: bool = True

    @property
    def paper_only(self) -> bool:
        """Whether the row stands for a method of the paper that is not built."""
        return bool(self.paper_row) and not self.distiller


@dataclass(frozen=True)
class Axis:
    """What the levels of the rows measure."""

    label: str
    log: bool = False


@dataclass(frozen=True)
class Contrast:
    """A paired comparison of two rows, reported as a minus b."""

    label: str
    a: str
    b: str


@dataclass(frozen=True)
class StudyInfo:
    """The study as a report sees it.

    Attributes:
        paper_table: key of the table in the published numbers, such as "table4".
        factors: names of the factors of an ablation, in the order to print.
        axis: of the curve through the rows that have a level.
        side_by_side: show one image per class and row together, not a grid for each row.
        warnings: lines to show at the top beside those that the numbers raise.
        breakdowns: alarms about what was made, which no number shows.
        registered: contrast -> hash and time of its registration before any result; None where
            nothing of the study was registered, so that no contrast counts as post hoc.
        provenance: label -> value, such as {"git commit": "3fa21c"}.
        recipes: id of each recipe -> its values by name, as texts.
        command: what makes the whole study again.
        tracking_hint: how to open the runs in the tracker.
    """

    name: str
    title: str
    description: str = ""
    paper_table: str | None = None
    rows: tuple[RowInfo, ...] = ()
    contrasts: tuple[Contrast, ...] = ()
    factors: tuple[str, ...] = ()
    axis: Axis | None = None
    side_by_side: bool = False
    warnings: tuple[str, ...] = ()
    breakdowns: tuple[str, ...] = ()
    registered: Mapping[str, str] | None = None
    provenance: Mapping[str, str] = field(default_factory=dict)
    recipes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    command: str = ""
    tracking_hint: str = ""
