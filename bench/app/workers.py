"""Other processes of this machine that do part of a command's work."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager


class Worker:
    """A process of the same program; it ends with the block."""

    def __init__(self, words: Sequence[str], threads: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.cli.main", *words],
            env={**os.environ, "OMP_NUM_THREADS": str(threads)},
        )

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
    """Workers for the length of a block; a block that ends well waits for them.

    Cores are shared out: more threads than cores make two processes slower than one.
    """
    if not commands:
        yield
        return
    import torch

    before = torch.get_num_threads()
    threads = max(1, before // (1 + len(commands)))
    torch.set_num_threads(threads)
    with ExitStack() as stack:
        stack.callback(torch.set_num_threads, before)
        started = [stack.enter_context(Worker(words, threads)) for words in commands]
        yield
        for worker in started:
            worker.wait()
