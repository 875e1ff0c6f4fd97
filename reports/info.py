"""What a report knows about its study, apart from the numbers."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class RowInfo:
    """One labelled distiller of the study.

    Attributes:
        paper_row: key of the row in the published numbers, empty where the paper has none.
        factors: level of each factor of an ablation, such as {"feature loss": "Wass"}.
    """

    label: str
    group: str = ""
    distiller: str = ""
    paper_row: str = ""
    factors: Mapping[str, str] = field(default_factory=dict)


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
        warnings: lines to show at the top beside those that the numbers raise.
        provenance: label -> value, such as {"git commit": "3fa21c"}.
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
    warnings: tuple[str, ...] = ()
    provenance: Mapping[str, str] = field(default_factory=dict)
    command: str = ""
    tracking_hint: str = ""
