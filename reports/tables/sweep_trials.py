"""The table of all trials of a search, and their settings, scores and costs as data."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

from reports.numbers.statistics import describe
from reports.numbers.sweep_info import ParameterInfo, SweepInfo, TrialInfo
from reports.tables.entries import (
    Column,
    Entry,
    Line,
    Table,
    duration,
    estimate,
    missing,
    size,
    text,
)
from reports.tables.sweep_tables import count_entry, value_text


def trials_table(info: SweepInfo, trials: Sequence[TrialInfo]) -> Table:
    """Every trial with its setting, score and costs."""
    names = list(dict.fromkeys(p.name for m in info.methods for p in m.parameters))
    known = {p.name: p for m in info.methods for p in m.parameters}
    columns = [Column("trial"), *([Column("distiller", "text")] if len(info.methods) > 1 else [])]
    columns += [Column("state", "text")]
    columns += [Column(n, "number" if known[n].numeric else "text") for n in names]
    columns += [
        Column("top-1, %", parts=("mean", "std")),
        Column("runs"),
        Column("own time"),
        Column("amortised"),
        Column("with all it shares"),
        Column("bytes"),
        Column("peak memory"),
    ]
    several = len(info.methods) > 1
    lines = tuple(_trial_line(t, names, known, several) for t in trials)
    short = [t for t in trials if t.scores and t.length is not None]
    notes = [f"At n: a pruned trial's score, taken at {info.fidelity} = n."] if short else []
    return Table(
        "trials",
        "All trials",
        tuple(columns),
        lines,
        (
            "± is the standard deviation over the trial's runs. Own time: recover, relabel and "
            "evaluate of one cell. Amortised: with its part of the shared stages, each divided by "
            "the trials that use it. With all it shares: as if the trial stood alone. A setting "
            "that is drawn again runs with the next seeds.",
            *notes,
            *reasons(trials, several),
        ),
    )


def reasons(trials: Sequence[TrialInfo], several: bool) -> list[str]:
    """Why trials failed, each reason once with the trials that it ended."""
    found: dict[str, list[str]] = {}
    for t in trials:
        if t.error:
            name = f"{t.method} {t.number}" if several else str(t.number)
            found.setdefault(" ".join(t.error.split()), []).append(name)
    return [f"Failed: trial {', '.join(numbers)}: {why}" for why, numbers in found.items()]


def _trial_line(
    t: TrialInfo, names: Sequence[str], known: Mapping[str, ParameterInfo], several: bool
) -> Line:
    values = [_parameter(t, known[name]) for name in names]
    return Line(
        (
            count_entry(t.number),
            *([text(t.method)] if several else []),
            text(_state(t), "alarm" if t.error else "plain", t.error),
            *values,
            _score(t),
            count_entry(len(t.scores)),
            duration(t.numbers.get("seconds")),
            duration(t.numbers.get("seconds_amortised")),
            duration(t.numbers.get("seconds_total")),
            size(t.numbers.get("bytes")),
            size(t.numbers.get("peak_memory")),
        )
    )


def _score(t: TrialInfo) -> Entry:
    if not t.scores:
        return missing(2)
    score = describe(t.scores)
    entry = estimate(score.mean, score.std)
    return entry if t.length is None else replace(entry, text=f"{entry.text} at {t.length}")


def _parameter(t: TrialInfo, parameter: ParameterInfo) -> Entry:
    value = t.params.get(parameter.name)
    if value is None:
        return missing()
    return Entry(value_text(value), sort=value if isinstance(value, float) else None)


def _state(t: TrialInfo) -> str:
    again = f", again {t.retry_of}" if t.retry_of is not None else ""
    if t.gone:
        return f"given up{again}"
    return f"{'pruned' if t.pruned else t.state.lower()}{again}"


def explorer(info: SweepInfo, trials: Sequence[TrialInfo]) -> str:
    """The trials with scores as JSON for the page's own plot; safe inside a script element."""
    names = list(dict.fromkeys(p.name for m in info.methods for p in m.parameters))
    known = {p.name: p for m in info.methods for p in m.parameters}
    axes = [{"name": n, "log": known[n].log, "options": list(known[n].options)} for n in names]
    costs = [("top-1, %", None), ("seconds", "s"), ("bytes", "B"), ("peak_memory", "B")]
    axes += [{"name": name, "log": False, "options": []} for name, _ in costs]
    points = [_point(t, names, info.fidelity) for t in trials if t.done or pruned(t)]
    data = {"axes": [{"name": "trial", "log": False, "options": []}, *axes], "points": points}
    return json.dumps(data, allow_nan=False).replace("<", "\\u003c")


def _point(t: TrialInfo, names: Sequence[str], fidelity: str) -> dict[str, object]:
    score = describe(t.scores)
    values: dict[str, object] = {"trial": t.number, "top-1, %": round(100 * score.mean, 3)}
    values |= {name: t.params[name] for name in names if name in t.params}
    values |= {n: t.numbers[n] for n in ("seconds", "bytes", "peak_memory") if n in t.numbers}
    ends = [100 * v for v in (score.low, score.high) if v is not None]
    at = "" if t.length is None else f" at {fidelity} = {t.length}"
    end = f"pruned{at}" if t.pruned else ""
    return {"method": t.method, "pruned": end, "interval": ends, "values": values}


def pruned(t: TrialInfo) -> bool:
    """Whether a trial has a score that is not of its full length, or of all its seeds."""
    return t.pruned and bool(t.scores)
