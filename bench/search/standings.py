"""Settings of a sweep by validation accuracy: what was drawn more than once counts as one."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from optuna.study import Study
from optuna.trial import TrialState

from bench.search.queue import counted, setting
from bench.search.spaces import Value, params_key


@dataclass(frozen=True)
class Standing:
    """A setting with the validation accuracies of all its complete trials."""

    params: dict[str, Value]
    trials: tuple[int, ...]
    top1: tuple[float, ...]

    @property
    def mean(self) -> float:
        return fmean(self.top1)

    def summary(self, name: str) -> dict[str, float]:
        """Mean, std (n - 1) and n of its accuracies, as `<name>_mean` and so on."""
        found = {f"{name}_mean": self.mean, f"{name}_n": float(len(self.top1))}
        return found | ({f"{name}_std": stdev(self.top1)} if len(self.top1) > 1 else {})


def standings(study: Study) -> list[Standing]:
    """Settings that were run in full, the best first; the earlier one wins a tie."""
    groups: dict[str, list[tuple[int, dict[str, Value], list[float]]]] = {}
    for trial in counted(study):
        if trial.state == TrialState.COMPLETE and not trial.user_attrs.get("stopped"):
            scores = [float(value) for value in trial.user_attrs["top1"].values()]
            found = (trial.number, setting(trial), scores)
            groups.setdefault(params_key(trial.params), []).append(found)
    settings = [_standing(group) for group in groups.values()]
    return sorted(settings, key=lambda s: (-s.mean, s.trials[0]))


def _standing(group: Sequence[tuple[int, dict[str, Value], list[float]]]) -> Standing:
    scores = tuple(score for _, _, scores in group for score in scores)
    return Standing(group[0][1], tuple(number for number, _, _ in group), scores)
