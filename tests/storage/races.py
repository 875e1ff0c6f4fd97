"""Scripts of many processes that want one artifact.

The scripts fork, so that torch is imported once; every wait is for a fact, not for a time.
"""

import os
import subprocess
import sys
from pathlib import Path

from waiting import LIMIT

PROJECT = Path(__file__).parents[2]


def run(script: str, *arguments: object) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", script, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(PROJECT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


COMMON = """
import os, signal, sys, time
from pathlib import Path

root = Path(sys.argv[1])

def log(text):
    with open(root / "log", "a") as file:
        file.write(text + "\\n")

def until(fact):
    end = time.monotonic() + 240
    while not fact():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)

def lines(text):
    found = (root / "log").read_text().splitlines() if (root / "log").exists() else []
    return [line for line in found if line.startswith(text)]

def child(work):
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            sys.stdout.flush()
            os._exit(code)
    return pid

def reap(pids):
    for pid in pids:
        assert os.waitpid(pid, 0)[1] == 0
"""


STORE = """
import torch
from bench.artifacts.values import ClassMeans
from bench.storage.store import ArtifactSpec, Store

store = Store(root / "store")
spec = ArtifactSpec("ab" * 16, "means", ClassMeans, label="digits")

def want(make):
    made = store.get_or_make(spec, make, on_wait=lambda text: log(f"waiting {text}"))
    assert float(made.artifact.means.sum()) == 3
    log(f"got hit={made.hit}")

def make():
    log("made")
    return ClassMeans(torch.ones(3))
"""
