"""Stores that command-line tests share, and the command line in this process."""

import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cli_runs import TINY, Bench, Ended, Invoke


@pytest.fixture(scope="session")
def new_bench(data_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Bench]:
    """Makes an empty store beside a copy of the tiny study, `tiny.py`."""

    def make() -> Bench:
        folder = tmp_path_factory.mktemp("cli")
        (folder / "tiny.py").write_text(TINY)
        return Bench(folder, data_root, folder / "store")

    return make


@pytest.fixture
def bench(new_bench: Callable[[], Bench]) -> Bench:
    return new_bench()


@pytest.fixture(scope="session")
def tiny_ran(new_bench: Callable[[], Bench]) -> Bench:
    """The tiny study, run without interruption."""
    made = new_bench()
    ended = made.run("run", "tiny.py", "--profile", "smoke", "--no-tracking")
    assert ended.code == 0, ended.err
    return made


@pytest.fixture
def invoke(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Invoke]:
    """Runs a command in this process, as its `main` does; for commands that compute nothing."""
    from bench.cli.main import main

    monkeypatch.chdir(bench.folder)
    for name, value in bench.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    terminated = signal.getsignal(signal.SIGTERM)

    def call(*args: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["bench", *args])
        capsys.readouterr()
        code: object = 0
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
        out, err = capsys.readouterr()
        assert isinstance(code, int)
        return Ended(code, out, err)

    yield call
    signal.signal(signal.SIGTERM, terminated)
