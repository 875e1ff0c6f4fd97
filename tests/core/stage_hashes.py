"""Hashes of the code behind each core stage; run as a script, writes versions.json anew."""

import json
from pathlib import Path

from bench.fingerprint import module_hash
from bench.plan import VERSIONS

FILE = Path(__file__).with_name("versions.json")
NUMERIC = (  # what decides about numbers; the rest of the core moves artifacts around
    "bench.stages",
    "bench.models",
    "bench.transport",
    "bench.seeds",
    "bench.data.augment",
    "bench.data.codec",
    "bench.data.mixing",
)
BEHIND = {  # stage -> modules from which its numbers come; what they import counts, too
    "squeeze": ("bench.stages.squeeze",),
    "observe": ("bench.stages.observe",),
    "barycenter": ("bench.stages.barycenter", "bench.stages.observe"),
    "recover": ("bench.stages.recover", "bench.stages.observe", "bench.transport.solvers"),
    "relabel": ("bench.stages.relabel",),
    "evaluate": (
        "bench.stages.student",
        "bench.stages.relabel",
        "bench.stages.epoch_choice",
        "bench.stages.placement",
    ),
}


def current() -> dict[str, dict[str, object]]:
    """Stage -> its version in the planner and the hash of the code behind it."""
    return {
        stage: {"version": VERSIONS[stage], "hash": module_hash(modules, NUMERIC)[:16]}
        for stage, modules in BEHIND.items()
    }


if __name__ == "__main__":
    FILE.write_text(json.dumps(current(), indent=1) + "\n", encoding="utf-8")
