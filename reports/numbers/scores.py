"""DD-Ranking scores (arXiv:2505.13300) on fractions.

The published package feeds percentages into the exponential, where it saturates; here every
accuracy is in [0, 1].
"""

from collections.abc import Mapping, Sequence
from math import e, exp

from reports.numbers.statistics import Sample, describe


def robust_score(
    gains: Sequence[Mapping[int, float]], weights: Sequence[float] = (0.5, 0.5)
) -> Sample | None:
    """LRS or ARS with its interval: of IOR and minus HLR, or of two gains, by seed, as fractions.

    The weighted sum is taken seed by seed, since its parts share students' starts and data orders;
    its Student-t interval is mapped by the scale, which is monotone. None without a shared seed.
    """
    shared = sorted(set.intersection(*(set(gain) for gain in gains)))
    if not shared:
        return None
    sums = [sum(w * gain[seed] for w, gain in zip(weights, gains, strict=True)) for seed in shared]
    found = describe(sums)
    if found.low is None or found.high is None:
        return Sample(found.n, _scale(found.mean))
    low, high = max(-1.0, found.low), min(1.0, found.high)
    return Sample(found.n, _scale(found.mean), low=_scale(low), high=_scale(high))


def _scale(value: float) -> float:
    return (exp(value) - exp(-1)) / (e - exp(-1))
