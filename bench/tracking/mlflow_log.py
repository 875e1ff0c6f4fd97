"""The observer for MLflow: writes down what happens, and has a process of its own export it."""

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from threading import Thread

from bench.core.events import Emit, Event, Note, Step, StudyStarted, silent
from bench.core.public import public
from bench.storage.progress import seconds_in
from bench.storage.store import Store
from bench.tracking.layout import experiment_name
from bench.tracking.machine import LoadSampler
from bench.tracking.recorder import Recorder
from bench.tracking.tracker import Tracker

VARIABLE, PATIENCE = "DDBENCH_TRACKING_WAIT", 8.0  # seconds that a run waits without progress
LONGEST_WAIT = 20.0  # seconds that a closing run waits at most, where it has no more patience
PROGRAM = """\
import json, sys
sys.path[:] = json.loads(sys.argv.pop(1))
from bench.tracking.follower import main
main()
"""


class MlflowObserver:
    """Records a study, and says once where its export does not get on; it never waits for that.

    Args:
        tracker: where to export to.
        store: where to record.
        say: hears a Note when the server is down or refuses something, each once.
        code: folder of the code whose git state is recorded; None for bench's own.
        patience: seconds without progress that `close` waits for a slow server; by default what
            DDBENCH_TRACKING_WAIT says, else 8.

    Raises:
        BadValue: the variable is no number of seconds.
    """

    def __init__(
        self,
        tracker: Tracker,
        store: Store,
        say: Emit = silent,
        code: Path | None = None,
        patience: float | None = None,
    ) -> None:
        self._tracker, self._store, self._say = tracker, store, say
        usual = seconds_in(VARIABLE, PATIENCE, "seconds that a run waits for its last exports")
        self._code, self._patience = code, usual if patience is None else patience
        self._said: set[str] = set()
        self._recorder: Recorder | None = None
        self._follower: Follower | None = None
        self._load: LoadSampler | None = None

    def __call__(self, event: Event) -> None:
        if self._recorder is not None:
            self._recorder(event)
            if not isinstance(event, Step):
                self._report()
        elif isinstance(event, StudyStarted):
            self._begin(event)

    def _begin(self, event: StudyStarted) -> None:
        tracker, folder = self._tracker, self._store.local_folder("tracking")
        recorder = self._recorder = Recorder(tracker, self._store, self._code)
        pending = recorder.begin(event)
        about = {
            "store": self._store.root,
            "pending": str(pending),
            "uri": tracker.uri,
            "experiment": tracker.experiment or experiment_name(event.study),
            "artifacts": tracker.artifact_root(folder),
        }
        self._follower = Follower(about)
        if tracker.system_metrics:
            self._load = LoadSampler(recorder.load, tracker.system_metrics)

    @property
    def problem(self) -> str:
        """Why nothing is exported at present, "" if nothing is wrong."""
        return self._follower.problem if self._follower else ""

    def close(self, status: str) -> None:
        """Writes the end down and waits a few seconds for the last exports."""
        if self._recorder is None or self._follower is None:
            return
        recorder, self._recorder = self._recorder, None
        if self._load is not None:
            self._load.close()
        recorder.close(status)
        done = self._follower.close(self._patience)
        self._report()
        if not done and "down" not in self._said:
            self._note("is slow")

    def _report(self) -> None:
        follower = self._follower
        assert follower is not None
        if follower.problem and "down" not in self._said:
            self._note(f"does not take records now ({follower.problem})")
        for text in follower.refused:
            if text not in self._said:
                self._said.add(text)
                self._say(Note(f"tracking: {text}"))

    def _note(self, what: str) -> None:
        self._said.add("down")
        self._say(
            Note(
                f"tracking: {public(self._tracker.uri)} {what}; the run goes on, its records are "
                f"kept in {self._store.root} and delivered by the next bench command"
            )
        )


class Follower:
    """The run's end of the process beside it.

    Attributes:
        problem: why nothing is exported at present, "" if nothing is wrong.
        refused: what was refused or cannot be shown, so far.
    """

    def __init__(self, about: dict[str, str]) -> None:
        self.problem = ""
        self.refused: list[str] = []
        self._started = self._closed = self._done = False
        self._progress = time.monotonic()
        self._process = start()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._orders, self._answers = self._process.stdin, self._process.stdout
        self._order(json.dumps(about))
        self._thread = Thread(target=self._listen, name="bench-tracking", daemon=True)
        self._thread.start()

    def close(self, patience: float) -> bool:
        """Waits while there is progress; whether all is exported. The rest stays for later."""
        self._closed = True
        self._order("close")
        begin = self._progress = time.monotonic()
        longest = max(patience, LONGEST_WAIT)
        while self._thread.is_alive():
            self._thread.join(0.05)
            now = time.monotonic()
            calm = patience if self._started else longest
            if now - self._progress > calm or now - begin > longest:
                self._process.kill()
                break
        self._process.wait()
        with suppress(OSError):
            self._orders.close()
        self._thread.join()
        self._answers.close()
        return self._done

    def _order(self, line: str) -> None:
        """Tells the process something; its input stays open while we live."""
        with suppress(OSError):  # it is gone, and its end is a problem already
            self._orders.write(f"{line}\n")
            self._orders.flush()

    def _listen(self) -> None:
        for line in self._answers:
            found = json.loads(line)
            self._started, self._progress = True, time.monotonic()
            self._done = self._done or bool(found.get("done"))
            self.problem = str(found.get("problem", self.problem))
            self.refused = [*map(str, found.get("refused", self.refused))]
        if not (self._done or self._closed):
            self.problem = "the process that delivers has ended"


def start() -> "subprocess.Popen[str]":
    """The process that exports; what it is told, passwords too, is in no list of processes."""
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, json.dumps(sys.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # MLflow prints addresses; what goes wrong is an answer
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        start_new_session=True,
    )
