"""FanOut isolates observers from each other and lets wishes to stop through."""

import pytest

from bench.core.errors import StopRun
from bench.core.events import Event, Note, StageStarted
from bench.tracking.observers import attempt, fan_out

EVENT = StageStarted("cell", "recover", "a")


class Listening:
    def __init__(self) -> None:
        self.heard: list[Event] = []
        self.closed: list[str] = []

    def __call__(self, event: Event) -> None:
        self.heard.append(event)

    def close(self, status: str) -> None:
        self.closed.append(status)


class Raising(Listening):
    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error

    def __call__(self, event: Event) -> None:
        super().__call__(event)
        raise self.error


class RaisingAtClose(Listening):
    def close(self, status: str) -> None:
        raise OSError("disk full")


def test_events_reach_all_observers() -> None:
    observers = [Listening(), Listening()]
    fan_out(observers)(EVENT)
    assert [o.heard for o in observers] == [[EVENT], [EVENT]]


def test_raising_observer_is_said_once_closed_and_ignored() -> None:
    first, broken, last = Listening(), Raising(ValueError("bad\nworse")), Listening()
    emit = fan_out([first, broken, last])
    emit(EVENT)
    emit(EVENT)
    note = Note("observer Raising stopped after ValueError: bad; the run goes on")
    assert first.heard == [EVENT, note, EVENT]
    assert last.heard == [note, EVENT, EVENT]
    assert broken.heard == [EVENT]
    assert broken.closed == ["KILLED"]


def test_two_broken_observers_do_not_take_the_third() -> None:
    broken, healthy = [Raising(ValueError("a")), Raising(KeyError("b"))], Listening()
    fan_out([*broken, healthy])(EVENT)
    assert sum(isinstance(event, Note) for event in healthy.heard) == 2
    assert healthy.heard[-1] == EVENT


@pytest.mark.parametrize("wish", [StopRun("pruned"), KeyboardInterrupt()])
def test_wishes_to_stop_pass_through(wish: BaseException) -> None:
    with pytest.raises(type(wish)):
        fan_out([Raising(wish)])(EVENT)


def test_all_are_closed_even_if_one_cannot() -> None:
    first, last = Listening(), Listening()
    fan_out([first, RaisingAtClose(), last]).close("FAILED")
    assert (first.closed, last.closed) == (["FAILED"], ["FAILED"])
    assert "disk full" in str(first.heard)


def test_closing_goes_on_after_an_interrupt() -> None:
    class Interrupted(Listening):
        def close(self, status: str) -> None:
            raise KeyboardInterrupt

    first = Listening()
    with pytest.raises(KeyboardInterrupt):
        fan_out([first, Interrupted()]).close("KILLED")
    assert first.closed == ["KILLED"]


def test_attempt_returns_the_error_or_nothing() -> None:
    assert attempt(lambda: 1) is None
    assert isinstance(attempt(lambda: 1 / 0), ZeroDivisionError)
