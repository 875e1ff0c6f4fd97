"""Who works on which trial: a budget shared by many workers, and trials of dead ones taken back.

A worker that dies leaves its trial RUNNING. Whoever comes next finds its process gone, marks the
trial FAIL and queues its setting again, so that the number of finished trials stays what was asked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from optuna.distributions import BaseDistribution
from optuna.exceptions import UpdateFinishedTrialError
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState

from bench.search.spaces import Value, params_key
from bench.storage.owner import owner_named, this_process

OWNER, HOST, GONE = "owner", "host", "gone"  # user attributes of a trial
GRACE = timedelta(seconds=60)  # between asking for a trial and signing it
LOST = timedelta(hours=24)  # after which a trial of another machine counts as dead
FINISHED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)


@dataclass(frozen=True)
class Queue:
    """The trials of one Optuna study, up to a budget.

    Attributes:
        trials: how many finished ones are wanted, the failed included; None for no limit.
        seconds: of a device, after which no more are started; None for no limit.
        lost: age at which a running trial of another machine counts as dead.
    """

    study: Study
    distributions: Mapping[str, BaseDistribution]
    trials: int | None
    seconds: float | None = None
    lost: timedelta = LOST

    def next(self) -> Trial | None:
        """A trial to work on, signed by this process; None where the budget is used up."""
        if not self.wants():
            return None
        trial = self.study.ask(dict(self.distributions))
        owner = this_process()
        trial.set_user_attr(OWNER, owner.name)
        trial.set_user_attr(HOST, owner.host)
        if self.trials is not None and self._rank(trial.number) >= self.trials:
            release(self.study, trial.number, "one too many: another worker was faster")
            return None
        return trial

    def wants(self) -> bool:
        """Whether a trial is still to be started, or to be taken back from a dead worker."""
        take_back(self.study, self.lost)
        return not self._spent(counted(self.study))

    def done(self) -> int:
        """How many trials have ended and count."""
        return sum(trial.state in FINISHED for trial in counted(self.study))

    def _spent(self, trials: Sequence[FrozenTrial]) -> bool:
        active = [trial for trial in trials if trial.state != TrialState.WAITING]
        if self.trials is not None and len(active) >= self.trials:
            return True
        return self.seconds is not None and device_seconds(trials) >= self.seconds

    def _rank(self, number: int) -> int:
        """How many trials that count were asked for before this one."""
        started = [t for t in counted(self.study) if t.state != TrialState.WAITING]
        return sum(t.number != number and _asked_before(t, number) for t in started)


def _asked_before(trial: FrozenTrial, number: int) -> bool:
    return trial.state in FINISHED or trial.number < number


def counted(study: Study) -> list[FrozenTrial]:
    """All trials but those that a dead worker left, and what was asked for beyond the budget."""
    return [trial for trial in study.get_trials(deepcopy=False) if GONE not in trial.user_attrs]


def device_seconds(trials: Sequence[FrozenTrial]) -> float:
    """Seconds of all cells of some trials, as if each had been computed."""
    return sum(float(trial.user_attrs.get("seconds_all", 0.0)) for trial in trials)


def take_back(study: Study, lost: timedelta = LOST, now: datetime | None = None) -> int:
    """Marks running trials of dead workers FAIL and queues their settings again; how many."""
    running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    dead = [trial for trial in running if _dead(trial, lost, now or datetime.now())]
    return sum(requeue(study, trial, "its worker died") for trial in dead)


def _dead(trial: FrozenTrial, lost: timedelta, now: datetime) -> bool:
    age = now - (trial.datetime_start or now)
    owner = owner_named(str(trial.user_attrs.get(OWNER, "")))
    if owner is None:
        return age > GRACE
    gone = owner.gone()
    return age > lost if gone is None else gone


def requeue(study: Study, trial: FrozenTrial, why: str) -> bool:
    """Gives a running trial up and queues its setting again; False where another was faster."""
    if not release(study, trial.number, why):
        return False
    attributes = {"retry_of": trial.number}
    study.enqueue_trial(dict(trial.params), user_attrs=attributes)
    return True


def release(study: Study, number: int, why: str) -> bool:
    """Ends a running trial as FAIL, so that it does not count; False where it has ended."""
    storage = study._storage
    identity = storage.get_trial_id_from_study_id_trial_number(study._study_id, number)
    try:
        storage.set_trial_user_attr(identity, GONE, why)
        return bool(storage.set_trial_state_values(identity, state=TrialState.FAIL))
    except UpdateFinishedTrialError:
        return False


def occurrence(study: Study, trial: Trial | FrozenTrial) -> int:
    """How many earlier trials that count drew the same setting."""
    mine = params_key(trial.params)
    return sum(
        earlier.number < trial.number and params_key(earlier.params) == mine
        for earlier in counted(study)
    )


def setting(trial: FrozenTrial | Trial) -> dict[str, Value]:
    """A trial's parameters by name."""
    return dict(sorted(trial.params.items()))
