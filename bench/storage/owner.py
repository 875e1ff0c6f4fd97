"""Owners: which process a lock, a folder, a trial or a run belongs to, and whether it lives."""

import os
import socket
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from uuid import uuid4


@dataclass(frozen=True)
class Owner:
    """A process as others see it.

    Attributes:
        host: name for people.
        machine: hash of host, boot and process namespace; pids compare only where it is equal.
        started: start time of the process, which tells it from a later one with its pid.
        token: distinguishes the locks of one process.
    """

    host: str
    machine: str
    pid: int
    started: str
    token: str

    @property
    def name(self) -> str:
        """A file name that `owner_named` reads back."""
        return "-".join((self.machine, str(self.pid), self.started, self.token))

    def gone(self) -> bool | None:
        """Whether the process has ended; None where this machine cannot know."""
        if self.machine != machine():
            return None
        return started(self.pid) != self.started


def this_process() -> Owner:
    """This process, with a token of its own at each call."""
    pid = os.getpid()
    return Owner(host(), machine(), pid, started(pid) or "", uuid4().hex[:12])


def owner_named(name: str) -> Owner | None:
    """The owner in a file name, or None where there is none."""
    parts = name.split("-")
    if len(parts) != 4 or not parts[1].isdigit():
        return None
    return Owner("", parts[0], int(parts[1]), parts[2], parts[3])


def ended(name: str) -> bool:
    """Whether the process of a name certainly ended; one of another machine may be alive."""
    owner = owner_named(name)
    return owner is not None and owner.gone() is True


def host() -> str:
    """The name of this machine."""
    return socket.gethostname() or "localhost"


@cache
def machine() -> str:
    """Eight hex digits that differ where a pid of here would mean another process."""
    parts = [socket.gethostname()]
    boot, namespace = Path("/proc/sys/kernel/random/boot_id"), "/proc/self/ns/pid"
    parts += [boot.read_text().strip()] if boot.is_file() else []
    parts += [os.readlink(namespace)] if os.path.islink(namespace) else []
    return sha256("\n".join(parts).encode()).hexdigest()[:8]


def started(pid: int) -> str | None:
    """When a process of this machine started, in units of its own; None where it has ended."""
    if Path("/proc/self/stat").is_file():
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            return None
        state, *fields = stat.rpartition(")")[2].split()
        return None if state in "ZX" else fields[18]  # Z and X have ended, but nobody asked yet
    import psutil

    try:
        process = psutil.Process(pid)
        ended = process.status() == psutil.STATUS_ZOMBIE
        return None if ended else str(round(process.create_time()))
    except psutil.NoSuchProcess:
        return None
