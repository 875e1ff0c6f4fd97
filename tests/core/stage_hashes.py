"""Hashes of the code behind each built-in kind; run as a script, writes versions.json anew."""

import json
from pathlib import Path

from bench.core.fingerprint import module_hash
from bench.execution import planner as planner
from bench.graph.request import kinds
from bench.stages import mixture as mixture

FILE = Path(__file__).with_name("versions.json")
NUMERIC = (  # what decides about numbers; the rest of the core moves artifacts around
    "bench.stages",
    "bench.models",
    "bench.transport",
    "bench.core.seeds",
    "bench.data.augment",
    "bench.data.codec",
    "bench.data.mixing",
    "bench.data.dsa",
    "bench.data.network_input",
    "bench.data.patches",
    "bench.data.pixels",
    "bench.data.zca",
)
USED = {  # kind -> modules that plugins of it compute with, beside those its own module imports
    "recover": (
        "bench.stages.recover",
        "bench.stages.observe",
        "bench.stages.learned_images",
        "bench.transport.solvers",
        "bench.data.dsa",
    ),
    "evaluate": (
        "bench.stages.student",
        "bench.stages.mixture",
        "bench.stages.relabel",
        "bench.stages.epoch_choice",
        "bench.stages.placement",
    ),
}
BEHIND = {
    name: (kind.__module__, *USED.get(name, ()))
    for name, kind in kinds().items()
    if kind.__module__.startswith("bench.")
}


def current() -> dict[str, dict[str, object]]:
    """Kind -> its version and the hash of the code behind it."""
    return {
        name: {
            "version": kinds()[name].version,
            "hash": module_hash(modules, NUMERIC)[:16],
        }
        for name, modules in BEHIND.items()
    }


if __name__ == "__main__":
    FILE.write_text(json.dumps(current(), indent=1) + "\n", encoding="utf-8")
