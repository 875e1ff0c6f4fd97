"""A data set and a store that all contract tests share."""

from pathlib import Path

import pytest
from shared_checker import Checker


@pytest.fixture(scope="session")
def checker(data_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Checker:
    return Checker(data_root, tmp_path_factory.mktemp("contract"))
