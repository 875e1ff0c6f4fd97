"""One pass yields the features and statistics that separate passes would."""

import pytest
import torch

from bench.artifacts.values import GlobalStats, Observation, RealSet, Teacher
from bench.core.events import silent
from bench.data.mixing import normalize
from bench.models.taps import Tapped
from bench.plugin.recipes import Observe
from bench.stages.observe import class_features, class_means, class_stats, global_stats, observe
from bench.stages.teacher import network

CPU = torch.device("cpu")


def inputs_of_batchnorm(teacher: Teacher, images: torch.Tensor) -> list[torch.Tensor]:
    """Raw inputs of every BatchNorm layer, by plain hooks."""
    model, caught = network(teacher), []
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.register_forward_pre_hook(lambda _, args: caught.append(args[0].double()))
    with torch.no_grad():
        model(images)
    return caught


def test_class_statistics_equal_direct_computation(
    seen: Observation, teacher: Teacher, digits: RealSet
) -> None:
    images = normalize(digits.images[digits.labels == 3], digits.mean, digits.std)
    for layer, x in enumerate(inputs_of_batchnorm(teacher, images)):
        flat = x.transpose(0, 1).flatten(1)
        torch.testing.assert_close(seen.means[layer][3], flat.mean(1).float(), atol=1e-5, rtol=1e-4)
        direct = flat.var(1, unbiased=False).float()
        torch.testing.assert_close(seen.pooled[layer][3], direct, atol=1e-5, rtol=1e-3)


def test_one_batch_per_class_makes_both_variances_equal(seen: Observation) -> None:
    for pooled, within in zip(seen.pooled, seen.within, strict=True):
        torch.testing.assert_close(pooled, within, atol=1e-6, rtol=1e-5)


def test_within_batch_variance_leaves_out_the_spread_of_batch_means(
    digits: RealSet, teacher: Teacher
) -> None:
    small = observe(digits, teacher, Observe(batch=7), CPU, False, silent)
    # total = within + between, so within can only be smaller; with 5 batches it is
    assert all((w <= p + 1e-6).all() for w, p in zip(small.within, small.pooled, strict=True))
    assert any((w < p - 1e-4).any() for w, p in zip(small.within, small.pooled, strict=True))


def test_features_are_the_classifiers_input_sorted_by_class(
    seen: Observation, teacher: Teacher, digits: RealSet
) -> None:
    assert seen.labels.tolist() == sorted(digits.labels.tolist())
    with Tapped(network(teacher)) as tapped, torch.no_grad():
        out = tapped(normalize(digits.images[digits.labels == 9], digits.mean, digits.std))
    torch.testing.assert_close(
        seen.features["penultimate"][seen.labels == 9], out.features["penultimate"]
    )


def test_views_of_an_observation(seen: Observation) -> None:
    assert class_stats(seen, "within-batch").variances is seen.within
    assert class_stats(seen, "pooled").variances is seen.pooled
    features = class_features(seen, "penultimate")
    means = class_means(seen, "penultimate").means
    expected = features.features[features.labels == 4].mean(0)
    torch.testing.assert_close(means[4], expected, atol=1e-5, rtol=1e-5)


def test_pooled_global_statistics_equal_direct_ones(
    seen: Observation, teacher: Teacher, digits: RealSet
) -> None:
    stats: GlobalStats = global_stats(seen)
    images = normalize(digits.images, digits.mean, digits.std)
    for layer, x in enumerate(inputs_of_batchnorm(teacher, images)):
        flat = x.transpose(0, 1).flatten(1)
        torch.testing.assert_close(stats.means[layer], flat.mean(1).float(), atol=1e-5, rtol=1e-4)
        direct = flat.var(1, unbiased=False).float()
        torch.testing.assert_close(stats.variances[layer], direct, atol=1e-5, rtol=1e-3)


def test_easy_images_have_a_small_loss(seen: Observation) -> None:
    assert seen.nll.shape == seen.labels.shape
    assert seen.nll.median().item() < 1.0  # chance is ln 10 = 2.3


@pytest.mark.parametrize("layers", [("penultimate",), ("penultimate", "layer-1")])
def test_one_pass_serves_several_layers(
    digits: RealSet, teacher: Teacher, layers: tuple[str, ...]
) -> None:
    found = observe(digits, teacher, Observe(layers=layers), CPU, False, silent)
    assert tuple(found.features) == layers
    assert all(len(f) == len(digits.labels) for f in found.features.values())
