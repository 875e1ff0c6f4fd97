"""Servers of tests die with the tests, and their ports are nobody else's."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from servers import HOST, guarded, held_port, kill
from waiting import LIMIT, until

from bench.storage.owner import started

SERVER = """
import os, signal, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
print(os.getpid(), child.pid, flush=True)
time.sleep(1000)
"""
TESTS = """
import sys, time
sys.path.insert(0, sys.argv[1])
from servers import guarded
guarded([sys.executable, "-c", sys.argv[2]])
time.sleep(1000)
"""


def gone(pid: int) -> bool:
    return started(pid) is None


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
def test_a_server_and_what_it_started_end_with_the_tests(how: signal.Signals) -> None:
    """Seen three times of three: pytest ended by SIGTERM left PostgreSQL, moto and MLflow."""
    words = [sys.executable, "-c", TESTS, str(Path(__file__).parent), SERVER]
    tests = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert tests.stdout is not None
    with tests.stdout:
        pids = [int(text) for text in tests.stdout.readline().split()]
    assert len(pids) == 2
    assert not any(map(gone, pids))
    tests.send_signal(how)
    tests.wait()
    until(lambda: all(map(gone, pids)))


def test_a_signal_reaches_the_server_and_its_code_comes_back() -> None:
    code = "import signal, sys; signal.signal(2, lambda *_: sys.exit(7)); print(1, flush=True); "
    process = guarded([sys.executable, "-c", code + "signal.pause()"], stdout=subprocess.PIPE)
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == b"1\n"
    process.send_signal(signal.SIGINT)
    assert process.wait(LIMIT) == 7
    kill(process)


def test_all_can_be_killed_at_once() -> None:
    process = guarded([sys.executable, "-c", SERVER], stdout=subprocess.PIPE)
    assert process.stdout is not None
    with process.stdout:
        pids = [int(text) for text in process.stdout.readline().split()]
    kill(process)
    until(lambda: all(map(gone, [process.pid, *pids])))


def test_a_held_port_refuses_connections_until_a_server_listens() -> None:
    with held_port() as port, held_port() as other, socket.socket() as server:
        assert port != other
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((HOST, port), timeout=LIMIT)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((HOST, port))
        server.listen()
        socket.create_connection((HOST, port), timeout=LIMIT).close()


def test_a_held_port_is_given_to_nobody_else() -> None:
    with held_port() as port:
        for _ in range(200):
            with socket.socket() as probe:
                probe.bind((HOST, 0))
                assert probe.getsockname()[1] != port
        with socket.socket() as greedy, pytest.raises(OSError, match="in use"):
            greedy.bind((HOST, port))
