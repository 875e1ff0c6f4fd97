"""Networks of real and synthetic images: both are in the mixture, once, and both are learned."""

from dataclasses import replace

import pytest
import torch

from bench.artifacts.values import RealSet, SyntheticSet, Teacher
from bench.core.events import silent
from bench.core.seeds import seed_for
from bench.data.mixing import normalize
from bench.data.network_input import network_input
from bench.models.build import build_model
from bench.plugin.recipes import Squeeze
from bench.stages.mixture import Mixed, Mixture
from bench.stages.squeeze import squeeze
from bench.stages.teacher import network
from methods.real import subset

CPU, ARCH = torch.device("cpu"), "convnet2-w8-bn"
STILL = Squeeze(arch=ARCH, epochs=1, batch=64, crop_min=1.0, flip=0.0)


@pytest.fixture
def few(digits: RealSet) -> RealSet:
    return replace(digits, images=digits.images[:150], labels=digits.labels[:150])


@pytest.fixture
def dark(few: RealSet) -> SyntheticSet:
    """Twenty black images, two of each class, of which all are said to be of class 3."""
    made = subset(few, torch.arange(20).view(10, 2))
    return replace(made, images=torch.zeros_like(made.images), labels=torch.full((20,), 3))


def test_the_mixture_holds_both_domains_with_their_classes(
    few: RealSet, dark: SyntheticSet
) -> None:
    mixture = Mixture(few, dark, STILL, CPU)
    assert mixture.synthetic.tolist() == [False] * 150 + [True] * 20
    assert torch.equal(mixture.labels, torch.cat((few.labels, torch.full((20,), 3))))


def test_every_image_of_both_comes_once_an_epoch_with_its_class(
    few: RealSet, dark: SyntheticSet
) -> None:
    """Without crops and mirrors, what comes are the images themselves."""
    known = torch.cat(
        (normalize(few.images, few.mean, few.std), normalize(dark.images, few.mean, few.std))
    )
    rows = torch.cat((known.flatten(1), torch.cat((few.labels, dark.labels))[:, None]), 1)
    mixture = Mixture(few, dark, STILL, CPU)
    orders = []
    for epoch in range(2):
        came = [torch.cat((x.flatten(1), y[:, None]), 1) for x, y in mixture(epoch)]
        assert [len(batch) for batch in came] == [64, 64, 42]
        orders.append(torch.cat(came))
        torch.testing.assert_close(sorted_rows(orders[-1]), sorted_rows(rows), atol=1e-5, rtol=0)
    assert not torch.equal(*orders)


def sorted_rows(rows: torch.Tensor) -> torch.Tensor:
    return torch.tensor(sorted((rows * 1e4).round().tolist())) / 1e4


def test_sets_that_stand_for_more_images_are_decoded(few: RealSet, dark: SyntheticSet) -> None:
    mixture = Mixture(few, replace(dark, factor=2), STILL, CPU)
    assert mixture.labels[150:].tolist() == [3] * 80
    assert len(network_input(replace(dark, factor=2), few.mean, few.std).images) == 80


def test_the_network_learns_what_only_the_synthetic_images_say(
    few: RealSet, digits_test: RealSet, dark: SyntheticSet
) -> None:
    """Black images are said to be of the class that real images alone make least likely."""
    config = Squeeze(arch=ARCH, epochs=8, batch=32, lr=0.1)
    black = normalize(torch.zeros_like(few.images[:1]), few.mean, few.std)
    alone = squeeze(few, digits_test, config, CPU, False, silent)
    least = int(network(alone)(black).argmin())
    said = replace(dark, labels=torch.full((20,), least))
    feed = Mixture(few, said, config, CPU)
    together = squeeze(few, digits_test, config, CPU, False, silent, feed=feed, stage="mixture")
    assert float(network(together)(black).softmax(1)[0, least]) > 0.8
    assert together.top1 > 0.3  # and the real images, too; chance is 0.1


def test_its_weights_are_its_own_and_start_from_its_seed(
    few: RealSet, digits_test: RealSet, dark: SyntheticSet
) -> None:
    """At a rate of nearly nothing the weights stay those that the seed gives: a known network."""
    config = replace(STILL, lr=1e-12, weight_decay=0.0, seed=5)
    feed = Mixture(few, dark, config, CPU)
    made = Mixed(
        **vars(squeeze(few, digits_test, config, CPU, False, silent, feed=feed, stage="mixture"))
    )
    known = build_model(
        ARCH, num_classes=10, channels=1, resolution=8, seed=seed_for(5, "squeeze", "init")
    )
    for name, value in known.named_parameters():
        torch.testing.assert_close(made.state[name], value.detach())
    assert isinstance(made, Teacher)
