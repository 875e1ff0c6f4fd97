"""optuna-dashboard opens a sweep's journal as it is."""

import json
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import optuna
import pytest

from bench.sweep.storage import journal_path, storage_at

pytest.importorskip("optuna_dashboard", reason="optuna-dashboard is in the extra `viz`")
READY = 60.0  # seconds until it must answer


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answer(url: str, server: "subprocess.Popen[bytes]") -> dict[str, object]:
    """What the server says once it is up."""
    end = time.monotonic() + READY
    while time.monotonic() < end and server.poll() is None:
        try:
            with urlopen(url, timeout=5) as reply:
                return dict(json.load(reply))
        except (URLError, OSError):
            try:
                server.wait(timeout=0.2)
            except subprocess.TimeoutExpired:
                continue
    raise AssertionError(f"optuna-dashboard does not answer at {url}")


@pytest.mark.slow
def test_it_lists_the_sweep(tmp_path: Path) -> None:
    path = journal_path(tmp_path, "lambda")
    study = optuna.create_study(storage=storage_at(path, None), study_name="lambda · WMDD")
    study.tell(study.ask({"x": optuna.distributions.FloatDistribution(0, 1)}), 0.5)
    port = free_port()
    words = ["-c", "from optuna_dashboard._cli import main; main()", str(path)]
    command = [sys.executable, *words, "--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            found = answer(f"http://127.0.0.1:{port}/api/studies", server)
        finally:
            server.terminate()
    summaries = found["study_summaries"]
    assert isinstance(summaries, list)
    assert [summary["study_name"] for summary in summaries] == ["lambda · WMDD"]
