"""Draws depend on the sweep, its parameters and the trial's number, and on nothing else."""

from collections.abc import Callable, Sequence
from pathlib import Path

import optuna
import pytest
from optuna.distributions import FloatDistribution

from bench.plugin.discovery import load_file
from bench.plugin.registry import forget
from bench.search.queue import Queue
from bench.search.samplers import STARTUP, sampler_named
from bench.search.settings import Search
from bench.study.search import Sampler

SPACE = {"a": FloatDistribution(0.1, 1000.0, log=True), "b": FloatDistribution(0.0, 1.0)}
PLUGIN = '''"""Source: made up."""
from bench import Uniform, distiller
from methods.wmdd import wmdd

@distiller("zzz-extra", space={"bn_weight": Uniform(1.0, 2.0)})
def extra(bn_weight: float = 1.0):
    """Nothing new."""
    return wmdd(bn_weight)
'''


def draws(
    name: Sampler, count: int, sweep: str = "s", seed: int = 0, parts: Sequence[int] = ()
) -> list[dict[str, float]]:
    """Draws of a search for small a and b; `parts` are trials after which a new process begins."""
    study = optuna.create_study(sampler=sampler_named(name, sweep, list(SPACE), seed))
    for number in range(count):
        if number in parts:
            study.sampler = sampler_named(name, sweep, list(SPACE), seed)
        trial = study.ask(dict(SPACE))
        study.tell(trial, abs(trial.params["a"] - 3) + trial.params["b"])
    return [trial.params for trial in study.trials]


@pytest.mark.parametrize("name", ["tpe", "random", "gp"])
def test_equal_seeds_draw_equal_trials_across_a_restart(name: Sampler) -> None:
    count = STARTUP + 3
    assert draws(name, count) == draws(name, count, parts=(2, STARTUP + 1))


def test_other_seeds_and_other_sweeps_draw_otherwise() -> None:
    first = draws("random", 2)
    assert first != draws("random", 2, seed=1)
    assert first != draws("random", 2, sweep="other")


def test_start_up_draws_differ_from_trial_to_trial() -> None:
    assert len({trial["a"] for trial in draws("tpe", STARTUP)}) == STARTUP


def test_tpe_finds_the_good_region() -> None:
    late = draws("tpe", 30)[20:]
    assert sum(1 < trial["a"] < 10 for trial in late) >= 5  # a sixth of the log axis by chance: 2.5


def test_another_plugin_changes_no_draw(
    searched: Callable[..., Search], queued: Callable[..., Queue], tmp_path: Path
) -> None:
    before = searched()
    names = before.name, draws("tpe", 3)
    plugin = tmp_path / "extra.py"
    plugin.write_text(PLUGIN, encoding="utf-8")
    try:
        load_file(plugin)
        assert (searched().name, draws("tpe", 3)) == names
    finally:
        forget(plugin)
