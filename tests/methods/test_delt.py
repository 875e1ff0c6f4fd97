"""DELT: who is optimised in which round, and who stays real."""

import pytest
from torch import Generator
from toy import RECOVER, budget, distil, reference_for, still

from bench.artifacts.values import Observation, RealSet
from bench.core.errors import BadValue
from bench.core.events import Event, Step
from bench.plugin.recipes import Recover
from methods.cda import cda
from methods.delt import Rounds, delt


def test_images_enter_as_in_the_released_code() -> None:
    """`get_round_imgs_indx` at IPC 10 with 8 rounds of 500: 2 2 1 1 1 1 1 1 new images."""
    made = Rounds(8)(4000, 10, 224)
    assert [part.entered for part in made] == [2, 4, 5, 6, 7, 8, 9, 10]
    assert [part.stop for part in made] == list(range(500, 4001, 500))
    assert {part.keep for part in made} == {None}


def test_one_image_is_optimised_from_the_first_step_to_the_last() -> None:
    assert {part.entered for part in Rounds(8)(4000, 1, 8)} == {1}


@pytest.mark.parametrize(("iterations", "count", "ipc"), [(3, 8, 2), (200, 8, 5), (7, 3, 50)])
def test_rounds_cover_all_steps_and_end_with_all_images(
    iterations: int, count: int, ipc: int
) -> None:
    made = Rounds(count)(iterations, ipc, 8)
    stops = [part.stop for part in made]
    assert stops == sorted(set(stops))
    assert stops[-1] == iterations
    assert made[-1].entered == ipc


def test_an_image_moves_from_the_round_on_in_which_it_enters() -> None:
    """The steps of the last image are those after the others have had all the earlier ones."""
    long = Recover(iterations=20, crop_min=0.5, roll=0, codec="png", lr=0.05)
    method = delt(recover=long, rounds=5)
    start = distil(still(method), ipc=5).images.int()
    moved = (distil(method, ipc=5).images.int() - start).abs().float().mean((1, 2, 3))
    first, last = moved[[0, 5]].mean(), moved[[4, 9]].mean()
    assert first > 2 * last
    assert first > 1


def test_images_that_do_not_move_are_the_medium_real_ones() -> None:
    method = still(delt(recover=RECOVER))
    have = reference_for(method)
    assert method.start is not None
    start = method.start(have, budget(2), Generator())
    assert (distil(method, reference=have).images.int() - start.int()).abs().max() <= 1
    real = {tuple(image.flatten().tolist()) for image in have[RealSet].images}
    assert {tuple(image.flatten().tolist()) for image in start} <= real


def test_one_round_is_cda_from_medium_images_in_batches_of_whole_classes() -> None:
    made, base = delt(recover=RECOVER, rounds=1), cda(recover=RECOVER)
    assert made.curriculum == base.curriculum
    assert made.grouping == "class-major"
    assert Observation in made.needs
    assert RealSet in made.needs


def test_progress_counts_every_step_of_every_round() -> None:
    heard: list[Event] = []
    distil(delt(recover=RECOVER, rounds=2), emit=heard.append)
    assert [e.step for e in heard if isinstance(e, Step)] == [1, 2, 3, 4]


def test_no_round_is_refused() -> None:
    with pytest.raises(BadValue, match="rounds: expected at least 1, given 0"):
        delt(rounds=0)


def test_more_images_than_a_class_has_are_refused() -> None:
    with pytest.raises(BadValue, match="ipc: expected at most the size of the smallest class"):
        distil(delt(recover=RECOVER), ipc=7)
