"""Fixtures that every folder may use."""

import os
from pathlib import Path

import pytest
import torch

if "PYTEST_XDIST_WORKER" in os.environ:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def data_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder of this test session; digits are decoded into it on first use."""
    return tmp_path_factory.mktemp("data")
