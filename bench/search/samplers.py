"""Samplers whose draws depend on the sweep, the trial's number and what was told before it.

A process that joins late or goes on after a kill draws what the first one would have drawn, and no
two workers draw the same start-up points. Nothing depends on which plugins are installed.
"""

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, GPSampler, RandomSampler, TPESampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from bench.core.seeds import seed_for
from bench.study.search import Sampler

STARTUP = 8  # random trials before a model is fitted
MOST = 2**31 - 1


def sampler_named(name: Sampler, sweep: str, parameters: Sequence[str], seed: int) -> BaseSampler:
    """A seeded sampler; a grid is enqueued point by point, so what it draws hardly matters."""
    makers: Mapping[str, Callable[[int], BaseSampler]] = {
        "tpe": _tpe,
        "gp": lambda seed: GPSampler(seed=seed, n_startup_trials=STARTUP),
        "random": lambda seed: RandomSampler(seed=seed),
        "grid": lambda seed: RandomSampler(seed=seed),
    }
    return PerTrial(makers[name], (sweep, ",".join(sorted(parameters))), seed)


def _tpe(seed: int) -> BaseSampler:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return TPESampler(
            seed=seed, n_startup_trials=STARTUP, multivariate=True, constant_liar=True
        )


class PerTrial(BaseSampler):
    """A fresh sampler per trial, seeded by the sweep, its parameters and the trial's number."""

    def __init__(self, make: Callable[[int], BaseSampler], scope: Sequence[str], seed: int) -> None:
        self._make, self._scope, self._seed = make, tuple(scope), seed

    def _of(self, trial: FrozenTrial) -> BaseSampler:
        return self._make(seed_for(self._seed, "sweep", *self._scope, trial.number) % MOST)

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        return self._of(trial).infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        return self._of(trial).sample_relative(study, trial, search_space)

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        number = seed_for(self._seed, "sweep", *self._scope, param_name, trial.number)
        chosen = self._make(number % MOST)
        return chosen.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(
        self,
        study: Study,
        trial: FrozenTrial,
        state: TrialState,
        values: Sequence[float] | None,
    ) -> None:
        self._of(trial).after_trial(study, trial, state, values)
