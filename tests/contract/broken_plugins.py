"""Sources of plugins that each break one clause of their contract, and of one that breaks none."""

DISTILLER = '''
"""Source: a test."""

from dataclasses import dataclass, replace

import torch

from bench import BadValue, RealSet, SyntheticSet, Uniform, distiller
from bench.core.events import Step
from methods.real import RandomSubset

CALLS, BREAKS = [], []


def _as_it_is(made, rng):
    return made


@dataclass(frozen=True)
class Changed:
    change: object
    needs: tuple = (RealSet,)

    def distill(self, reference, budget, rng, emit):
        made = RandomSubset().distill(reference, budget, rng, emit)
        try:
            emit(Step("recover", 1, 1))
        except Exception:
            BREAKS.append(budget.ipc)
            raise
        CALLS.append(budget.ipc)
        return self.change(made, rng)

{body}
'''
REGISTERED = '''
@distiller("{name}")
def factory():
    """A test."""
    return Changed({change})
'''
CHANGES = {  # name -> (how the random subset is changed, part of the clause, part of the detail)
    "sound": ("_as_it_is", "", ""),
    "wrong-dtype": (
        "lambda made, rng: replace(made, images=made.images.double())",
        "well-formed",
        "dtype uint8",
    ),
    "wrong-shape": (
        "lambda made, rng: replace(made, images=made.images[..., :4])",
        "well-formed",
        "(1, 8, 8)",
    ),
    "too-few": (
        "lambda made, rng: SyntheticSet(made.images[::2], made.labels[::2], made.slots[::2], "
        "made.weights[::2], made.image_bytes)",
        "well-formed",
        "2 images of every class",
    ),
    "no-bytes": ("lambda made, rng: replace(made, image_bytes=0)", "well-formed", "image bytes"),
    "heavy": (
        "lambda made, rng: replace(made, weights=2 * made.weights)",
        "well-formed",
        "mean 1",
    ),
    "blank": (
        "lambda made, rng: replace(made, images=torch.zeros_like(made.images))",
        "well-formed",
        "not constant",
    ),
    "fickle": (
        "lambda made, rng: replace(made, images=torch.randint(0, 256, made.images.shape, "
        "generator=torch.Generator().manual_seed(len(CALLS)), dtype=torch.uint8))",
        "deterministic",
        "equal images",
    ),
    "scarred": (
        "lambda made, rng: replace(made, images=255 - made.images) if BREAKS else made",
        "after a break",
        "the same images",
    ),
    "malformed-step": (
        "lambda made, rng: (Step(1, 2, {'loss': 0.5}), made)[1]",
        "observers take",
        "expected the name of a stage first, given '1'",
    ),
    "unreadable-step": (
        "lambda made, rng: (Step('recover', 1, 2, {'loss': 'low'}), made)[1]",
        "observers take",
        "expected 'loss' as a number or a tensor, given 'low'",
    ),
    "stubborn": (
        "lambda made, rng: replace(made, images=torch.arange(20, dtype=torch.uint8)"
        ".reshape(20, 1, 1, 1).expand(20, 1, 8, 8).contiguous(), image_bytes=1)",
        "depends on its seed",
        "seeded=False",
    ),
    "global-rng": (
        "lambda made, rng: (torch.rand(1), made)[1]",
        "global RNG",
        "generator argument",
    ),
    "raises": ("lambda made, rng: 1 / 0", "well-formed", "ZeroDivisionError"),
}
UNDOCUMENTED = """
@distiller("undocumented")
def factory():
    return Changed(_as_it_is)
"""
NARROW = '''
@distiller("narrow", space={"strength": Uniform(0.0, 10.0)})
def factory(strength: float = 1.0):
    """A test."""
    if strength > 5:
        raise BadValue(f"strength: expected at most 5, given {strength}")
    return Changed(_as_it_is)
'''
GREEDY = '''
@distiller("greedy")
def factory():
    """A test."""
    return Changed(_as_it_is, needs=(SyntheticSet,))
'''
EVALUATOR = '''
"""Source: a test."""

from dataclasses import dataclass, replace

import torch

from bench import SoftLabels, evaluator
from evaluators.fkd import StoredLabels

DRAWN = []


@dataclass(frozen=True)
class Judge:
    needs: tuple = (SoftLabels,)
    sections: tuple = ("student",)
    higher_is_better: bool = True

    def evaluate(self, synthetic, reference, test, recipe, seed, emit):
        score = StoredLabels().evaluate(synthetic, reference, test, recipe, seed, emit)
        DRAWN.append(seed)
        return {change}


@evaluator("{name}")
def factory():
    """A test."""
    return Judge()
'''
JUDGES = {  # name -> (what it returns for FKD's score, part of the clause, part of the detail)
    "fair-judge": ("score", "", ""),
    "percent-judge": ("replace(score, top1=100 * score.top1)", "scores", "in [0, 1]"),
    "boasting-judge": ("replace(score, top1=1.0)", "scores", "the predictions'"),
    "moody-judge": ("replace(score, updates=len(DRAWN))", "deterministic", "equal scores"),
    "drawing-judge": ("(torch.rand(1), score)[1]", "global RNG", "stay untouched"),
}
DEAF = '''
"""Source: a test. Takes the recipe's section and keeps its own variance, and its own rate."""

from dataclasses import dataclass, replace

from bench import Recover, Request, distiller
from methods.sre2l import ce_pcbn


@dataclass(frozen=True)
class Deaf:
    inner: object
    needs: tuple
    request: Request = Request()

    def distill(self, reference, budget, rng, emit):
        return self.inner.distill(reference, budget, rng, emit)


@distiller("deaf")
def factory(recover: Recover = Recover()):
    """A test."""
    heard = ce_pcbn(recover=replace(recover, lr=0.25, rolls="forward"))
    return Deaf(heard, heard.needs)
'''
