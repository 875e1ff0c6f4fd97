"""Commands that take a study or run one get what was typed as one value each."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from bench.app.arguments import StudyArguments
from bench.app.running import RunOptions
from bench.cli.run_options import quiet_option, run_options
from bench.cli.study_arguments import study_options

Given = list[tuple[StudyArguments, RunOptions, bool]]


def typed(*words: str) -> tuple[StudyArguments, RunOptions, bool]:
    """What a command with all of the options, and one of its own, is called with."""
    seen: Given = []

    @click.command()
    @study_options
    @run_options
    @click.option("--own", is_flag=True)
    @quiet_option
    def command(arguments: StudyArguments, options: RunOptions, own: bool) -> None:
        seen.append((arguments, options, own))

    ended = CliRunner().invoke(command, words, env={"MLFLOW_TRACKING_URI": None})
    assert ended.exit_code == 0, ended.output
    (found,) = seen
    return found


def test_every_word_arrives_in_its_field() -> None:
    words = "mine.py --scale smoke --set ipc=1 --set seeds=2 --plugin a.py --store s --data d"
    more = "--device cpu --tracking-uri u --workers 2 --join --log-model --no-tracking -q --own"
    assert typed(*words.split(), *more.split()) == (
        StudyArguments("mine.py", "smoke", ("ipc=1", "seeds=2"), ("a.py",), "s", "d"),
        RunOptions("cpu", "u", track=False, quiet=True, workers=2, join=True, log_model=True),
        True,
    )


def test_what_is_not_typed_has_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DDBENCH_STORE", raising=False)
    monkeypatch.setenv("DDBENCH_DATA", "~/images")
    arguments, options, own = typed("ablation")
    assert arguments == StudyArguments("ablation", data="~/images")
    assert arguments.data_root == Path.home() / "images"
    assert (options, own) == (RunOptions(), False)
