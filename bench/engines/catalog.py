"""The engines by name."""

from collections.abc import Mapping

from bench.core.errors import UnknownName
from bench.engines.job import Engine
from bench.engines.kubernetes import Kubernetes
from bench.engines.ray import Ray
from bench.engines.skypilot import SkyPilot
from bench.engines.slurm import Slurm

ENGINES: Mapping[str, Engine] = {
    "slurm": Slurm(),
    "kubernetes": Kubernetes(),
    "skypilot": SkyPilot(),
    "ray": Ray(),
}


def engine_named(name: str) -> Engine:
    """An engine.

    Raises:
        UnknownName: there is none of that name.
    """
    if name not in ENGINES:
        raise UnknownName.of("engine", name, list(ENGINES))
    return ENGINES[name]
