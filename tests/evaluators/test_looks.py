"""The look audit trains the student of fkd and says what other choices of its epoch would give."""

from pathlib import Path

import pytest
import torch

from bench import Reference
from bench.app.checking import check_plugin
from bench.app.session import find_source
from bench.app.split_reads import watched
from bench.artifacts.labels import Score, SoftLabels
from bench.artifacts.values import RealSet, SyntheticSet, Teacher
from bench.core.events import silent
from bench.plugin.discovery import get, load_file
from bench.plugin.recipes import Recipe, Relabel, Student
from bench.plugin.registry import forget
from bench.stages.relabel import relabel
from evaluators.fkd import fkd
from evaluators.looks import LOOKS, Looks, drawn_from, looks

RECIPE = Recipe(
    "test",
    "smoke",
    relabel=Relabel(epochs=2 * LOOKS, batch=50, crop_min=0.5, flip=0.0),
    student=Student(arch="convnet3-w16-bn"),
)


@pytest.fixture(scope="module")
def reference(synthetic: SyntheticSet, teacher: Teacher, real: RealSet) -> Reference:
    stats = (real.mean, real.std)
    labels = relabel(synthetic, teacher, RECIPE.relabel, *stats, 0, False, silent)
    return Reference({SoftLabels: labels, RealSet: real})


@pytest.fixture(scope="module")
def audited(synthetic: SyntheticSet, reference: Reference, test_set: RealSet) -> Score:
    return looks().evaluate(synthetic, reference, test_set, RECIPE, 3, silent)


def test_the_student_is_bit_for_bit_that_of_fkd(
    audited: Score, synthetic: SyntheticSet, reference: Reference, test_set: RealSet
) -> None:
    plain = fkd().evaluate(synthetic, reference, test_set, RECIPE, 3, silent)
    assert torch.equal(audited.predicted, plain.predicted)
    assert (audited.top1, audited.updates) == (plain.top1, plain.updates)
    assert audited.label_bytes == plain.label_bytes


def test_no_choice_of_an_epoch_beats_the_oracle(audited: Score) -> None:
    found = audited.extra
    assert found["looks"] == LOOKS
    assert found["top1_oracle_test"] >= max(audited.top1, found["top1_validation"])
    assert 2 <= found["epoch_validation"] <= 2 * LOOKS
    assert found["epoch_oracle_test"] % 2 == 0


def test_the_epochs_are_the_best_and_the_earliest_of_equals() -> None:
    audit = Looks.__new__(Looks)
    audit.marks = [(1, 0.5, 0.4), (2, 0.7, 0.6), (3, 0.7, 0.9), (4, 0.2, 0.9)]
    assert audit.numbers() == {
        "looks": 4.0,
        "top1_validation": 0.6,
        "epoch_validation": 2.0,
        "top1_oracle_test": 0.9,
        "epoch_oracle_test": 3.0,
    }


def test_the_validation_images_are_real_training_images_drawn_by_the_seed(real: RealSet) -> None:
    first, same, other = (drawn_from(real, 30, seed) for seed in (0, 0, 1))
    assert torch.equal(first.images, same.images)
    assert not torch.equal(first.images, other.images)
    assert len(first.labels) == 30
    assert len(drawn_from(real, 10_000, 0).labels) == len(real.labels)


def test_test_images_are_read_once_for_every_look_and_once_for_the_score(
    synthetic: SyntheticSet, reference: Reference, test_set: RealSet
) -> None:
    test, counted = watched(test_set)
    looks().evaluate(synthetic, reference, test, RECIPE, 0, silent)
    assert counted.reads.unique().tolist() == [LOOKS + 1]


def test_only_an_evaluator_that_calls_itself_an_oracle_may_look_often() -> None:
    from bench.plugin.discovery import names

    oracles = [n for n in names("evaluator") if getattr(get("evaluator", n).factory(), "oracle", 0)]
    assert oracles == ["looks"]


HIDDEN = '''
"""Keeps the best epoch on the test set as its score. Source: what not to do."""
from dataclasses import dataclass
from bench import evaluator
from evaluators.looks import LookAudit

@dataclass(frozen=True)
class Hidden(LookAudit):
    oracle: bool = False

@evaluator("hidden")
def hidden():
    """Looks without saying so."""
    return Hidden()
'''


def test_looks_that_are_not_declared_fail_the_contract(tmp_path: Path, data_root: Path) -> None:
    path = tmp_path / "hidden.py"
    path.write_text(HIDDEN)
    try:
        (plugin,) = load_file(path)
        checks = check_plugin(plugin, lambda name: find_source(name, data_root), data_root)
    finally:
        forget(path)
    assert [c.name for c in checks if not c.ok] == ["reads each test image once"]
