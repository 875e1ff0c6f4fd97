"""Whether the process behind a lock or a folder still lives."""

import os
import subprocess
import sys
from dataclasses import replace

from bench.storage.owner import ended, machine, owner_named, started, this_process


def test_this_process_lives() -> None:
    assert this_process().gone() is False
    assert started(os.getpid()) == started(os.getpid())


def test_each_call_has_a_token_of_its_own() -> None:
    assert this_process().token != this_process().token


def test_a_process_that_ended_is_gone_before_and_after_it_is_asked() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    owner = replace(this_process(), pid=child.pid, started=started(child.pid) or "")
    assert owner.gone() is False
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # it is a zombie now
    assert owner.gone() is True
    child.communicate()
    assert owner.gone() is True


def test_a_later_process_of_the_same_pid_is_another() -> None:
    assert replace(this_process(), started="1").gone() is True


def test_nothing_is_known_of_processes_elsewhere() -> None:
    assert replace(this_process(), machine="00000000").gone() is None


def test_only_what_certainly_ended_is_called_so() -> None:
    code = "from bench.storage.owner import this_process; print(this_process().name)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    name = done.stdout.strip()
    assert ended(name)
    assert not ended(this_process().name)
    assert not ended(name.replace(machine(), "00000000"))  # its machine is not this one
    assert not ended("nonsense")
    assert not ended("")


def test_names_of_owners_are_read_back() -> None:
    owner = replace(this_process(), host="")
    assert owner_named(owner.name) == owner
    assert owner.machine == machine()
    assert owner_named("report") is None
    assert owner_named("a-b-c-d") is None
