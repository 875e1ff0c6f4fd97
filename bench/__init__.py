"""A benchmark suite for dataset distillation.

The names below are what plugins and studies import; they load lazily, so that `import bench`
stays cheap.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from bench.core import __version__ as __version__

if TYPE_CHECKING:
    from bench.app.api import plan as plan
    from bench.app.api import report as report
    from bench.app.api import run as run
    from bench.app.api import sweep as sweep
    from bench.artifacts.labels import Draws as Draws
    from bench.artifacts.labels import Score as Score
    from bench.artifacts.labels import SoftLabels as SoftLabels
    from bench.artifacts.values import Barycenter as Barycenter
    from bench.artifacts.values import ClassFeatures as ClassFeatures
    from bench.artifacts.values import ClassMeans as ClassMeans
    from bench.artifacts.values import ClassStats as ClassStats
    from bench.artifacts.values import GlobalStats as GlobalStats
    from bench.artifacts.values import Observation as Observation
    from bench.artifacts.values import RealSet as RealSet
    from bench.artifacts.values import SyntheticSet as SyntheticSet
    from bench.artifacts.values import Teacher as Teacher
    from bench.artifacts.views import Moments as Moments
    from bench.artifacts.views import Reference as Reference
    from bench.artifacts.views import View as View
    from bench.core.errors import BadValue as BadValue
    from bench.core.errors import BenchError as BenchError
    from bench.core.errors import CellFailed as CellFailed
    from bench.core.errors import MissingArtifact as MissingArtifact
    from bench.core.errors import UnknownName as UnknownName
    from bench.core.events import Emit as Emit
    from bench.core.events import Milestone as Milestone
    from bench.core.events import Step as Step
    from bench.core.events import silent as silent
    from bench.core.seeds import generator_for as generator_for
    from bench.data.augment import eval_view as eval_view
    from bench.data.codec import encode_decode as encode_decode
    from bench.data.network_input import NetworkInput as NetworkInput
    from bench.data.network_input import network_input as network_input
    from bench.data.sources.arrays import Arrays as Arrays
    from bench.data.spec import DatasetSpec as DatasetSpec
    from bench.data.spec import Samples as Samples
    from bench.graph.request import Context as Context
    from bench.graph.request import RealRequest as RealRequest
    from bench.graph.request import Request as Request
    from bench.graph.request import Run as Run
    from bench.graph.request import Source as Source
    from bench.graph.request import artifact as artifact
    from bench.graph.work import Passes as Passes
    from bench.graph.work import Work as Work
    from bench.plugin.contracts import Budget as Budget
    from bench.plugin.contracts import Distiller as Distiller
    from bench.plugin.contracts import Evaluator as Evaluator
    from bench.plugin.contracts import Loss as Loss
    from bench.plugin.contracts import Need as Need
    from bench.plugin.recipes import BnWeight as BnWeight
    from bench.plugin.recipes import CeWeight as CeWeight
    from bench.plugin.recipes import Objective as Objective
    from bench.plugin.recipes import Observe as Observe
    from bench.plugin.recipes import Recipe as Recipe
    from bench.plugin.recipes import RecipeCodec as RecipeCodec
    from bench.plugin.recipes import RecipeForm as RecipeForm
    from bench.plugin.recipes import Recover as Recover
    from bench.plugin.recipes import Relabel as Relabel
    from bench.plugin.recipes import Setting as Setting
    from bench.plugin.recipes import SolverIterations as SolverIterations
    from bench.plugin.recipes import SolverName as SolverName
    from bench.plugin.recipes import Solving as Solving
    from bench.plugin.recipes import Squeeze as Squeeze
    from bench.plugin.recipes import Sre2lBnWeight as Sre2lBnWeight
    from bench.plugin.recipes import Student as Student
    from bench.plugin.registry import dataset as dataset
    from bench.plugin.registry import distiller as distiller
    from bench.plugin.registry import evaluator as evaluator
    from bench.plugin.space import Choice as Choice
    from bench.plugin.space import Integer as Integer
    from bench.plugin.space import Uniform as Uniform
    from bench.stages.barycenter import BarycenterRequest as BarycenterRequest
    from bench.stages.barycenter import Solve as Solve
    from bench.stages.distil import DistilledRequest as DistilledRequest
    from bench.stages.evaluate import ScoreRequest as ScoreRequest
    from bench.stages.learned_images import ImageSteps as ImageSteps
    from bench.stages.learned_images import LearnedImages as LearnedImages
    from bench.stages.observe import ClassFeaturesRequest as ClassFeaturesRequest
    from bench.stages.observe import ClassMeansRequest as ClassMeansRequest
    from bench.stages.observe import ClassStatsRequest as ClassStatsRequest
    from bench.stages.observe import GlobalStatsRequest as GlobalStatsRequest
    from bench.stages.observe import ObservationRequest as ObservationRequest
    from bench.stages.recover import MatchingDistiller as MatchingDistiller
    from bench.stages.recover import NoFeatureLoss as NoFeatureLoss
    from bench.stages.relabel import SoftLabelsRequest as SoftLabelsRequest
    from bench.stages.squeeze import TeacherRequest as TeacherRequest
    from bench.stages.squeeze import squeeze as squeeze
    from bench.stages.student import LogitTarget as LogitTarget
    from bench.stages.student import SoftTarget as SoftTarget
    from bench.stages.student import train_student as train_student
    from bench.study.grid import Contrast as Contrast
    from bench.study.grid import Protocol as Protocol
    from bench.study.grid import Row as Row
    from bench.study.grid import Study as Study
    from bench.study.search import Sweep as Sweep

_HOMES = {  # public name -> the module that defines it
    "plan": "bench.app.api",
    "report": "bench.app.api",
    "run": "bench.app.api",
    "sweep": "bench.app.api",
    "Draws": "bench.artifacts.labels",
    "Score": "bench.artifacts.labels",
    "SoftLabels": "bench.artifacts.labels",
    "Barycenter": "bench.artifacts.values",
    "ClassFeatures": "bench.artifacts.values",
    "ClassMeans": "bench.artifacts.values",
    "ClassStats": "bench.artifacts.values",
    "GlobalStats": "bench.artifacts.values",
    "Observation": "bench.artifacts.values",
    "RealSet": "bench.artifacts.values",
    "SyntheticSet": "bench.artifacts.values",
    "Teacher": "bench.artifacts.values",
    "Moments": "bench.artifacts.views",
    "Reference": "bench.artifacts.views",
    "View": "bench.artifacts.views",
    "BadValue": "bench.core.errors",
    "BenchError": "bench.core.errors",
    "CellFailed": "bench.core.errors",
    "MissingArtifact": "bench.core.errors",
    "UnknownName": "bench.core.errors",
    "Emit": "bench.core.events",
    "Milestone": "bench.core.events",
    "Step": "bench.core.events",
    "silent": "bench.core.events",
    "generator_for": "bench.core.seeds",
    "eval_view": "bench.data.augment",
    "encode_decode": "bench.data.codec",
    "NetworkInput": "bench.data.network_input",
    "network_input": "bench.data.network_input",
    "Arrays": "bench.data.sources.arrays",
    "DatasetSpec": "bench.data.spec",
    "artifact": "bench.graph.request",
    "Samples": "bench.data.spec",
    "Context": "bench.graph.request",
    "RealRequest": "bench.graph.request",
    "Request": "bench.graph.request",
    "Run": "bench.graph.request",
    "Passes": "bench.graph.work",
    "Work": "bench.graph.work",
    "Source": "bench.graph.request",
    "Budget": "bench.plugin.contracts",
    "Distiller": "bench.plugin.contracts",
    "Evaluator": "bench.plugin.contracts",
    "Loss": "bench.plugin.contracts",
    "Need": "bench.plugin.contracts",
    "BnWeight": "bench.plugin.recipes",
    "CeWeight": "bench.plugin.recipes",
    "Objective": "bench.plugin.recipes",
    "Observe": "bench.plugin.recipes",
    "Recipe": "bench.plugin.recipes",
    "RecipeCodec": "bench.plugin.recipes",
    "RecipeForm": "bench.plugin.recipes",
    "Recover": "bench.plugin.recipes",
    "Relabel": "bench.plugin.recipes",
    "Setting": "bench.plugin.recipes",
    "SolverIterations": "bench.plugin.recipes",
    "SolverName": "bench.plugin.recipes",
    "Solving": "bench.plugin.recipes",
    "Squeeze": "bench.plugin.recipes",
    "Sre2lBnWeight": "bench.plugin.recipes",
    "Student": "bench.plugin.recipes",
    "dataset": "bench.plugin.registry",
    "distiller": "bench.plugin.registry",
    "evaluator": "bench.plugin.registry",
    "Choice": "bench.plugin.space",
    "Integer": "bench.plugin.space",
    "Uniform": "bench.plugin.space",
    "BarycenterRequest": "bench.stages.barycenter",
    "Solve": "bench.stages.barycenter",
    "DistilledRequest": "bench.stages.distil",
    "ImageSteps": "bench.stages.learned_images",
    "ScoreRequest": "bench.stages.evaluate",
    "LearnedImages": "bench.stages.learned_images",
    "ClassFeaturesRequest": "bench.stages.observe",
    "ClassMeansRequest": "bench.stages.observe",
    "ClassStatsRequest": "bench.stages.observe",
    "GlobalStatsRequest": "bench.stages.observe",
    "ObservationRequest": "bench.stages.observe",
    "MatchingDistiller": "bench.stages.recover",
    "NoFeatureLoss": "bench.stages.recover",
    "SoftLabelsRequest": "bench.stages.relabel",
    "TeacherRequest": "bench.stages.squeeze",
    "squeeze": "bench.stages.squeeze",
    "LogitTarget": "bench.stages.student",
    "SoftTarget": "bench.stages.student",
    "train_student": "bench.stages.student",
    "Contrast": "bench.study.grid",
    "Protocol": "bench.study.grid",
    "Row": "bench.study.grid",
    "Study": "bench.study.grid",
    "Sweep": "bench.study.search",
}

__all__ = sorted([*_HOMES, "__version__"])


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'bench' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
