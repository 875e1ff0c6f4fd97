"""Trials as tidy rows: one line each, for the report and `trials.csv`."""

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import fmean, stdev

from optuna.study import Study
from optuna.trial import FrozenTrial

from bench.search.queue import GONE, HOST
from bench.search.settings import Search

PARAM = "param:"  # prefix of a parameter's column


def trial_rows(search: Search, study: Study) -> list[dict[str, object]]:
    """Every trial, those of dead workers included; accuracies are fractions.

    `seconds_amortised` adds to a trial's own seconds per cell its part of what it shares: each
    shared stage's seconds divided by the number of trials that use it. `seconds_total` adds them
    in full, as if the trial stood alone.
    """
    trials = study.get_trials(deepcopy=False)
    uses = Counter(address for trial in trials for address in trial.user_attrs.get("shared", {}))
    return [_row(search, trial, uses) for trial in trials]


def _row(search: Search, trial: FrozenTrial, uses: Mapping[str, int]) -> dict[str, object]:
    attributes = trial.user_attrs
    row: dict[str, object] = {
        "method": search.row.label,
        "trial": trial.number,
        "state": trial.state.name,
        "gone": attributes.get(GONE, ""),
        "stopped": bool(attributes.get("stopped", False)),
        "retry_of": attributes.get("retry_of"),
        "error": attributes.get("error", ""),
        "host": attributes.get(HOST, ""),
        "started": trial.datetime_start.isoformat() if trial.datetime_start else "",
        "ended": trial.datetime_complete.isoformat() if trial.datetime_complete else "",
    }
    row |= {f"{PARAM}{p.name}": trial.params.get(p.name) for p in search.parameters}
    steps = {str(step): value for step, value in sorted(trial.intermediate_values.items())}
    return row | _scores(attributes) | _costs(attributes, uses) | {"steps": steps}


def _scores(attributes: Mapping[str, object]) -> dict[str, object]:
    given = attributes.get("top1")
    scores = [float(value) for value in given.values()] if isinstance(given, Mapping) else []
    seeds = list(given) if isinstance(given, Mapping) else []
    return {
        "top1": fmean(scores) if scores else None,
        "top1_std": stdev(scores) if len(scores) > 1 else None,
        "top1_n": len(scores),
        "scores": scores,
        "seeds": ", ".join(seeds),
        "address": attributes.get("address", ""),
    }


def _costs(attributes: Mapping[str, object], uses: Mapping[str, int]) -> dict[str, object]:
    if "seconds" not in attributes:
        return {}
    shared = attributes["shared"]
    assert isinstance(shared, Mapping)
    own, whole = float(str(attributes["seconds"])), sum(shared.values())
    part = sum(seconds / uses[address] for address, seconds in shared.items())
    kept = ("seconds_all", "seconds_made", "bytes", "peak_memory")
    return {
        "seconds": own,
        "seconds_amortised": own + part,
        "seconds_total": own + whole,
        **{name: attributes[name] for name in kept},
    }


def seconds_spared(rows: Sequence[Mapping[str, object]]) -> tuple[float, float]:
    """Device seconds that were computed, and those of every cell on its own, nothing shared."""
    done = [row for row in rows if "seconds_made" in row]
    made = sum(float(str(row["seconds_made"])) for row in done)
    alone = 0.0
    for row in done:
        shared = float(str(row["seconds_total"])) - float(str(row["seconds"]))
        alone += float(str(row["seconds_all"])) + shared * int(str(row["top1_n"]))
    return made, alone
