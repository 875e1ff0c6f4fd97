"""The UI's command line and addresses."""

from bench.tracking.ui import charts_url, comparison_url, experiment_url, ui_command


def test_the_server_listens_on_this_machine_only() -> None:
    command = ui_command("sqlite:////s/mlflow.db", "/s/artifacts", 5001)
    text = " ".join(command)
    assert "-m mlflow server --backend-store-uri sqlite:////s/mlflow.db" in text
    assert "--artifacts-destination file:///s/artifacts" in text
    assert "--host 127.0.0.1 --port 5001" in text


def test_addresses_open_the_training_workflow() -> None:
    base = "http://127.0.0.1:5001/"
    page = "http://127.0.0.1:5001/#/experiments/7/runs?workflowType=machine_learning"
    assert experiment_url(base, "7") == page
    assert comparison_url(base, "7", []) == page
    assert comparison_url(base, "7", ["a", "b"]) == (
        "http://127.0.0.1:5001/#/compare-runs?runs=%5B%22a%22%2C%22b%22%5D"
        "&experiments=%5B%227%22%5D&workflowType=machine_learning"
    )
    assert charts_url(base, "7", "k") == f"{page}&compareRunsMode=CHART&viewStateShareKey=k"
