"""A process is called dead only if that is certain."""

import subprocess
import sys

from bench.tracking import owner

CODE = "from bench.tracking import owner; print(owner.process())"


def ended() -> str:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_this_process_is_alive() -> None:
    assert not owner.dead(owner.host(), owner.process())


def test_an_ended_process_is_dead() -> None:
    assert owner.dead(owner.host(), ended())


def test_a_process_number_that_was_given_anew_is_dead() -> None:
    number, started, space = owner.process().split("@")
    assert owner.dead(owner.host(), f"{number}@{float(started) - 100:.2f}@{space}")


def test_processes_elsewhere_may_live() -> None:
    text = ended()
    assert not owner.dead("another-host", text)
    assert not owner.dead(owner.host(), text.replace(text.split("@")[2], "pid:[1]"))
    assert not owner.dead(owner.host(), "nonsense")
