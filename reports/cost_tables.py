"""What each row costs: updates, bytes of images and labels, wall time per stage, peak memory."""

from collections.abc import Sequence

from reports.cells import STAGES
from reports.result_tables import short_names
from reports.summary import Summary
from reports.tables import Column, Line, Table, duration, missing, number, size, text

SHARED = ("squeeze", "observe", "barycenter")
OWN = ("recover", "relabel", "evaluate")
Seconds = dict[str, float]


def stage_seconds(s: Summary) -> Seconds:
    """Mean seconds of each stage over the cells that ran it."""
    found = {stage: s.mean_of(f"seconds_{stage}") for stage in STAGES}
    return {stage: value for stage, value in found.items() if value is not None}


def total_seconds(s: Summary) -> float | None:
    """Seconds of one seed from an empty store, shared stages included; None without any."""
    found = stage_seconds(s)
    return sum(found.values()) if found else None


def total_bytes(s: Summary) -> float | None:
    """Bytes of images and labels together."""
    images, labels = s.mean_of("image_bytes"), s.mean_of("label_bytes")
    return None if images is None else images + (labels or 0)


def costed(summaries: Sequence[Summary]) -> list[Summary]:
    """The rows of which a cost is known, as `costs_table` lists them."""
    return [s for s in summaries if stage_seconds(s) or total_bytes(s) is not None]


def costs_table(summaries: Sequence[Summary]) -> Table | None:
    """Costs of every row that was run, of one data set; None where nothing is known."""
    known = costed(summaries)
    if not known:
        return None
    settings = list(dict.fromkeys(s.setting for s in summaries))
    headings = dict(zip(settings, short_names(settings), strict=True))
    columns = (
        Column("row", "text"),
        Column("updates", hint="optimiser steps of one student"),
        Column("images", parts=("image_bytes",)),
        Column("labels", parts=("label_bytes",)),
        Column("IPC at equal bytes", hint="images per class if the labels' bytes held images"),
        *(Column(_stage_name(stage), parts=(f"seconds_{stage}",)) for stage in STAGES),
        Column("own", parts=("seconds_own",), hint="stages that this row alone pays for"),
        Column("total", parts=("seconds_total",), hint="one seed from an empty store"),
        Column("peak memory", parts=("peak_memory",)),
    )
    lines = [_line(s, headings[s.setting] if len(settings) > 1 else "") for s in known]
    notes = [
        "Wall time is the mean over seeds of the time that the stage took when it was computed. "
        "Stages marked * are shared: squeeze and observe between all rows, barycenter between "
        "seeds; the store makes them once. own = recover + relabel + evaluate.",
    ]
    devices = dict.fromkeys(c.device for s in known for c in s.cells if c.device)
    notes += [f"Device: {', '.join(devices)}."] if devices else []
    dataset = settings[0].dataset
    return Table(f"costs-{dataset}", f"{dataset} · costs", columns, tuple(lines), tuple(notes))


def _stage_name(stage: str) -> str:
    return f"{stage}*" if stage in SHARED else stage


def _line(s: Summary, group: str) -> Line:
    seconds = stage_seconds(s)
    own = [seconds[stage] for stage in OWN if stage in seconds]
    images, everything = s.mean_of("image_bytes"), total_bytes(s)
    updates = s.mean_of("updates")
    equal = None
    if images and everything is not None:
        equal = s.setting.ipc * everything / images
    entries = (
        text(s.row),
        missing() if updates is None else number(updates, 0),
        size(images),
        size(s.mean_of("label_bytes")),
        number(equal),
        *(duration(seconds.get(stage)) for stage in STAGES),
        duration(sum(own) if own else None),
        duration(total_seconds(s)),
        size(s.mean_of("peak_memory")),
    )
    return Line(entries, group)
