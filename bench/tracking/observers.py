"""Observers and the fan-out that keeps a broken one from the run and from the others."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Protocol

from bench.core.errors import StopRun
from bench.core.events import Event, Note


class Observer(Protocol):
    """Hears events; may raise StopRun to end the run, and nothing else that matters."""

    def __call__(self, event: Event) -> None: ...

    def close(self, status: str) -> None:
        """Ends the observation as FINISHED, FAILED or KILLED; called once, after the last event."""


class FanOut:
    """Passes every event to every observer, in their order.

    An observer that raises is reported once to the others, as a Note, and hears nothing more.
    StopRun and KeyboardInterrupt pass through to the run.
    """

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observers = list(observers)

    def __call__(self, event: Event) -> None:
        for observer in self._observers:
            error = attempt(partial(observer, event))
            if error is not None:
                self._drop(observer, error)

    def close(self, status: str) -> None:
        """Closes the observers in reverse order, so that the last words of one are still heard."""
        with ExitStack() as stack:  # an interrupt while one closes does not keep the others open
            for observer in tuple(self._observers):
                stack.callback(self._close, observer, status)

    def _close(self, observer: Observer, status: str) -> None:
        error = attempt(partial(observer.close, status))
        if error is not None:
            self._drop(observer, error)

    def _drop(self, observer: Observer, error: Exception) -> None:
        if observer not in self._observers:  # it broke again while the others were told
            return
        self._observers = [o for o in self._observers if o is not observer]
        attempt(partial(observer.close, "KILLED"))
        cause = f"{type(error).__name__}: {error}".splitlines()[0]
        self(Note(f"observer {type(observer).__name__} stopped after {cause}; the run goes on"))


def fan_out(observers: Sequence[Observer]) -> FanOut:
    """One observer made of several; each is isolated from the faults of the others."""
    return FanOut(observers)


def attempt(call: Callable[[], object]) -> Exception | None:
    """What a call raised, or None; the one place where any error of an observer is caught."""
    try:
        call()
    except StopRun:
        raise
    except Exception as error:
        return error
    return None
