"""Whether a pruner may be trusted: ranks at low fidelity against ranks at full fidelity."""

from collections.abc import Sequence

from reports.numbers.sweep_info import SweepInfo, TrialInfo
from reports.tables.entries import Column, Line, Table, number, text
from reports.tables.sweep_tables import count_entry

FEW = 5  # pairs below which a rank correlation says nothing


def fidelity_table(info: SweepInfo, trials: Sequence[TrialInfo]) -> Table | None:
    """Kendall's tau between scores at each shorter fidelity and at the full one."""
    full = [t for t in trials if t.full and len(t.steps) > 1]
    if not info.fidelity or not full:
        return None
    from scipy.stats import kendalltau  # which takes a second to import

    steps = sorted({step for t in full for step in t.steps})
    lines = []
    for count, step in enumerate(steps[:-1], 1):
        known = [t for t in full if step in t.steps]
        low = [_upto(t, steps[:count], info.fidelity) for t in known]
        tau = kendalltau(low, [t.top1 for t in known]) if len(known) >= FEW else None
        lines.append(
            Line(
                (
                    text(_fidelity(info.fidelity, step, count)),
                    count_entry(len(known)),
                    number(float(tau.statistic) if tau else None, 2),
                    number(float(tau.pvalue) if tau else None, 4),
                )
            )
        )
    return Table(
        "fidelity",
        "May the pruner be trusted?",
        (
            Column("low fidelity", "text"),
            Column("trials"),
            Column("Kendall's tau"),
            Column("p"),
        ),
        tuple(lines),
        (
            "Rank correlation with the full fidelity over trials that reached it, which are the "
            "better ones, so that tau is too low rather than too high. Near 1: what a pruner sees "
            f"early is what counts. Fewer than {FEW} trials say nothing.",
        ),
    )


def _upto(trial: TrialInfo, steps: Sequence[int], fidelity: str) -> float:
    """The score at a length; over seeds, the mean of those so far."""
    if fidelity != "seeds":
        return trial.steps[steps[-1]]
    seen = [trial.steps[step] for step in steps if step in trial.steps]
    return sum(seen) / len(seen)


def _fidelity(name: str, step: int, count: int) -> str:
    if name == "seeds":
        return f"{count} seed" if count == 1 else f"{count} seeds"
    return f"{name} = {step}"
