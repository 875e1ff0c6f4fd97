"""Seeds: every random stream of a cell, derived from its one integer.

The derivation is fixed for ever: changing it would change every number and every address.
"""

import json
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Generator


def seed_for(seed: int, stage: str, *scope: str | int) -> int:
    """A seed in [0, 2**63) for one stage, and for a part of it that `scope` names.

    It depends on the method only where the caller puts the method into `scope`, so that equal
    seeds pair students of different methods.
    """
    text = json.dumps([seed, stage, *scope], separators=(",", ":"))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big") >> 1


def generator_for(seed: int, stage: str, *scope: str | int) -> "Generator":
    """A CPU generator that starts at `seed_for(seed, stage, *scope)`."""
    import torch

    return torch.Generator().manual_seed(seed_for(seed, stage, *scope))
