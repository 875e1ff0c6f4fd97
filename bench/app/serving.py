"""`bench ui`: the MLflow server on the store's database, and the address to open."""

import subprocess
import time
from urllib.error import URLError
from urllib.request import urlopen

import click

from bench.core.errors import BadValue, suggestion
from bench.core.public import public
from bench.storage.store import Store
from bench.tracking.comparison import newest_comparison, studies_of
from bench.tracking.connection import connect, short_calls
from bench.tracking.layout import experiment_name
from bench.tracking.pending import deliver_pending
from bench.tracking.shared_view import share_view
from bench.tracking.tracker import Tracker, check_uri, default_uri
from bench.tracking.ui import HOST, charts_url, comparison_url, ui_command

READY = 90.0  # seconds until the server must answer


def serve(root: str, uri: str | None, port: int, study: str, dry_run: bool) -> int:
    """Starts the server, waits until it answers, prints what to open, and stays with it."""
    if uri is not None:
        check_uri(uri)
    store = Store(root)
    folder = store.local_folder("tracking")
    tracker = Tracker(uri or default_uri(folder))
    base = public(tracker.uri) if tracker.served else f"http://{HOST}:{port}"
    for problem in deliver_pending(store, tracker.uri).problems:
        click.echo(f"tracking: {problem}", err=True)
    command = ui_command(tracker.uri, tracker.artifact_root(folder) or folder / "artifacts", port)
    with short_calls():
        addresses = prepared(tracker.uri, base, study, keep=not dry_run)
    if tracker.served or dry_run:
        click.echo(addresses)
        click.echo("" if tracker.served else f"started by: {public(' '.join(command))}")
        return 0
    log = folder / "ui.log"
    click.echo(f"starting MLflow on {public(tracker.uri)}, its log is {log} ...")
    with (
        log.open("wb") as written,
        subprocess.Popen(command, cwd=folder, stdout=written, stderr=written) as server,
    ):
        try:
            _await(base, server)
            click.echo(f"{addresses}\n(Ctrl-C ends)")
            return server.wait()
        except KeyboardInterrupt:
            return 0
        finally:
            server.terminate()


def prepared(uri: str, base: str, study: str = "", keep: bool = True) -> str:
    """What to open: the newest rows side by side and, where a view may be kept, their charts.

    Raises:
        BadValue: no cell of the named study has been tracked.
    """
    client = connect(uri)
    found = newest_comparison(client, uri, experiment_name(study) if study else "")
    if found is None and study:
        known = studies_of(client, uri)
        raise BadValue(
            f"expected a study with finished cells in {public(uri)}, given {study!r}"
            f"{suggestion(study, known)}"
        )
    if found is None:
        return f"open {base}"
    lines = [f"open {comparison_url(base, found.experiment, found.columns)}"]
    if keep:
        key = share_view(client, uri, found)
        lines.append(f"charts {charts_url(base, found.experiment, key)}")
    return "\n".join(lines)


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
    raise click.ClickException(f"the MLflow server did not answer within {READY:.0f} s")


def server_wait(server: "subprocess.Popen[bytes]", seconds: float = 0.5) -> None:
    """Waits for the server to end, at most `seconds`."""
    try:
        server.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        return
