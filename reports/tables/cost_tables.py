"""What each row costs: updates, bytes of images and labels, wall time per stage, peak memory."""

from collections.abc import Callable, Sequence

from reports.numbers.cells import kinds_of, shared_kinds
from reports.numbers.columns import LAMBDA, dense, lambda_entry
from reports.numbers.summary import Summary
from reports.tables.entries import Column, Entry, Line, Table, duration, missing, number, size, text
from reports.tables.result_tables import short_names

FULL = "full"  # distiller of the full-data reference, which has no IPC
Seconds = dict[str, float]


def stage_seconds(s: Summary) -> Seconds:
    """Mean seconds of each kind of artifact over the cells that have it."""
    found = {kind: s.mean_of(f"seconds_{kind}") for kind in kinds_of(s.cells)}
    return {stage: value for stage, value in found.items() if value is not None}


def total_seconds(s: Summary) -> float | None:
    """Seconds of one seed from an empty store, shared stages included; None without any."""
    found = stage_seconds(s)
    return sum(found.values()) if found else None


def total_bytes(s: Summary) -> float | None:
    """Bytes of images and labels together."""
    images, labels = s.mean_of("image_bytes"), s.mean_of("label_bytes")
    return None if images is None else images + (labels or 0)


def timed(summaries: Sequence[Summary]) -> list[Summary]:
    """The rows whose wall time is known, as `time_table` lists them."""
    return [s for s in summaries if stage_seconds(s)]


def storage_table(summaries: Sequence[Summary]) -> Table | None:
    """Bytes, updates and memory of every row of one data set; None where nothing is known."""
    known = [s for s in summaries if total_bytes(s) is not None]
    columns = (
        Column("row", "text"),
        LAMBDA,
        Column("images", parts=("image_bytes",)),
        Column("soft labels", parts=("label_bytes",)),
        Column("IPC at equal bytes", hint="images per class if the labels' bytes held images"),
        Column("student updates", hint="optimiser steps of one student"),
        Column("peak memory", parts=("peak_memory",)),
    )
    note = (
        "Bytes of one synthetic set as stored, and of the soft labels that its protocol stores. "
        "IPC at equal bytes: how many images per class would take the bytes of images and labels."
    )
    return _table("storage", "bytes and memory", summaries, known, columns, _storage, note)


def time_table(summaries: Sequence[Summary]) -> Table | None:
    """Wall time per stage of every row of one data set; None where nothing is known."""
    known = timed(summaries)
    cells = [cell for s in known for cell in s.cells]
    kinds, shared = kinds_of(cells), shared_kinds(cells)
    columns = (
        Column("row", "text"),
        LAMBDA,
        *(Column(f"{k}*" if k in shared else k, parts=(f"seconds_{k}",)) for k in kinds),
        Column("own", parts=("seconds_own",), hint="stages that this row alone pays for"),
        Column("total", parts=("seconds_total",), hint="one seed from an empty store"),
    )
    note = (
        "Mean over seeds of the time that each stage took when it was computed. What stages with * "
        "make is shared between rows or seeds, and made once. own = the stages without *; total "
        "is one seed from an empty store."
    )

    def times(s: Summary) -> tuple[Entry, ...]:
        seconds = stage_seconds(s)
        own = [seconds[kind] for kind in kinds if kind in seconds and kind not in shared]
        return (
            text(s.row),
            lambda_entry(s),
            *(duration(seconds.get(kind)) for kind in kinds),
            duration(sum(own) if own else None),
            duration(total_seconds(s)),
        )

    devices = dict.fromkeys(c.device for s in known for c in s.cells if c.device)
    note += f" Device: {', '.join(devices)}." if devices else ""
    return _table("time", "wall time per stage", summaries, known, columns, times, note)


def _table(
    key: str,
    title: str,
    summaries: Sequence[Summary],
    known: Sequence[Summary],
    columns: tuple[Column, ...],
    entries: Callable[[Summary], tuple[Entry, ...]],
    note: str,
) -> Table | None:
    if not known:
        return None
    settings = list(dict.fromkeys(s.setting for s in summaries))
    names = short_names(settings) if len(settings) > 1 else [""]
    headings = dict(zip(settings, names, strict=True))
    lines = tuple(Line(entries(s), headings[s.setting]) for s in known)
    dataset = settings[0].dataset
    return dense(Table(f"{key}-{dataset}", f"{dataset} · {title}", columns, lines, (note,)))


def _storage(s: Summary) -> tuple[Entry, ...]:
    images, everything, updates = s.mean_of("image_bytes"), total_bytes(s), s.mean_of("updates")
    equal = None
    if images and everything is not None and s.info.distiller != FULL:
        equal = s.setting.ipc * everything / images
    return (
        text(s.row),
        lambda_entry(s),
        size(images),
        size(s.mean_of("label_bytes")),
        number(equal),
        missing() if updates is None else number(updates, 0),
        size(s.mean_of("peak_memory")),
    )
