"""A prepared page of charts, kept in MLflow as one of its shared views.

MLflow keeps what its button "Share" makes in a tag of the experiment: JSON, deflated, in base64.
"""

import base64
import hashlib
import json
import zlib
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from bench.tracking.comparison import Comparison
from bench.tracking.connection import asking

if TYPE_CHECKING:
    from mlflow import MlflowClient

TAG = "mlflow.sharedViewState."
BARS = ("evaluate/top1", "resources/seconds_recover")
LINES = ("recover/total", "recover/feature", "recover/batch_norm", "evaluate/loss")
FOLDED = ("barycenter", "evaluate", "recover", "resources", "squeeze", "summary", "system")


def share_view(client: "MlflowClient", uri: str, comparison: Comparison) -> str:
    """Keeps the charts of a comparison in its experiment and returns the view's key.

    Raises:
        Refused, Unreachable: the store does not take it.
    """
    text = packed(view(comparison.runs, comparison.metrics))
    key = f"bench{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    with asking(uri):
        client.set_experiment_tag(comparison.experiment, f"{TAG}{key}", text)
    return key


def packed(state: Mapping[str, object]) -> str:
    """A view as MLflow stores it."""
    text = json.dumps(state, separators=(",", ":"))
    return f"deflate;{base64.b64encode(zlib.compress(text.encode(), 9)).decode()}"


def view(runs: Sequence[str], metrics: Collection[str]) -> dict[str, object]:
    """Scores and curves of runs, averaged over the seeds of each row; all else folded below.

    Charts are of what the runs have; imported ones have no curves.
    """
    bars = [name for name in BARS if name in metrics]
    lines = [name for name in LINES if name in metrics]
    sections = [_section("bench-scores", "Scores", True, 2)] if bars else []
    sections += [_section("bench-curves", "Curves", True, 2)] if lines else []
    chosen = ",".join(f"'{run}'" for run in runs)
    by_row = {"mode": "param", "groupByData": "row"}
    return {
        "searchFilter": f"attributes.run_id IN ({chosen})",
        "orderByKey": "attributes.start_time",
        "orderByAsc": True,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "runsHiddenMode": "SHOW_ALL",
        "groupBy": {"aggregateFunction": "average", "groupByKeys": [by_row]},
        "compareRunCharts": [
            *(_card(name, "BAR", "bench-scores") for name in bars),
            *(_card(name, "LINE", "bench-curves") for name in lines),
        ],
        "compareRunSections": [
            *sections,
            *(_section(f"bench-{name}", name, False, 3) for name in FOLDED),
        ],
        "isAccordionReordered": True,  # else MLflow sorts the sections by name
        "hideEmptyCharts": True,
    }


def _card(metric: str, kind: str, section: str) -> dict[str, object]:
    card: dict[str, object] = {
        "uuid": f"bench-{metric}", "type": kind, "metricSectionId": section, "deleted": False,
        "isGenerated": False, "metricKey": metric, "runsCountToCompare": 20,
    }  # fmt: skip
    if kind == "LINE":
        card |= {"selectedMetricKeys": [metric], "xAxisKey": "step", "scaleType": "log"}
    return card


def _section(uuid: str, name: str, display: bool, columns: int) -> dict[str, object]:
    return {
        "uuid": uuid, "name": name, "display": display, "columns": columns, "cardHeight": 280,
        "isReordered": False, "deleted": False, "isGenerated": False,
    }  # fmt: skip
