"""The process that delivers a living run's outbox, so that MLflow costs the run itself nothing.

The run starts it (`bench.tracking.dispatch`), says on its standard input when it has ended, and
hears on its standard output, in lines of JSON, how the delivery goes. It ends with the run.
"""

import json
import os
import signal
import sys
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import TextIO

from bench.tracking.connection import short_calls
from bench.tracking.courier import Courier, one_line
from bench.tracking.delivery import deliver_pending
from bench.tracking.observers import attempt

EVERY = 5.0  # seconds between looks into the outbox: a run shows what happened that late
LONGEST_PAUSE = 30.0  # seconds between tries while the store is down


def serve(
    path: Path, orders: Iterable[str], answers: TextIO, deserted: Callable[[], object]
) -> None:
    """Delivers what comes into an outbox until it is told to finish, after what others left behind.

    Args:
        path: the outbox; removed in the end where all is delivered.
        orders: a line says that nothing more comes in; its end, that the run is gone.
        answers: one JSON object per line: `problem` (why nothing is delivered now, or ""),
            `refused` (what the store will never take), `done` (all is delivered); an empty one is
            a sign of life.
        deserted: called from another thread when the run is gone.
    """
    say = partial(_say, answers)
    wake, closing = Event(), Event()

    def listen() -> None:
        for _ in orders:
            closing.set()
            wake.set()
        deserted()

    Thread(target=listen, name="bench-orders", daemon=True).start()
    courier, pause = Courier(path, say), EVERY
    with short_calls():
        attempt(partial(deliver_pending, path.parent.parent))
        while True:
            last = closing.is_set()
            error = attempt(courier.deliver)
            say(problem=one_line(error) if error else "", refused=courier.refused)
            if last:
                break
            pause = min(2 * pause, LONGEST_PAUSE) if error else EVERY
            wake.wait(pause)
    if not error and not courier.reader.pending:
        courier.reader.discard()
        say(done=True)


def _say(answers: TextIO, **found: object) -> None:
    answers.write(json.dumps(found) + "\n")
    answers.flush()


def main() -> None:
    """Serves the outbox on the command line; only the run decides when it ends."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever libraries print is no answer
    serve(Path(sys.argv[1]), sys.stdin, answers, partial(os._exit, 1))
