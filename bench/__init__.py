"""A benchmark suite for dataset distillation.

The names below are what plugins and studies import; they load lazily, so that `import bench`
stays cheap.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.artifacts import Barycenter as Barycenter
    from bench.artifacts import ClassFeatures as ClassFeatures
    from bench.artifacts import ClassMeans as ClassMeans
    from bench.artifacts import ClassStats as ClassStats
    from bench.artifacts import GlobalStats as GlobalStats
    from bench.artifacts import Observation as Observation
    from bench.artifacts import RealSet as RealSet
    from bench.artifacts import SyntheticSet as SyntheticSet
    from bench.artifacts import Teacher as Teacher
    from bench.contracts import Budget as Budget
    from bench.contracts import Distiller as Distiller
    from bench.contracts import Evaluator as Evaluator
    from bench.contracts import Loss as Loss
    from bench.contracts import Request as Request
    from bench.errors import BadValue as BadValue
    from bench.errors import BenchError as BenchError
    from bench.errors import CellFailed as CellFailed
    from bench.errors import MissingArtifact as MissingArtifact
    from bench.errors import UnknownName as UnknownName
    from bench.labels import Score as Score
    from bench.labels import SoftLabels as SoftLabels
    from bench.recipes import Recipe as Recipe
    from bench.recipes import Recover as Recover
    from bench.registry import dataset as dataset
    from bench.registry import distiller as distiller
    from bench.registry import evaluator as evaluator
    from bench.space import Choice as Choice
    from bench.space import Integer as Integer
    from bench.space import Uniform as Uniform
    from bench.stages.barycenter import Solve as Solve
    from bench.stages.recover import MatchingDistiller as MatchingDistiller
    from bench.stages.recover import NoFeatureLoss as NoFeatureLoss
    from bench.study import Contrast as Contrast
    from bench.study import Row as Row
    from bench.study import Study as Study
    from bench.views import Moments as Moments
    from bench.views import Reference as Reference
    from bench.views import View as View

__version__ = "0.1.0"

_HOMES = {  # public name -> the module that defines it
    **dict.fromkeys(
        (
            "Barycenter",
            "ClassFeatures",
            "ClassMeans",
            "ClassStats",
            "GlobalStats",
            "Observation",
            "RealSet",
            "SyntheticSet",
            "Teacher",
        ),
        "bench.artifacts",
    ),
    **dict.fromkeys(("Budget", "Distiller", "Evaluator", "Loss", "Request"), "bench.contracts"),
    **dict.fromkeys(
        ("BadValue", "BenchError", "CellFailed", "MissingArtifact", "UnknownName"), "bench.errors"
    ),
    **dict.fromkeys(("Score", "SoftLabels"), "bench.labels"),
    **dict.fromkeys(("Recipe", "Recover"), "bench.recipes"),
    **dict.fromkeys(("dataset", "distiller", "evaluator"), "bench.registry"),
    **dict.fromkeys(("Choice", "Integer", "Uniform"), "bench.space"),
    "Solve": "bench.stages.barycenter",
    **dict.fromkeys(("MatchingDistiller", "NoFeatureLoss"), "bench.stages.recover"),
    **dict.fromkeys(("Contrast", "Row", "Study"), "bench.study"),
    **dict.fromkeys(("Moments", "Reference", "View"), "bench.views"),
}

__all__ = sorted([*_HOMES, "__version__"])


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'bench' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
