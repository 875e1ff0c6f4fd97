"""Bad input ends with exit code 2 and one line that says what to do; no traceback, no file."""

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import hostile
import hostile_exchange
import hostile_options
import hostile_sets
import pytest
from cli_runs import TINY, Bench
from click.testing import CliRunner
from hostile import files

from bench.cli.main import cli
from bench.core.errors import BenchError

HIDDEN = {"{long}": "x" * 5000, "{nl}": "\n", "{esc}": "\x1b[2J", "{nul}": "\0"}
TABLES = (hostile, hostile_options, hostile_exchange, hostile_sets)
TABLE = [line for module in TABLES for line in module.TABLE]


@pytest.fixture(scope="module")
def place(data_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with everything that inputs name, as the current one; the data set is decoded."""
    from bench.app.session import find_source

    find_source("digits", data_root)
    folder = tmp_path_factory.mktemp("hostile")
    files(folder)
    hostile_sets.files(folder)
    (folder / "tiny.py").write_text(TINY)
    terminated = signal.getsignal(signal.SIGTERM)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("DDBENCH_STORE", str(folder / "store"))
        patch.setenv("DDBENCH_DATA", str(data_root))
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        yield folder
    signal.signal(signal.SIGTERM, terminated)


def listed(folder: Path) -> set[Path]:
    """Everything below a folder but the caches of the interpreter."""
    return {path for path in folder.rglob("*") if "__pycache__" not in path.parts}


def words_of(typed: str) -> list[str]:
    words = shlex.split(typed)
    for mark, text in HIDDEN.items():
        words = [word.replace(mark, text) for word in words]
    return words


@pytest.mark.parametrize(("typed", "message"), TABLE, ids=[typed for typed, _ in TABLE])
def test_it_is_refused_with_one_line(typed: str, message: str, place: Path) -> None:
    before = listed(place)
    ended = CliRunner().invoke(cli, words_of(typed))
    assert ended.exit_code == 2, (ended.output, ended.exception)
    assert isinstance(ended.exception, SystemExit)
    (line,) = ended.stderr.splitlines()
    assert line.startswith("error: ")
    assert message in line
    assert line.isprintable()
    assert ended.stdout == ""
    assert listed(place) == before


def test_the_set_is_large_and_has_every_command() -> None:
    from bench.cli.main import COMMANDS

    assert len({typed for typed, _ in TABLE}) >= 600
    assert {words_of(typed)[0] for typed, _ in TABLE} >= set(COMMANDS)


@pytest.mark.parametrize("group", [[], ["data"], ["store"], ["track"]])
def test_a_group_alone_shows_its_help(group: list[str], place: Path) -> None:
    ended = CliRunner().invoke(cli, group)
    assert ended.exit_code == 2
    assert ended.stderr.startswith("Usage: ")


def test_bytes_that_are_no_text_are_refused(place: Path) -> None:
    """As a shell passes them: undecodable bytes arrive as lone surrogates."""
    ended = CliRunner().invoke(cli, ["run", os.fsdecode(b"\xff\xfe")])
    assert ended.exit_code == 2
    assert ended.stderr.startswith("error: unknown study '\\udcff\\udcfe'")


def test_a_real_process_prints_one_line(bench: Bench) -> None:
    ended = bench.run("run", "ablatio")
    assert ended.code == 2
    assert ended.out == ""
    assert len(ended.err.splitlines()) == 1
    assert ended.err.startswith("error: unknown study 'ablatio' — did you mean 'ablation'?")


def test_a_reader_that_leaves_early_ends_it_quietly(bench: Bench) -> None:
    """As `bench list --json | head -1` does, of more text than a pipe holds."""
    script = "import sys; from bench.cli.main import cli; import click\n"
    script += "@cli.command('much')\ndef much(): click.echo('x' * 10_000_000)\n"
    script += "cli.resolve_command = lambda c, a: ('much', much, [])\ncli.main(['much'])\n"
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        env=bench.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    with process.stderr:
        assert process.stderr.read() == ""
    assert process.wait() == 1


def test_a_broken_plugin_is_listed_and_the_others_are_kept(place: Path) -> None:
    for file in ("broken.py", "exits.py", "interrupts.py", "number.py", "twice.py"):
        ended = CliRunner().invoke(cli, ["list", "distillers", "--plugin", file])
        assert ended.exit_code == 0
        lines = {line.split()[1]: line for line in ended.stdout.splitlines() if line}
        assert "BROKEN" in lines[file.removesuffix(".py")]
        assert "BROKEN" not in lines["wmdd"]


def test_what_a_user_cannot_mend_is_no_one_liner(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug must show its traceback; only errors that say what to do are folded."""

    def bug(*_: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("bench.study.catalog.load_study", bug)
    monkeypatch.setattr("bench.app.session.load_study", bug)
    ended = CliRunner().invoke(cli, ["plan", "ablation"])
    assert isinstance(ended.exception, ZeroDivisionError)
    assert not isinstance(ended.exception, BenchError)
