"""How much each parameter matters, by two evaluators that ask different questions.

PED-ANOVA asks what decides whether a trial is among the best tenth; fANOVA, what explains the
variance over the whole space. They may disagree strongly; both are reported, with n.
"""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import optuna
from optuna.importance import (
    BaseImportanceEvaluator,
    FanovaImportanceEvaluator,
    PedAnovaImportanceEvaluator,
    get_param_importances,
)
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

LEAST = 8  # complete trials below which no importance is worth printing


@dataclass(frozen=True)
class Importance:
    """Shares of one evaluator, summing to 1, over n complete trials."""

    evaluator: str
    n: int
    shares: Mapping[str, float]
    note: str = ""


def importances(study: Study) -> list[Importance]:
    """Both evaluators' shares for top1; none where there are too few trials."""
    n = len(study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)))
    if n < LEAST:
        return []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        warnings.filterwarnings("ignore", "PedAnovaImportanceEvaluator computes")
        return [
            _share("PED-ANOVA", study, PedAnovaImportanceEvaluator(), n),
            _share("fANOVA", study, FanovaImportanceEvaluator(seed=0), n),
        ]


def _share(name: str, study: Study, evaluator: BaseImportanceEvaluator, n: int) -> Importance:
    try:
        shares = get_param_importances(study, evaluator=evaluator, target=_loss)
    except (ValueError, RuntimeError) as error:  # such as all scores being equal
        return Importance(name, n, {}, str(error).splitlines()[0])
    return Importance(name, n, {key: float(value) for key, value in shares.items()})


def _loss(trial: FrozenTrial) -> float:
    """Minus top1: where a target is given, PED-ANOVA takes low values for the good ones."""
    return -float(trial.values[0])
