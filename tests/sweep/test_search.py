"""A sweep refuses at once what would mislead later."""

from dataclasses import replace

import pytest

from bench.core.errors import BadValue, UnknownName
from bench.study.catalog import load_sweep, study_names, sweep_names
from bench.study.grid import Row
from bench.study.search import Sweep

SWEEP = Sweep("s", "t", (Row("WMDD", "wmdd"),))


def test_wilcoxon_needs_five_seeds() -> None:
    with pytest.raises(BadValue, match="at least 5 seeds per trial, given 4"):
        replace(SWEEP, pruner="wilcoxon", seeds=4)
    assert replace(SWEEP, pruner="wilcoxon", seeds=5).pruner == "wilcoxon"


@pytest.mark.parametrize("pruner", ["wilcoxon", "hyperband"])
def test_pruners_know_one_objective(pruner: str) -> None:
    with pytest.raises(BadValue, match="the objective top1 alone"):
        replace(SWEEP, pruner=pruner, seeds=5, objectives=("top1", "seconds"))


def test_the_winner_is_chosen_by_accuracy() -> None:
    with pytest.raises(BadValue, match="top1 as the first objective"):
        replace(SWEEP, objectives=("seconds",))


@pytest.mark.parametrize(
    ("changes", "error", "text"),
    [
        ({"sampler": "tpee"}, UnknownName, "unknown sampler 'tpee' — did you mean 'tpe'"),
        ({"fidelity": "relabel.epoch"}, UnknownName, "did you mean 'relabel.epochs'"),
        ({"objectives": ("top1", "second")}, UnknownName, "did you mean 'seconds'"),
        ({"trials": 0}, BadValue, "trials: expected at least 1, given 0"),
        ({"rows": ()}, BadValue, "expected at least one row"),
    ],
)
def test_what_is_out_of_range_is_named(
    changes: dict[str, object], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        replace(SWEEP, **changes)  # type: ignore[arg-type]


def test_sweeps_are_found_by_name_and_are_no_studies() -> None:
    assert sweep_names() == ["joint", "lambda", "layer"]
    assert [load_sweep(name).name for name in sweep_names()] == sweep_names()
    assert not [name for name in study_names() if name.startswith("sweep")]


def test_an_unknown_sweep_names_the_nearest() -> None:
    with pytest.raises(UnknownName, match="did you mean 'lambda'"):
        load_sweep("lamda")
