"""The MLflow UI on our store: the command that starts it and the address of a comparison."""

import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from bench.storage.uris import file_uri

HOST = "127.0.0.1"


def ui_command(uri: str, artifacts_root: str | Path, port: int) -> list[str]:
    """The command line of an MLflow server that only this machine can reach."""
    root = str(artifacts_root)
    where = root if "://" in root or root.startswith("file:") else file_uri(Path(root))
    return [
        sys.executable, "-m", "mlflow", "server", "--backend-store-uri", uri,
        "--artifacts-destination", where, "--host", HOST, "--port", str(port), "--workers", "1",
    ]  # fmt: skip


def experiment_url(base: str, experiment: str) -> str:
    """The runs of an experiment, in the workflow that shows their metrics."""
    return f"{base.rstrip('/')}/#/experiments/{experiment}/runs?workflowType=machine_learning"


def comparison_url(base: str, experiment: str, runs: Sequence[str]) -> str:
    """Runs side by side, by experiment and run ids; the experiment's page if there are none."""
    if not runs:
        return experiment_url(base, experiment)
    chosen, where = (quote(f"[{_quoted(ids)}]", safe="") for ids in (runs, [experiment]))
    return (
        f"{base.rstrip('/')}/#/compare-runs?runs={chosen}&experiments={where}"
        "&workflowType=machine_learning"
    )


def charts_url(base: str, experiment: str, view: str) -> str:
    """The charts of a view that is kept in an experiment under a key."""
    return f"{experiment_url(base, experiment)}&compareRunsMode=CHART&viewStateShareKey={view}"


def _quoted(ids: Sequence[str]) -> str:
    return ",".join(f'"{one}"' for one in ids)
