"""Learning-rate schedules as factors of the initial rate."""

import math


def cosine(step: int, total: int) -> float:
    """Half a cosine from 1 at step 0 towards 0 at step `total`."""
    return 0.5 * (1 + math.cos(math.pi * step / total))
