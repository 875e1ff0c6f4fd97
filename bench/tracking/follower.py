"""The process beside a run that exports what comes into the store, so that the run needs no MLflow.

The run starts it, tells it over its standard input where to export to and when it has ended, and
hears on its standard output, in lines of JSON, how that goes. It ends with the run.

Only `main`, before any thread, changes the environment: a process that another thread starts
meanwhile inherits an array that moves (OSError "Bad address" from exec).
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

from bench.storage.store import Store
from bench.tracking.connection import short_calls
from bench.tracking.export import Exporter, Target
from bench.tracking.observers import attempt
from bench.tracking.pending import Errand, deliver_pending
from bench.tracking.runs import one_line

EVERY = 5.0  # seconds between looks into the store: MLflow shows what happened that late
LONGEST_PAUSE = 30.0  # seconds between tries while the server is down
TURN = 0.05  # seconds between an ended run's looks at another's export; the run ends them


def serve(
    orders: Iterable[str], answers: TextIO, deserted: Callable[[], object] = lambda: None
) -> None:
    """Exports a list as it grows, after what others left, until the run has ended.

    Args:
        orders: first a JSON object with `store`, `pending`, `uri`, `experiment` and `artifacts`;
            another line says that nothing more comes in; their end, that the run is gone.
        answers: one JSON object per line: `problem` (why nothing is exported now, or ""), `refused`
            (what the server will never take, or cannot be shown), `done` (all is said); an empty
            one is a sign of life.
        deserted: called from another thread when the run is gone.
    """
    given = iter(orders)
    about: dict[str, str] = json.loads(next(given))
    say = partial(_say, answers)
    wake, closing = Event(), Event()

    def listen() -> None:
        for _ in given:
            closing.set()
            wake.set()
        deserted()

    Thread(target=listen, name="bench-orders", daemon=True).start()
    followed = _Following(about, say)
    pause = EVERY
    while True:
        last = closing.is_set()
        error = attempt(followed.go)
        problem = one_line(error) if error else followed.problem
        say(problem=problem, refused=[text for text in followed.refused if text != problem])
        if last and (error or followed.said is not None):
            break
        pause = min(2 * pause, LONGEST_PAUSE) if error else EVERY
        wake.wait(pause) if not last else Event().wait(TURN)
    if not error and followed.said:
        Path(about["pending"]).unlink(missing_ok=True)
        say(done=True)


class _Following:
    """The export of a living run's list; connects when the server answers."""

    def __init__(self, about: dict[str, str], say: "partial[None]") -> None:
        self._about, self._say, self._store = about, say, Store(about["store"])
        self._errand: Errand | None = None
        self._left: list[str] | None = None
        self.said: bool | None = False

    def go(self) -> None:
        if self._left is None:
            own = Path(self._about["pending"])
            left = deliver_pending(self._store, self._about["uri"], own)
            self._left = list(left.problems)
            self._say()
        if self._errand is None:
            where = {name: self._about[name] for name in ("uri", "experiment", "artifacts")}
            exporter = Exporter(self._store, Target(**where))
            self._errand = Errand(Path(self._about["pending"]), exporter)
            self._say()
        self.said = self._errand.go(self._say)

    @property
    def problem(self) -> str:
        return self._errand.exporter.runs.blocked if self._errand and self.said is False else ""

    @property
    def refused(self) -> list[str]:
        if self._errand is None:
            return self._left or []
        exporter = self._errand.exporter
        return [*(self._left or []), *exporter.runs.refused, *exporter.lost]


def _say(answers: TextIO, **found: object) -> None:
    answers.write(json.dumps(found) + "\n")
    answers.flush()


def main() -> None:
    """Serves the run that started it; only that decides when it ends."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):  # the last is POSIX's alone
        if number := getattr(signal, name, None):
            signal.signal(number, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever libraries print is no answer, and may name a password
    with short_calls():
        serve(sys.stdin, answers, partial(os._exit, 1))
