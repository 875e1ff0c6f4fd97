"""Which process owns a run, so that runs of dead processes can be told from living ones."""

import os
import platform

import psutil

CLOCK = 2.0  # seconds that the reported start of a process may drift with the clock


def host() -> str:
    """The name of this machine."""
    return platform.node() or "localhost"


def process() -> str:
    """This process as `pid@start@namespace`, unique on its machine."""
    return f"{os.getpid()}@{psutil.Process().create_time():.2f}@{_namespace()}"


def dead(machine: str, text: str) -> bool:
    """Whether a process certainly ended; one of another machine or container may be alive."""
    parts = text.split("@")
    if machine != host() or len(parts) != 3 or parts[2] != _namespace() or not parts[0].isdigit():
        return False
    try:
        found = psutil.Process(int(parts[0]))
        started, ended = found.create_time(), found.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
    except psutil.AccessDenied:
        return False
    return bool(ended or abs(started - float(parts[1])) > CLOCK)


def _namespace() -> str:
    """The process namespace: two containers may share a host name but not this."""
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return "-"
