"""The run's end of its delivery: starts the process that delivers, and hears how that goes."""

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from threading import Thread

from bench.tracking.outbox import Outbox

PATIENCE = 8.0  # seconds without progress after which a closing run stops waiting
LONGEST_WAIT = 20.0  # seconds that a closing run waits at most, where it has no more patience
PROGRAM = """\
import json, sys
sys.path[:] = json.loads(sys.argv.pop(1))
from bench.tracking.postman import main
main()
"""


class Dispatch:
    """The delivery of a living run's outbox by a process of its own.

    Attributes:
        problem: why nothing is delivered at present, "" if nothing is wrong.
        refused: why operations were refused, so far.
    """

    def __init__(self, outbox: Outbox) -> None:
        self.problem = ""
        self.refused: list[str] = []
        self._outbox = outbox
        self._started = self._closed = self._done = False
        self._progress = time.monotonic()
        self._process = start(outbox)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._orders, self._answers = self._process.stdin, self._process.stdout
        self._thread = Thread(target=self._listen, name="bench-tracking", daemon=True)
        self._thread.start()

    def close(self, patience: float = PATIENCE) -> bool:
        """Waits while there is progress; whether all was delivered. The rest stays for later."""
        self._closed = True
        self._order()
        begin = self._progress = time.monotonic()
        while self._thread.is_alive():
            self._thread.join(0.05)
            now = time.monotonic()
            calm = patience if self._started else LONGEST_WAIT
            if now - self._progress > calm or now - begin > max(patience, LONGEST_WAIT):
                self._process.kill()
                break
        self._end()
        return self._done

    def _order(self) -> None:
        """Tells the process that nothing more comes in; its input stays open while we live."""
        with suppress(OSError):  # it is gone, and its end is a problem already
            self._orders.write("close\n")
            self._orders.flush()

    def _end(self) -> None:
        """Gives up what was held for the process, once that is gone."""
        self._process.wait()
        with suppress(OSError):
            self._orders.close()
        self._thread.join()
        self._answers.close()
        self._outbox.release()

    def _listen(self) -> None:
        for line in self._answers:
            self._hear(json.loads(line))
        if not (self._done or self._closed):
            self.problem = "the process that delivers has ended"

    def _hear(self, found: dict[str, object]) -> None:
        self._started, self._progress = True, time.monotonic()
        self._done = self._done or bool(found.get("done"))
        self.problem = str(found.get("problem", self.problem))
        refused = found.get("refused")
        self.refused = [*map(str, refused)] if isinstance(refused, list) else self.refused


def start(outbox: Outbox) -> "subprocess.Popen[str]":
    """The process that delivers; it shares the lock of the outbox, and outlives no run."""
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, json.dumps(sys.path), str(outbox.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        pass_fds=(outbox.descriptor,),
        start_new_session=True,
    )
