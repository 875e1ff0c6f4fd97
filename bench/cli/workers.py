"""Other processes of this machine that do part of a command's work."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager


class Worker:
    """A process of the same program; it ends with the block."""

    def __init__(self, words: Sequence[str]) -> None:
        self._process = subprocess.Popen([sys.executable, "-m", "bench.cli.main", *words])

    def __enter__(self) -> "Worker":
        return self

    def wait(self) -> None:
        self._process.wait()

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.terminate()
        self._process.wait()


@contextmanager
def workers(commands: Sequence[Sequence[str]]) -> Iterator[None]:
    """Workers for the length of a block; a block that ends well waits for them."""
    with ExitStack() as stack:
        started = [stack.enter_context(Worker(words)) for words in commands]
        yield
        for worker in started:
            worker.wait()
