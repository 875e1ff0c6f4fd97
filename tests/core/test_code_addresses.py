"""Plugins' code is in the address: comments hit, edits miss, wherever they are made."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from planning import addresses, moved, plan_of, study_of

from bench.plugin.discovery import load_file
from bench.plugin.registry import forget
from bench.study.grid import Row

DISTILLER = '''
"""Source: a test."""
from bench import distiller
from edited_helper import needs_of
from methods.real import RandomSubset

@distiller("edited")
def edited():
    """A random subset."""
    return RandomSubset(needs_of())
'''
HELPER = """
from bench import RealSet

def needs_of():
    return (RealSet,)
"""
EVALUATOR = '''
"""Source: a test."""
from bench import evaluator
from evaluators.fkd import StoredLabels

@evaluator("edited-judge")
def judge():
    """FKD."""
    return StoredLabels()
'''
STUDY = study_of(Row("a", "edited"), evaluator="edited-judge")
Edit = Callable[[str, str, str], set[str]]


@pytest.fixture
def edit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Edit]:
    """Replaces text in a plugin's file and returns the stages whose addresses moved."""
    files = {
        "edited_plugin": DISTILLER,
        "edited_helper": HELPER,
        "edited_judge": EVALUATOR,
        "bystander": "x = 1\n",
    }
    folder = tmp_path.resolve()
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(folder)
    for name in ("edited_plugin", "edited_judge"):
        load_file(folder / f"{name}.py")

    def change(name: str, old: str, new: str) -> set[str]:
        (before,) = plan_of(STUDY).cells
        assert old in files[name]
        (folder / f"{name}.py").write_text(files[name].replace(old, new))
        (after,) = plan_of(STUDY).cells
        return moved(addresses(before), addresses(after))

    yield change
    for name in ("edited_plugin", "edited_judge"):
        forget(folder / f"{name}.py")


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("edited_plugin", "\n@distiller", "\n# why it is done so\n@distiller"),
        ("edited_plugin", '"""A random subset."""', '"""Some images."""'),
        ("edited_plugin", "RandomSubset(needs_of())", "RandomSubset(\n        needs_of()\n    )"),
        ("edited_helper", "\ndef", "\n\n# a remark\ndef"),
        ("bystander", "x = 1", "x = 2"),
    ],
    ids=["comment", "docstring", "formatting", "comment of a helper", "file that is not imported"],
)
def test_edit_that_changes_no_code_hits(name: str, old: str, new: str, edit: Edit) -> None:
    assert edit(name, old, new) == set()


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("edited_plugin", "RandomSubset(needs_of())", "RandomSubset(needs_of()[:1])"),
        ("edited_helper", "return (RealSet,)", "return tuple([RealSet])"),
    ],
    ids=["plugin", "helper"],
)
def test_edit_of_a_distiller_moves_it_and_what_follows(
    name: str, old: str, new: str, edit: Edit
) -> None:
    assert edit(name, old, new) == {"recover", "relabel", "evaluate"}


def test_edit_of_an_evaluator_moves_the_score_alone(edit: Edit) -> None:
    assert edit(
        "edited_judge", "return StoredLabels()", "return StoredLabels(higher_is_better=True)"
    ) == {"evaluate"}
