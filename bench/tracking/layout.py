"""How runs look in MLflow: names, params, tags and metrics that a person can read and filter."""

import hashlib
import math
import re
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from statistics import fmean, stdev

LONGEST_PARAM = 500  # longer values go to an artifact
LONGEST_TAG = 5000
LONGEST_NAME = 200
SECTIONS = ("seconds_", "peak_memory", "image_bytes", "label_bytes", "updates", "recover_steps")
NOT_METRICS = ("ipc", "seed", "repeat", "chance")  # these are params, or the same for every run

Point = tuple[str, float, int, int]  # name, value, step, milliseconds


def experiment_name(study: str) -> str:
    """`bench/ablation`."""
    return f"bench/{study}"


@lru_cache(maxsize=4096)
def metric_name(text: str) -> str:
    """A name that MLflow takes: letters, digits, `_ - . : /`, anything else becomes `_`."""
    name = re.sub(r"[^0-9A-Za-z_\-.:/]+", "_", text)
    name = re.sub(r"(?<=/)[_.]+|_+(?=/)|^[_./]+|[_./]+$", "", name)
    return name[:LONGEST_NAME] or "unnamed"


def final_metrics(metrics: Mapping[str, float]) -> dict[str, float]:
    """Final numbers of a cell under their sections `evaluate/`, `squeeze/` and `resources/`."""
    return {
        metric_name(_section(name)): value
        for name, value in metrics.items()
        if name not in NOT_METRICS
    }


def _section(name: str) -> str:
    if "/" in name:
        return name
    if name.startswith("teacher_"):
        return f"squeeze/{name.removeprefix('teacher_')}"
    return f"resources/{name}" if name.startswith(SECTIONS) else f"evaluate/{name}"


def summary_metrics(metrics: Mapping[str, float]) -> dict[str, float]:
    """Numbers of a whole study, under `summary/` unless they name a section themselves."""
    return {
        metric_name(name if "/" in name else f"summary/{name}"): value
        for name, value in metrics.items()
    }


def summarise(rows: Iterable[Mapping[str, object]]) -> dict[str, float]:
    """Mean, std (n - 1) and n of top1 over the seeds of each (row, data set, IPC, ...)."""
    groups: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        top1 = row.get("top1")
        if isinstance(top1, int | float) and math.isfinite(top1):
            groups[_group(row)].append(float(top1))
    found: dict[str, float] = {}
    for name, values in groups.items():
        found[metric_name(f"summary/{name}_mean")] = fmean(values)
        found[metric_name(f"summary/{name}_n")] = len(values)
        if len(values) > 1:
            found[metric_name(f"summary/{name}_std")] = stdev(values)
    return found


def _group(row: Mapping[str, object]) -> str:
    parts = [row.get("row", "row"), row.get("dataset", ""), f"ipc{row.get('ipc', '')}"]
    if row.get("evaluator", "fkd") != "fkd":
        parts.append(row["evaluator"])
    return "_".join(str(part).replace("/", "-") for part in parts)


def points(metrics: Mapping[str, float], step: int, millis: int) -> tuple[list[Point], bool]:
    """Metric points, infinities as NaN (MLflow would store 1.8e308), and whether any diverged."""
    diverged = not all(math.isfinite(value) for value in metrics.values())
    return [
        (name, value if math.isfinite(value) else math.nan, step, millis)
        for name, value in metrics.items()
    ], diverged


def split_params(params: Mapping[str, object]) -> tuple[dict[str, str], dict[str, str]]:
    """Params as MLflow stores them, and those whose values are too long for it."""
    texts = {metric_name(key): str(value) for key, value in params.items()}
    short = {key: text for key, text in texts.items() if len(text) <= LONGEST_PARAM}
    return short, {key: text for key, text in texts.items() if key not in short}


def clean_tags(tags: Mapping[str, object]) -> dict[str, str]:
    """Tags as strings of bounded length; empty ones are left out."""
    texts = {metric_name(key): str(value)[:LONGEST_TAG] for key, value in tags.items()}
    return {key: text for key, text in texts.items() if text}


def study_address(study: str, cells: Sequence[str], params: Mapping[str, object]) -> str:
    """What makes two runs of a study one: its name, its cells and its params."""
    parts = [study, *sorted(cells), *(f"{key}={params[key]}" for key in sorted(params))]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def cell_key(address: str, label: str) -> str:
    """What makes two runs of a cell one; two rows may be one distiller under two labels."""
    return hashlib.sha256(f"{address}\n{label}".encode()).hexdigest()


def milliseconds() -> int:
    """Now, as MLflow counts time."""
    return time.time_ns() // 1_000_000


def file_name(text: str) -> str:
    """A text as the name of a file."""
    return re.sub(r"[^0-9A-Za-z_\-.]+", "-", text).strip("-.")[:80] or "unnamed"
