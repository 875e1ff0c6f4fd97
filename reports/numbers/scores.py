"""DD-Ranking scores (arXiv:2505.13300) on fractions.

The published package feeds percentages into the exponential, where it saturates; here every
accuracy is in [0, 1].
"""

from math import e, exp

from bench.core.errors import BadValue


def hard_label_recovery(real_hard: float, synthetic_hard: float) -> float:
    """HLR: what hard-label training loses against the full real data; lower is better."""
    return _fraction("real_hard", real_hard) - _fraction("synthetic_hard", synthetic_hard)


def improvement_over_random(synthetic: float, random: float) -> float:
    """IOR: what the synthetic set gains over a random real subset; higher is better."""
    return _fraction("synthetic", synthetic) - _fraction("random", random)


def label_robust_score(hlr: float, ior: float, weight: float = 0.5) -> float:
    """LRS in [0, 1]; higher is better."""
    return _scale(_fraction("weight", weight) * ior - (1 - weight) * hlr)


def augmentation_robust_score(
    gain_augmented: float, gain_plain: float, weight: float = 0.5
) -> float:
    """ARS in [0, 1] from the gains over random with and without augmentation."""
    return _scale(_fraction("weight", weight) * gain_augmented + (1 - weight) * gain_plain)


def _scale(value: float) -> float:
    return (exp(value) - exp(-1)) / (e - exp(-1))


def _fraction(name: str, value: float) -> float:
    if not 0 <= value <= 1:
        raise BadValue(f"{name}: expected a fraction in [0, 1], given {value}")
    return value
