"""A host for the delivery that is a thread of the test, which has imported MLflow already."""

from queue import Queue
from threading import Thread

from bench.tracking.outbox import Outbox
from bench.tracking.postman import serve


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
    """What `dispatch.start` gives, without a process."""

    def __init__(self, outbox: Outbox) -> None:
        self.stdin, self.stdout = Lines(), Lines()
        self._thread = Thread(target=self._work, args=(outbox,), name="bench-tracking", daemon=True)
        self._thread.start()

    def _work(self, outbox: Outbox) -> None:
        serve(outbox.path, self.stdin, self.stdout, lambda: None)  # type: ignore[arg-type]
        self.stdout.close()

    def kill(self) -> None:
        self.stdout.close()

    def wait(self) -> None:
        pass
