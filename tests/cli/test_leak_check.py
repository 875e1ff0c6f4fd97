"""Leaks become warnings of the report, read once from the artifacts."""

from pathlib import Path

import pytest
import torch

from bench.app.arguments import StudyArguments
from bench.app.leak_check import RECORDS, leak_warnings
from bench.app.session import Session, open_session
from bench.artifacts.values import SyntheticSet
from bench.core.events import silent
from bench.data.load import load
from bench.execution.workshop import Workshop

LEAKY = '''
"""Takes its images from the test split. Source: a test."""
from dataclasses import dataclass
from pathlib import Path
import torch
from bench import RealSet, SyntheticSet, distiller
from bench.data.builtin import get_dataset
from bench.data.load import load

@dataclass(frozen=True)
class Leaky:
    needs: tuple[type, ...] = (RealSet,)
    def distill(self, reference, budget, rng, emit):
        test = load(get_dataset("digits"), "test", Path({root!r}))
        chosen = torch.stack([torch.nonzero(test.labels == k).flatten()[0] for k in range(10)])
        images = test.images[chosen].clone()
        images[3] = 0
        one = torch.ones(10)
        return SyntheticSet(images, torch.arange(10), torch.zeros(10, dtype=torch.long), one, 1)

@distiller("leaky")
def leaky():
    """The first test image of each class."""
    return Leaky()
'''
STUDY = """
from bench.study.grid import Row, Study
STUDY = Study("leaks", "Leaks", (Row("leaky", "leaky"), Row("sound", "random")), seeds=(0,))
"""


@pytest.fixture(scope="module")
def session(data_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Session:
    folder = tmp_path_factory.mktemp("leaks")
    (folder / "leaky.py").write_text(LEAKY.replace("{root!r}", repr(str(data_root))))
    (folder / "study.py").write_text(STUDY)
    arguments = StudyArguments(
        str(folder / "study.py"),
        "smoke",
        plugins=[str(folder / "leaky.py")],
        store=str(folder / "store"),
        data=str(data_root),
    )
    found = open_session(arguments)
    shop = Workshop(found.store, data_root, torch.device("cpu"), silent)
    for cell in found.plan.cells:
        shop.artifact(cell, cell.synthetic, SyntheticSet)
    return found


def test_copied_test_images_and_dead_ones_are_told(session: Session) -> None:
    warnings = leak_warnings(session)
    assert len(warnings) == 2
    assert "leaky, digits, IPC 1: 1 of 10 images are of a single colour." in warnings
    assert any("9 of 355 test images have a near-duplicate" in line for line in warnings)


def test_test_images_are_read_once(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    first = leak_warnings(session)
    assert len(session.store.records(RECORDS)) == 2
    monkeypatch.setattr("bench.data.load.load", load_refused)
    assert leak_warnings(session) == first


def load_refused(*_: object) -> None:
    raise AssertionError(f"{load.__name__} was called again")
