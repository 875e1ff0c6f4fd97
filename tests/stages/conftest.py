"""A tiny real set and its teacher, shared by the stage tests."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from bench.artifacts.values import Observation, RealSet, Teacher
from bench.core.events import silent
from bench.data.builtin import get_dataset
from bench.data.load import load
from bench.plugin.recipes import Observe, Squeeze
from bench.stages.observe import observe
from bench.stages.squeeze import squeeze

CPU = torch.device("cpu")


@pytest.fixture(scope="session")
def digits(data_root: Path) -> RealSet:
    """Thirty training images of each digit."""
    real = load(get_dataset("digits"), "train", data_root)
    chosen = torch.cat([torch.nonzero(real.labels == k).flatten()[:30] for k in range(10)])
    return replace(real, images=real.images[chosen].clone(), labels=real.labels[chosen].clone())


@pytest.fixture(scope="session")
def digits_test(data_root: Path) -> RealSet:
    return load(get_dataset("digits"), "test", data_root)


@pytest.fixture(scope="session")
def teacher(digits: RealSet, digits_test: RealSet) -> Teacher:
    config = Squeeze(arch="convnet3-w16-bn", epochs=12, crop_min=0.5, flip=0.0)
    return squeeze(digits, digits_test, config, CPU, False, silent)


@pytest.fixture(scope="session")
def seen(digits: RealSet, teacher: Teacher) -> Observation:
    return observe(digits, teacher, Observe(batch=100), CPU, False, silent)
