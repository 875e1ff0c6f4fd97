"""Every command that the product prints exists with its options, and is run by a test."""

import ast
import csv
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from cli_runs import ADDED, ROOT, Bench, Invoke

from bench.cli.main import cli
from bench.storage.store import Store

BACKTICKS = re.compile(r"`bench ([^`]+)`")
BARE = re.compile(r"(?:^|: )bench ([a-z].*)")  # a whole text, or what follows a label
HOLE = "VALUE"  # stands for what is filled in
RUN_BY = {  # commands with holes -> the test that runs what is printed
    "run VALUE --profile VALUE VALUE": "cli/test_printed_commands.py::test_a_row_is_made_again",
    "data prepare VALUE": "cli/test_printed_commands.py::test_advice_on_data_that_is_not_prepared",
    "data prepare VALUE --download": "data/test_cifar.py::",  # there by a server of its own
    "uiVALUEVALUE (experiment VALUE)": "cli/test_ui_command.py::test_four_cells_stand_side_by_side",
    "score . --dataset VALUE": "cli/test_printed_commands.py::test_an_exported_set_is_scored",
}
UNSAID = {"track import VALUE", "run VALUE"}  # sources of MLflow's runs, no advice


def printed() -> Iterator[tuple[str, str]]:
    """(file, command) of every text of the product that holds one; holes are filled with VALUE."""
    for path in sorted([*ROOT.glob("bench/**/*.py"), *ROOT.glob("reports/**/*.py")]):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        silent = {id(p) for n in ast.walk(tree) if isinstance(n, ast.JoinedStr) for p in n.values}
        if "cli" not in path.parts:  # docstrings of commands are their help
            silent |= {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
        for node in ast.walk(tree):
            if id(node) in silent or not isinstance(node, ast.JoinedStr | ast.Constant):
                continue
            for command in commands_in(text_of(node)):
                if command not in UNSAID:
                    yield str(path.relative_to(ROOT)), command


def text_of(node: ast.JoinedStr | ast.Constant) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    return "".join(text_of(p) if isinstance(p, ast.Constant) else HOLE for p in node.values)


def commands_in(text: str) -> list[str]:
    joined = " ".join(text.split())
    return [c.strip() for c in (*BACKTICKS.findall(joined), *BARE.findall(joined))]


PRINTED = sorted({command for _, command in printed()})


def test_texts_are_searched_for_commands() -> None:
    assert "store gc --corrupt" in PRINTED
    assert commands_in("best: bench run x") == ["run x"]


@pytest.mark.parametrize("text", PRINTED)
def test_a_printed_command_exists_with_its_options(text: str) -> None:
    words = shlex.split(text.replace("uiVALUE", "ui VALUE"))
    found: click.Command = cli
    while isinstance(found, click.Group) and words:
        inner = found.get_command(click.Context(found), words.pop(0))
        assert inner is not None, text
        found = inner
    options = {name for p in found.params for name in (*p.opts, *p.secondary_opts)}
    assert {word.split("=")[0] for word in words if word.startswith("--")} <= options | {"--help"}


@pytest.mark.parametrize("text", [t for t in PRINTED if t.startswith(("store ", "data list"))])
def test_a_command_without_holes_runs(text: str, invoke: Invoke) -> None:
    ended = invoke(*shlex.split(text))
    assert ended.code == 0, ended.err


def test_a_command_with_holes_has_a_test_that_runs_it() -> None:
    holes = {text for text in PRINTED if HOLE in text}
    assert holes == RUN_BY.keys()
    for where in RUN_BY.values():
        file, _, name = where.partition("::")
        assert f"def {name or 'test_'}" in (ROOT / "tests" / file).read_text(encoding="utf-8")


def test_a_row_is_made_again(tiny_ran: Bench, bench: Bench, invoke: Invoke) -> None:
    """The commands of a report's rows find everything in the store that they were printed for."""
    (bench.folder / "my added.py").write_text(ADDED)
    words = ["run", "tiny.py", "--profile", "smoke", "--plugin", "my added.py", "--no-tracking"]
    ended = invoke(*words, "--store", str(tiny_ran.store), "--set", "wmdd.first_bn=1")
    assert ended.code == 0, ended.err
    (report,) = tiny_ran.store.glob("reports/tiny-smoke-*/report.csv")
    with report.open(newline="", encoding="utf-8") as lines:
        made = {row["command"] for row in csv.DictReader(lines)}
    before = tiny_ran.objects()
    for command in made:
        program, *printed_words = shlex.split(command)
        assert program == "bench"
        again = invoke(*printed_words, "--store", str(tiny_ran.store), "--no-tracking")
        assert again.code == 0, again.err
    assert tiny_ran.objects() == before


def test_advice_on_data_that_is_not_prepared(invoke: Invoke, tmp_path: Path) -> None:
    data = ("--data", str(tmp_path / "no data"))
    advised = invoke("data", "verify", "digits", *data)
    assert advised.code != 0
    (command,) = set(BACKTICKS.findall(advised.out + advised.err))
    assert invoke(*shlex.split(command), *data).code == 0
    assert invoke("data", "verify", "digits", *data).code == 0


def test_an_exported_set_is_scored(
    tiny_ran: Bench, invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command in an exported set's README, as far as it can be run in a second."""
    store = ("--store", str(tiny_ran.store))
    made = next(m for m in Store(tiny_ran.store).manifests() if m.stage == "recover")
    out = tmp_path / "a set"
    assert (
        invoke("export", made.address, "--dataset", "digits", "--out", str(out), *store).code == 0
    )
    (command,) = BACKTICKS.findall((out / "README.md").read_text(encoding="utf-8"))
    monkeypatch.chdir(out)
    ended = invoke(*shlex.split(command), "--check-only", "--teacher-check", "off", *store)
    assert ended.code == 0, ended.err
