"""What the documentation shows works: its code runs, its commands, options and links exist."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest
import torch
from shown import FENCE, written
from shown import blocks as code

from bench import Budget, ClassMeans, RealSet, Reference, View
from bench.app.checking import check_plugin
from bench.app.session import find_source
from bench.cli.main import COMMANDS, cli
from bench.core.events import CellFailed, CellFinished, Note, silent
from bench.plugin.discovery import load_file
from bench.plugin.registry import forget
from bench.tracking.observers import fan_out

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


def commands() -> list[list[str]]:
    """Every `bench ...` line of a shell block, and every `bench ...` in a table or a sentence."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        shell = [line for kind, body in FENCE.findall(text) if kind == "bash" for line in
                 body.replace("\\\n", " ").splitlines()]  # fmt: skip
        spoken = re.findall(r"`([^`\n]+)`", FENCE.sub("", text))
        found += [shlex.split(line, comments=True) for line in shell + spoken if "bench " in line]
    return [words for words in found if words and words[0] == "bench"]


def real_set() -> RealSet:
    images = torch.arange(6 * 4, dtype=torch.uint8).reshape(6, 1, 2, 2)
    labels = torch.tensor([0, 0, 0, 1, 1, 1])
    return RealSet("tiny", images, labels, ("a", "b"), 2, (0.5,), (0.5,), "digest")


def test_the_distiller_of_the_readme_makes_a_synthetic_set(tmp_path: Path) -> None:
    plugin = tmp_path / "averages.py"
    plugin.write_text(code("README.md", "python")[0], encoding="utf-8")
    try:
        (entry,) = load_file(plugin)
        budget = Budget(ipc=2, num_classes=2, shape=(1, 2, 2), mean=(0.5,), std=(0.5,))
        made = entry.factory(count=3).distill(
            Reference.of(real_set()), budget, torch.Generator().manual_seed(0), silent
        )
    finally:
        forget(plugin)
    assert made.images.shape == (4, 1, 2, 2)
    assert made.labels.tolist() == [0, 0, 1, 1]
    # Means of images of one class stay between the darkest and the brightest of that class.
    assert made.images[:2].max() <= 11
    assert made.images[2:].min() >= 12


@pytest.mark.parametrize(
    ("page", "block"),
    [
        ("README.md", 0),
        ("CONTRIBUTING.md", 0),
        ("CONTRIBUTING.md", 1),
        ("docs/evaluators.md", 0),
        ("docs/data.md", 0),
    ],
)
def test_a_plugin_that_is_shown_holds_the_contract(
    page: str, block: int, tmp_path: Path, data_root: Path
) -> None:
    plugin = tmp_path / "shown.py"
    plugin.write_text(code(page, "python")[block], encoding="utf-8")
    (entry,) = load_file(plugin)
    checks = check_plugin(entry, lambda name: find_source(name, data_root), data_root)
    assert {check.name: check.detail for check in checks if not check.ok} == {}
    assert len(checks) >= 5


@pytest.mark.parametrize("name", ["smoothed.py", "stripes.py"])
def test_a_file_of_the_guide_holds_the_contract(name: str, tmp_path: Path, data_root: Path) -> None:
    (entry,) = load_file(written("CONTRIBUTING.md", tmp_path)[name])
    checks = check_plugin(entry, lambda name: find_source(name, data_root), data_root)
    assert {check.name: check.detail for check in checks if not check.ok} == {}
    assert len(checks) >= 5


@pytest.mark.slow
def test_the_package_of_the_guide_is_found_where_it_is_installed(tmp_path: Path) -> None:
    shown = written("CONTRIBUTING.md", tmp_path / "package")
    assert {"pyproject.toml", "stripes.py"} <= set(shown)
    place = tmp_path / "installed"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    where = ["--no-build-isolation", "--target", str(place), str(tmp_path / "package")]
    subprocess.run([*pip, *where], check=True, capture_output=True, text=True)
    ask = "from bench.cli.main import main; main()"
    path = os.pathsep.join([str(place), *sys.path])
    for words, answer in (
        (["show", "stripes"], "1 x 16 x 16"),
        (["plan", "table5", "--set", "dataset=stripes", "--profile", "smoke"], "x stripes x ipc"),
    ):
        said = subprocess.run(
            [sys.executable, "-c", ask, *words],
            check=True,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": path, "DDBENCH_DATA": str(tmp_path / "data")},
        )
        assert answer in said.stdout


def test_the_distiller_of_the_readme_is_as_short_as_it_says() -> None:
    body = code("README.md", "python")[0].split("\n\n\n", 1)[1]
    assert len([line for line in body.splitlines() if line.strip()]) <= 30


def test_the_study_of_the_readme_is_a_study() -> None:
    namespace: dict[str, object] = {}
    exec(code("README.md", "python")[1], namespace)
    assert [row.label for row in namespace["STUDY"].rows] == ["Averages", "WMDD", "Random"]


def test_the_loss_of_the_guide_is_zero_on_the_means(tmp_path: Path) -> None:
    plugin = tmp_path / "mean_match.py"
    plugin.write_text(code("CONTRIBUTING.md", "python")[0], encoding="utf-8")
    means = torch.tensor([[0.0, 1.0], [2.0, 3.0]])
    labels = torch.tensor([0, 1])
    try:
        (entry,) = load_file(plugin)
        loss = entry.factory().feature_loss
    finally:
        forget(plugin)
    reference = Reference.of(ClassMeans(means))
    for shift, expected in ((0.0, 0.0), (1.0, 4.0)):
        view = View(torch.zeros(2, 2), means + shift, (), labels, torch.zeros(2, dtype=torch.int64))
        assert loss(view, reference).item() == pytest.approx(expected)


def test_the_observer_of_the_docs_writes_a_line_for_each_cell(tmp_path: Path) -> None:
    namespace: dict[str, object] = {}
    exec(code("docs/observers.md", "python")[0], namespace)
    emit = fan_out([namespace["CsvObserver"](tmp_path / "cells.csv")])
    emit(CellFinished("WMDD · s0", "abc", {"top1": 0.5}, {}))
    emit(CellFailed("WMDD · s1", "def", "out of memory", {}))
    emit(Note("of no interest here"))
    emit.close("FAILED")
    lines = (tmp_path / "cells.csv").read_text(encoding="utf-8").splitlines()
    assert lines == ["WMDD · s0,abc,top1,0.5", "WMDD · s1,def,error,out of memory",
                     ",,status,FAILED"]  # fmt: skip
    assert len(code("docs/observers.md", "python")[0].splitlines()) <= 30


def test_the_documentation_names_commands_to_check() -> None:
    assert {words[1] for words in commands()} >= {"run", "plan", "report", "check", "data"}


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_and_option_exists(words: list[str]) -> None:
    assert words[1] in COMMANDS
    context = click.Context(cli)
    command = cli.get_command(context, words[1])
    if isinstance(command, click.Group) and len(words) > 2:
        command = command.get_command(context, words[2])
    assert command is not None
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word.split("=")[0] for word in words if word.startswith("--")} <= known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_between_files_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []
