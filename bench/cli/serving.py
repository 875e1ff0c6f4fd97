"""`bench ui`: the MLflow server on the store's database, and the address to open."""

import subprocess
import time
from collections.abc import Sequence
from urllib.error import URLError
from urllib.request import urlopen

import click

from bench.store import Store
from bench.tracking.delivery import deliver_pending
from bench.tracking.tracker import Tracker, default_uri, public
from bench.tracking.ui import HOST, comparison_url, ui_command

READY = 90.0  # seconds until the server must answer


def serve(root: str, uri: str | None, port: int, dry_run: bool) -> int:
    """Starts the server, waits until it answers, prints where to look, and stays with it."""
    folder = Store(root).local_folder("tracking")
    tracker = Tracker(uri or default_uri(folder))
    base = tracker.uri if tracker.served else f"http://{HOST}:{port}"
    for problem in deliver_pending(folder).problems:
        click.echo(f"tracking: {problem}", err=True)
    command = ui_command(tracker.uri, tracker.artifact_root(folder) or folder / "artifacts", port)
    if tracker.served or dry_run:
        click.echo(f"open {prepared(tracker.uri, base)}")
        click.echo("" if tracker.served else f"started by: {' '.join(command)}")
        return 0
    log = folder / "ui.log"
    click.echo(f"starting MLflow on {public(tracker.uri)}, its log is {log} ...")
    with (
        log.open("wb") as written,
        subprocess.Popen(command, cwd=folder, stdout=written, stderr=written) as server,
    ):
        try:
            _await(base, server)
            click.echo(f"open {prepared(tracker.uri, base)}   (Ctrl-C ends)")
            return server.wait()
        except KeyboardInterrupt:
            server.terminate()
            return 0


def prepared(uri: str, base: str) -> str:
    """The address of the newest study's first cells side by side, or of MLflow's front page."""
    from mlflow import MlflowClient

    client = MlflowClient(uri)
    found = [e for e in client.search_experiments() if e.name.startswith("bench/")]
    if not found:
        return base
    newest = max(found, key=lambda e: e.last_update_time or 0)
    runs = client.search_runs(
        [newest.experiment_id], "tags.level = 'cell' and attributes.status = 'FINISHED'"
    )
    return comparison_url(base, newest.experiment_id, _one_per_row(runs))


def _one_per_row(runs: Sequence[object], most: int = 8) -> list[str]:
    """Run ids, the first seed of each row."""
    chosen: dict[str, str] = {}
    for run in sorted(runs, key=lambda r: int(r.data.tags.get("seed", 0))):  # type: ignore[attr-defined]
        chosen.setdefault(run.data.tags.get("row", ""), run.info.run_id)  # type: ignore[attr-defined]
    return list(chosen.values())[:most]


def _await(base: str, server: "subprocess.Popen[bytes]") -> None:
    """Waits for the server's health page.

    Raises:
        click.ClickException: the server ended, or does not answer in time.
    """
    end = time.monotonic() + READY
    while time.monotonic() < end:
        if server.poll() is not None:
            raise click.ClickException("the MLflow server ended; is the port taken? try --port")
        try:
            with urlopen(f"{base}/health", timeout=1):
                return
        except (URLError, OSError):
            server_wait(server)
    server.terminate()
    raise click.ClickException(f"the MLflow server did not answer within {READY:.0f} s")


def server_wait(server: "subprocess.Popen[bytes]", seconds: float = 0.5) -> None:
    """Waits for the server to end, at most `seconds`."""
    try:
        server.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        return
