"""What MLflow has already."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from bench.tracking.connection import asking, connect, short_calls

if TYPE_CHECKING:
    from mlflow.entities import Run

CELLS = "tags.level = 'cell' and attributes.status = 'FINISHED'"


def finished_keys(uri: str, experiment: str) -> set[str]:
    """Keys of all cells of an experiment that have a finished run.

    Raises:
        Refused, Unreachable: the store does not answer.
    """
    return _keys(uri, experiment, CELLS, lambda run: True)


def told_keys(uri: str, experiment: str) -> set[str]:
    """Keys of the runs of trials that came to their end, and of sweeps that did.

    Raises:
        Refused, Unreachable: the store does not answer.
    """
    return _keys(uri, experiment, "", _ended)


def _keys(uri: str, experiment: str, text: str, counts: "Callable[[Run], bool]") -> set[str]:
    """Keys of the runs that a filter finds and that count."""
    keys, token = set[str](), None
    with short_calls():
        client = connect(uri)
        with asking(uri):
            found = client.get_experiment_by_name(experiment)
            while found is not None:
                page = client.search_runs([found.experiment_id], text, page_token=token)
                keys |= {run.data.tags.get("key", "") for run in page if counts(run)}
                token = page.token
                if not token:
                    break
    return keys


def _ended(run: "Run") -> bool:
    """A pruned trial is KILLED, as one whose process died; but only the former has a state."""
    tags = run.data.tags
    if tags.get("role") == "trial":
        return run.info.status != "RUNNING" and "optuna_state" in tags
    return tags.get("role") == "sweep" and run.info.status == "FINISHED"
