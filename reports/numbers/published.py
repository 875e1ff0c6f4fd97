"""Numbers that the WMDD paper (arXiv:2311.18531) prints, with provenance, and where it disagrees.

The values live in `published/wmdd.csv`: one fact per line, in percent where the metric says so.
"""

import csv
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import sqrt

from bench.core.errors import UnknownName
from reports.numbers.statistics import Printed

TOP1 = "top1_percent"
SAME = {"tiny-imagenet@224": "tiny-imagenet"}  # the released code's resolution of the paper's set
LABELS = {  # what our evaluators train students on
    "fkd": "soft",
    "fkd-held-out": "soft",
    "fkd-mse": "soft",
    "fkd-mse-ensemble": "soft",
    "online-kd": "soft",
    "hard-label": "hard",
    "hard-label-plain": "hard",
}
ANOTHER = "another protocol"  # verdict on numbers that no row of ours can be set against
ALIASES = {"wass+pcbn": "wmdd", "ce+bn": "sre2l"}  # rows of Table 4 that stand in other tables too
NOTES = {
    "table1": (
        "± in Table 1 of the paper is the standard deviation over 3 runs; the column "
        "protocol says how each number was made. Rows of ConvNets on hard labels are copied from "
        "other papers and are never set against soft-label rows.",
    ),
    "table2": ("Table 2 of the paper has no error bars and no number of runs.",),
    "table4": (
        "± in Table 4 of the paper is the standard error over 5 runs, in Table 1 the standard "
        "deviation over 3.",
        "Table 4 of the paper changes more than its two factors: in the released code Wass + PCBN "
        "adds cross-entropy and Wass + BN does not, and the first BatchNorm layer counts 10 times "
        "under BN and once under PCBN. By the scripts' default lambda is 0.01 under BN (1 on Tiny "
        "ImageNet) and 10 to 500 under PCBN; the paper does not say at which Wass + BN was run. "
        "Here it has WMDD's lambda; a second row has SRe2L's.",
    ),
    "table5": ("Table 5 of the paper has no error bars, so its small gaps cannot be judged.",),
    "table6": ("Table 6 of the paper has no error bars.",),
    "figure3": ("Values of Figure 3 are read off the figure.",),
    "figure5a": ("Values of Figure 5a are read off the figure, to about one point.",),
}


@dataclass(frozen=True)
class Published:
    """One printed number.

    Attributes:
        error_kind: "std", "sem" or empty where the paper prints no error.
        labels: what the student was trained on, "soft" or "hard"; empty for what is no accuracy.
        resolution: of the images, in pixels; for numbers of other papers it is our reading of them.
        provenance: ours-in-paper, reported-elsewhere, replicated-by-paper or read-off-figure.
    """

    table: str
    method: str
    dataset: str
    ipc: int | None
    student: str
    metric: str
    value: float
    error: float | None
    error_kind: str
    n: int | None
    provenance: str
    note: str
    labels: str = ""
    resolution: int | None = None

    @property
    def protocol(self) -> str:
        """Network, labels and resolution, such as `convnet, hard labels, 128 px`."""
        labels = f"{self.labels} labels" if self.labels else ""
        size = f"{self.resolution} px" if self.resolution else ""
        return ", ".join(part for part in (self.student, labels, size) if part)

    def fits(self, evaluator: str) -> bool:
        """Whether students were trained on the same kind of labels; an unnamed evaluator fits."""
        return not evaluator or LABELS.get(evaluator) == self.labels

    @property
    def printed(self) -> Printed | None:
        """Mean, standard error and n, where the paper gives enough to know them."""
        if self.error is None or self.n is None or self.n < 2:
            return None
        sem = self.error if self.error_kind == "sem" else self.error / sqrt(self.n)
        return Printed(self.value, sem, self.n)


@cache
def published() -> tuple[Published, ...]:
    """All facts, in the order of the file."""
    text = (files("reports") / "published" / "wmdd.csv").read_text(encoding="utf-8")
    return tuple(_fact(line) for line in csv.DictReader(text.splitlines()))


def lookup(
    table: str, method: str, dataset: str, ipc: int, student: str, metric: str = TOP1
) -> Published | None:
    """The paper's number for one cell of one of its tables, None where it has none.

    Raises:
        UnknownName: for a table that the paper does not have.
    """
    tables = {fact.table for fact in published()}
    if table not in tables:
        raise UnknownName.of("table of the paper", table, tables)
    for fact in published():
        place = (fact.table, fact.method, fact.dataset, fact.student, fact.metric)
        wanted = (table, method, SAME.get(dataset, dataset), student, metric)
        if place == wanted and fact.ipc in (ipc, None):
            return fact
    return None


def elsewhere(table: str, method: str, dataset: str, ipc: int, evaluator: str) -> Published | None:
    """The number of a method that was trained on the other kind of labels; None without one."""
    for fact in published():
        place = (fact.table, fact.method, fact.dataset, fact.metric)
        wanted = (table, method, SAME.get(dataset, dataset), TOP1)
        if place == wanted and fact.ipc in (ipc, None) and not fact.fits(evaluator):
            return fact
    return None


def places(table: str) -> tuple[tuple[str, int, str], ...]:
    """The (dataset, ipc, student) points at which a table prints top-1 numbers."""
    found = [
        (fact.dataset, fact.ipc, fact.student)
        for fact in published()
        if fact.table == table and fact.metric == TOP1 and fact.ipc is not None
    ]
    return tuple(dict.fromkeys(found))


def footnotes(table: str, datasets: Collection[str]) -> tuple[str, ...]:
    """What a reader must know about a table of the paper: its ± and its contradictions."""
    clashes = [
        f"The paper prints {here.value:g} ({here.table}, {here.method}) and {there.value:g} "
        f"({there.table}, {there.method}) for {here.dataset}, IPC {here.ipc}, {here.student}."
        for here in published()
        if here.table == table and here.dataset in datasets
        for there in _others(here)
    ]
    return (*NOTES.get(table, ()), *clashes)


def _others(fact: Published) -> list[Published]:
    return [
        other
        for other in published()
        if other.table != fact.table
        and not other.table.startswith("figure")
        and _point(other) == _point(fact)
        and other.value != fact.value
    ]


def _point(fact: Published) -> tuple[str, str, int | None, str, str]:
    method = ALIASES.get(fact.method, fact.method)
    return (method, fact.dataset, fact.ipc, fact.student, fact.metric)


def _fact(line: dict[str, str]) -> Published:
    return Published(
        table=line["source_table"],
        method=line["method"],
        dataset=line["dataset"],
        ipc=int(line["ipc"]) if line["ipc"] else None,
        student=line["evaluation_model"],
        metric=line["metric"],
        value=float(line["value"]),
        error=float(line["error"]) if line["error"] else None,
        error_kind=line["error_kind"],
        n=int(line["n"]) if line["n"] else None,
        provenance=line["provenance"],
        note=line["note"],
        labels=line["labels"],
        resolution=int(line["resolution"]) if line["resolution"] else None,
    )
