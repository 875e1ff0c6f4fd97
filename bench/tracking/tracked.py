"""What MLflow has already."""

from bench.tracking.connection import asking, connect, short_calls


def finished_keys(uri: str, experiment: str) -> set[str]:
    """Keys of all cells of an experiment that have a finished run.

    Raises:
        Refused, Unreachable: the store does not answer.
    """
    with short_calls():
        return _keys(uri, experiment)


def _keys(uri: str, experiment: str) -> set[str]:
    client, keys, token = connect(uri), set[str](), None
    done = "tags.level = 'cell' and attributes.status = 'FINISHED'"
    with asking(uri):
        found = client.get_experiment_by_name(experiment)
        while found is not None:
            page = client.search_runs([found.experiment_id], done, page_token=token)
            keys |= {run.data.tags.get("key", "") for run in page}
            token = page.token
            if not token:
                break
    return keys
