"""A host for the export that is a thread of the test, which has imported MLflow already."""

from queue import Queue
from threading import Thread

from bench.tracking.follower import serve


class Lines(Queue[str]):
    """A pipe of lines; an empty one is its end."""

    def __iter__(self) -> "Lines":
        return self

    def __next__(self) -> str:
        line = self.get()
        if not line:
            raise StopIteration
        return line

    def write(self, text: str) -> None:
        self.put(text)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        self.put("")


class ThreadHost:
    """What `mlflow_log.start` gives, without a process."""

    def __init__(self) -> None:
        self.stdin, self.stdout = Lines(), Lines()
        self._thread = Thread(target=self._work, name="bench-tracking", daemon=True)
        self._thread.start()

    def _work(self) -> None:
        serve(self.stdin, self.stdout)  # type: ignore[arg-type]
        self.stdout.close()

    def kill(self) -> None:
        self.stdout.close()

    def wait(self) -> None:
        pass
