"""A tiny real set, its teacher and a synthetic set for the tests of evaluators."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from bench.artifacts.values import RealSet, SyntheticSet, Teacher
from bench.core.events import silent
from bench.data.builtin import get_dataset
from bench.data.load import load
from bench.plugin.recipes import Squeeze
from bench.stages.squeeze import squeeze
from methods.real import subset

IPC = 5


@pytest.fixture(scope="session")
def real(data_root: Path) -> RealSet:
    """Twenty training images of each digit, sorted by class."""
    digits = load(get_dataset("digits"), "train", data_root)
    chosen = torch.cat([torch.nonzero(digits.labels == k).flatten()[:20] for k in range(10)])
    return replace(digits, images=digits.images[chosen].clone(), labels=digits.labels[chosen])


@pytest.fixture(scope="session")
def test_set(data_root: Path) -> RealSet:
    return load(get_dataset("digits"), "test", data_root)


@pytest.fixture(scope="session")
def teacher(real: RealSet, test_set: RealSet) -> Teacher:
    config = Squeeze(arch="convnet3-w16-bn", epochs=10, crop_min=0.5, flip=0.0)
    return squeeze(real, test_set, config, torch.device("cpu"), False, silent)


@pytest.fixture(scope="session")
def synthetic(real: RealSet) -> SyntheticSet:
    """The first five images of each digit."""
    return subset(real, torch.arange(10)[:, None] * 20 + torch.arange(IPC))
