"""Services that the tests of this folder share; what a machine lacks is skipped or demanded."""

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from servers import HOST, held_port
from services import (
    BUCKET,
    KEYS,
    Postgres,
    Shared,
    postgres,
    programs,
    s3,
    tracking,
)

REQUIRED = "DDBENCH_REQUIRE_SERVERS"  # set, a missing program fails instead of skipping
PACKAGES = ("psycopg2", "boto3", "moto")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.integration)


def missing() -> str:
    """What this machine lacks, "" where the services can be started."""
    packages = [name for name in PACKAGES if find_spec(name) is None]
    if packages:
        return f"{', '.join(packages)} not installed: pip install 'dd-bench[dev]'"
    return "" if programs() else "no PostgreSQL: apt-get install postgresql"


@pytest.fixture(scope="session")
def database() -> Iterator[Postgres]:
    """A PostgreSQL cluster with the databases `mlflow` and `optuna`."""
    lack = missing()
    if lack and os.environ.get(REQUIRED):
        pytest.fail(f"{REQUIRED} is set, but: {lack}")
    if lack:
        pytest.skip(lack)
    with postgres() as cluster:
        for name in ("mlflow", "optuna"):
            cluster.create(name)
        yield cluster


@pytest.fixture(scope="session")
def shared(database: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    """MLflow's server on PostgreSQL and a bucket."""
    import boto3

    folder = tmp_path_factory.mktemp("services")
    with (
        held_port() as s3_port,
        held_port() as port,
        pytest.MonkeyPatch.context() as patch,
        s3(folder, s3_port),
    ):
        for name, value in {**KEYS, "no_proxy": HOST, "NO_PROXY": HOST}.items():
            patch.setenv(name, value)
        bucket = boto3.client("s3", endpoint_url=f"http://{HOST}:{s3_port}")
        bucket.create_bucket(Bucket=BUCKET)
        with tracking(folder, port, database.url("mlflow"), s3_port) as server:
            yield Shared(f"http://{HOST}:{port}", server, database, bucket)
