"""Seeds are the same for ever, and different wherever something differs."""

import pytest
import torch

from bench.core.seeds import generator_for, seed_for


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((0, "squeeze"), 3729784876991265860),
        ((0, "squeeze", "init"), 6458143178445176387),
        ((7, "recover", 3), 4960499941466676556),
    ],
)
def test_golden(arguments: tuple[int, str], expected: int) -> None:
    assert seed_for(*arguments) == expected


def test_every_argument_counts_and_types_are_not_confused() -> None:
    seeds = [
        seed_for(0, "a"),
        seed_for(1, "a"),
        seed_for(0, "b"),
        seed_for(0, "a", "b"),
        seed_for(0, "ab"),
        seed_for(0, "a", 1),
        seed_for(0, "a", "1"),
        seed_for(0, "a", 1, 1),
        seed_for(0, "a", 11),
    ]
    assert len(set(seeds)) == len(seeds)


def test_seeds_are_63_bits() -> None:
    seeds = [seed_for(i, "recover") for i in range(1000)]
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert max(seeds) > 2**62  # of 1000 uniform draws all lie below with probability 2**-1000


def test_a_generator_starts_at_the_seed_and_leaves_the_global_one_alone() -> None:
    before = torch.random.get_rng_state()
    drawn = torch.rand(4, generator=generator_for(3, "relabel", "crops"))
    expected = torch.Generator().manual_seed(seed_for(3, "relabel", "crops"))
    assert torch.equal(drawn, torch.rand(4, generator=expected))
    assert torch.equal(before, torch.random.get_rng_state())
