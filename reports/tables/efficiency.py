"""What the recover stage costs: seconds per iteration, peak memory, and the paper's beside them."""

from collections.abc import Collection, Sequence

from reports.numbers.cells import shared_kinds
from reports.numbers.columns import LAMBDA, dense, lambda_entry
from reports.numbers.counterparts import matches
from reports.numbers.info import StudyInfo
from reports.numbers.published import published
from reports.numbers.summary import Summary
from reports.tables.cost_tables import stage_seconds, total_seconds
from reports.tables.entries import (
    Column,
    Entry,
    Line,
    Table,
    duration,
    fixed,
    missing,
    number,
    size,
    text,
)
from reports.tables.result_tables import short_names

METRICS = {
    "seconds_per_iteration": "s / iteration",
    "peak_memory_gb": "peak memory, GB",
    "total_seconds": "total, s",
}


def efficiency_table(info: StudyInfo, summaries: Sequence[Summary]) -> Table | None:
    """Cost of each row beside the paper's Table 3; None where the paper's table is another."""
    table = info.paper_table or ""
    facts = {(f.method, f.metric): f.value for f in published() if f.table == table}
    if not any(metric in METRICS for _, metric in facts):
        return None
    columns = (
        Column("row", "text"),
        LAMBDA,
        Column("iterations", parts=("recover_steps",)),
        Column("ms / iteration", parts=("ms_per_iteration",)),
        Column("peak memory", parts=("peak_memory_recover",)),
        Column("recover", parts=("seconds_recover",)),
        Column("total", parts=("seconds_total",), hint="one seed from an empty store"),
        Column("shared", parts=("shared_percent",), hint="share of the stages made only once"),
        *(Column(f"paper: {name}", parts=(f"paper_{key}",)) for key, name in METRICS.items()),
    )
    shared = shared_kinds(cell for s in summaries for cell in s.cells)
    lines = [Line(_entries(s, facts, shared), s.info.group) for s in summaries]
    note = (
        "Ours: this machine, from the manifests of the artifacts, mean over seeds; peak memory is "
        "that of the process on a CPU. Paper: one RTX 3090, images of 224 pixels, 2000 iterations. "
        "An iteration takes all images of a batch. Total is everything from teacher to score; what "
        "the paper's total contains is not said."
    )
    title = "Cost per iteration and in total"
    return dense(Table("efficiency", title, columns, tuple(lines), (note,)))


def hours_table(info: StudyInfo, summaries: Sequence[Summary]) -> Table | None:
    """Time of each row and setting beside the paper's hours; None where its table has none."""
    facts = {
        (f.method, f.ipc): f.value
        for f in published()
        if f.table == info.paper_table and f.metric == "hours"
    }
    if not facts or not any(s.sample for s in summaries):
        return None
    stands, own = matches(info, summaries), {f.dataset for f in published()}
    settings = list(dict.fromkeys(s.setting for s in summaries))
    names = dict(zip(settings, short_names(settings), strict=True))
    columns = (
        Column("row", "text"),
        LAMBDA,
        Column("barycenter", parts=("seconds_barycenter",)),
        Column("recover", parts=("seconds_recover",)),
        Column("total", parts=("seconds_total",), hint="one seed from an empty store"),
        Column("paper, hours", parts=("paper_hours",)),
    )
    lines = []
    for s in summaries:
        match = stands.get(s.setting)
        ipc = match.ipc if match and s.setting.dataset not in own else s.setting.ipc
        seconds = stage_seconds(s)
        entries = (
            text(s.row),
            lambda_entry(s),
            *(duration(seconds.get(stage)) for stage in ("barycenter", "recover")),
            duration(total_seconds(s)),
            _printed(facts.get((s.info.paper_row, ipc))),
        )
        lines.append(Line(entries, names[s.setting]))
    note = (
        "Ours: this machine, mean over seeds. Paper: hours on a GPU that it does not name, at its "
        "own IPC of the same rank; what they contain is not said."
    )
    return dense(Table("hours", "Time of the solvers", columns, tuple(lines), (note,)))


def _entries(
    s: Summary, facts: dict[tuple[str, str], float], shared: Collection[str]
) -> tuple[Entry, ...]:
    steps, seconds = s.mean_of("recover_steps"), s.mean_of("seconds_recover")
    each = 1000 * seconds / steps if steps and seconds is not None else None
    memory = s.mean_of("peak_memory_recover")
    return (
        text(s.row),
        lambda_entry(s),
        missing() if steps is None else number(steps, 0),
        missing(mark=s.status) if each is None else number(each, 2),
        size(memory),
        duration(seconds),
        duration(total_seconds(s)),
        _shared(s, shared),
        *(_printed(facts.get((s.info.paper_row, key))) for key in METRICS),
    )


def _shared(s: Summary, shared: Collection[str]) -> Entry:
    seconds, total = stage_seconds(s), total_seconds(s)
    if not total:
        return missing()
    share = 100 * sum(seconds.get(stage, 0.0) for stage in shared) / total
    return Entry(f"{fixed(share, 0)} %", (fixed(share, 0),), share)


def _printed(value: float | None) -> Entry:
    return missing() if value is None else Entry(f"{value:g}", sort=value)
