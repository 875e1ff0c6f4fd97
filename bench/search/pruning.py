"""Pruners on natural fidelities: seeds (Wilcoxon), student epochs or recover iterations."""

import warnings

import optuna
import torch
from optuna.pruners import BasePruner, HyperbandPruner, NopPruner, WilcoxonPruner

from bench.core.seeds import generator_for
from bench.plugin.recipes import Recipe
from bench.study.search import Sweep

FACTOR = 3
RUNGS = 3  # of Hyperband: a ninth, a third and all of the full length
LEVEL = 0.1  # p below which Wilcoxon's test stops a trial


def pruner_of(sweep: Sweep, recipe: Recipe) -> BasePruner:
    if sweep.pruner == "wilcoxon":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            return WilcoxonPruner(p_threshold=LEVEL)
    if sweep.pruner == "hyperband":
        lengths = rungs(sweep, recipe)
        return HyperbandPruner(
            min_resource=lengths[0], max_resource=lengths[-1], reduction_factor=FACTOR
        )
    return NopPruner()


def rungs(sweep: Sweep, recipe: Recipe) -> tuple[int, ...]:
    """Lengths at which a trial is judged; each rung is a run of its own with its own schedule.

    A student that is stopped in the middle of its cosine schedule says little about its end, so
    that rungs are run from the start; what they share (the images, under `relabel.epochs`) is
    found in the store.
    """
    section, _, name = sweep.fidelity.partition(".")
    full = int(getattr(getattr(recipe, section), name))
    if sweep.pruner != "hyperband":
        return (full,)
    lengths = [max(1, round(full / FACTOR**k)) for k in reversed(range(RUNGS))]
    return tuple(dict.fromkeys(lengths))


def paired_seeds(sweep: Sweep, number: int) -> tuple[int, ...]:
    """The seeds of a trial under Wilcoxon's test, which pairs trials by seed.

    All trials have the same ones, each in an order of its own.
    """
    rng = generator_for(sweep.seed, "seeds", number)
    return tuple(torch.randperm(sweep.seeds, generator=rng).tolist())
