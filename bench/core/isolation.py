"""Importing code of others: whatever it raises is its own fault, unless the user pressed Ctrl-C."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from bench.core.errors import BenchError, BrokenPlugin

STOPPING = (signal.SIGINT, signal.SIGTERM)
SHOWN = 300  # characters of an error that the one line holds


@contextmanager
def isolated(what: str) -> Iterator[None]:
    """Turns what ends an import, `SystemExit` and `KeyboardInterrupt` included, into one line.

    Raises:
        BrokenPlugin: in place of anything that is raised in the block.
        BenchError: raised in the block, as it is.
        KeyboardInterrupt: a signal asked the process to stop meanwhile.
    """
    with _hearing_signals() as heard:
        try:
            yield
        except BenchError:
            raise
        except BaseException as error:
            if heard is None and isinstance(error, KeyboardInterrupt):
                raise  # nobody can tell who raised it
            if heard:
                raise
            raise BrokenPlugin(f"{what} failed to import: {described(error)}") from error


def described(error: BaseException) -> str:
    """Kind and text of an error on one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}"[:SHOWN]


@contextmanager
def _hearing_signals() -> Iterator[list[int] | None]:
    """The signals to stop that came during a block; their handlers run as before.

    None in threads other than the main one, where handlers cannot be set.
    """
    if threading.current_thread() is not threading.main_thread():
        yield None
        return
    heard: list[int] = []
    before = {number: signal.getsignal(number) for number in STOPPING}

    def hear(number: int, frame: FrameType | None) -> None:
        heard.append(number)
        handler = before[signal.Signals(number)]
        assert callable(handler)
        handler(number, frame)

    replaced = {number: old for number, old in before.items() if callable(old)}
    for number in replaced:
        signal.signal(number, hear)
    try:
        yield heard
    finally:
        for number, old in replaced.items():
            signal.signal(number, old)
