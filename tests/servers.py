"""Servers of tests: on ports that stay theirs, in processes that do not outlive the tests."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import psutil

HOST = "127.0.0.1"
GUARD = """
import os, signal, subprocess, sys, threading

def end(number):
    if server.poll() is None:
        server.send_signal(number)

def kill():
    try:
        os.killpg(server.pid, signal.SIGKILL)  # with everything that the server started
    except ProcessLookupError:
        pass

def watch():
    sys.stdin.buffer.read()  # ends when whoever started this has ended, however that happened
    end(int(sys.argv[1]))
    try:
        server.wait(timeout=20)
    except subprocess.TimeoutExpired:
        kill()

rights = {}
if sys.argv[2]:
    import pwd
    group = pwd.getpwnam(sys.argv[2]).pw_gid
    rights = {"user": sys.argv[2], "group": group, "extra_groups": []}
server = subprocess.Popen(sys.argv[3:], stdin=subprocess.DEVNULL, process_group=0, **rights)
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, lambda number, frame: end(number))
threading.Thread(target=watch, daemon=True).start()
code = server.wait()
kill()
sys.stdout.flush()
os._exit(code if code >= 0 else 128 - code)
"""


@contextmanager
def held_port() -> Iterator[int]:
    """A port that no other process is given, and on which a server can listen meanwhile.

    A bound socket that does not listen holds it: Linux lets a second one bind to it where both
    have SO_REUSEADDR, as servers do, and refuses connections until that one listens.
    """
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind((HOST, 0))
        yield int(holder.getsockname()[1])


def guarded(
    command: Sequence[str],
    stop: signal.Signals = signal.SIGTERM,
    user: str | None = None,
    **options: Any,
) -> "subprocess.Popen[bytes]":
    """Starts a server below a guard that ends it when this process ends, be it by SIGKILL.

    The server has a process group of its own, signals to the guard reach it, and the guard's exit
    code is the server's.

    Args:
        stop: the signal that asks the server to end.
        user: whose rights the server has, where root runs the tests.
    """
    words = [sys.executable, "-S", "-c", GUARD, str(int(stop)), user or "", *command]
    return subprocess.Popen(words, stdin=subprocess.PIPE, start_new_session=True, **options)


def kill(process: "subprocess.Popen[bytes]") -> None:
    """Ends a guarded server and all that it started, as a power cut does."""
    with suppress(psutil.NoSuchProcess, ProcessLookupError):
        for server in psutil.Process(process.pid).children():
            os.killpg(server.pid, signal.SIGKILL)
    if process.stdin is not None:
        process.stdin.close()
    process.wait()
