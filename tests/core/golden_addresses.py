"""The addresses of every built-in study, so that a change of them is seen and meant.

Run as a script, it writes addresses.json anew: whoever does so makes every store start over for
the studies that change, and says in the commit why.
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from bench.data.builtin import get_dataset
from bench.execution.planner import make_plan
from bench.graph.plan import Plan
from bench.graph.request import Source
from bench.study.catalog import load_study, study_names
from bench.study.overrides import Overrides

FILE = Path(__file__).with_name("addresses.json")


def source(name: str) -> Source:
    """A data set of made-up bytes: its digests are its name."""
    train, test = (sha256(f"{name} {split}".encode()).hexdigest() for split in ("train", "test"))
    return Source(get_dataset(name), train, test, 1000, 200)


def plan_of(study: str) -> Plan:
    return make_plan(load_study(study), "quick", Overrides(), source)


def current() -> Mapping[str, Mapping[str, str]]:
    """Study -> kind -> how many artifacts of the kind, and a digest over their addresses."""
    found: dict[str, dict[str, str]] = {}
    for name in sorted(study_names()):
        tasks = plan_of(name).tasks().values()
        found[name] = {}
        for kind in sorted({task.stage for task in tasks}):
            mine = sorted(task.address for task in tasks if task.stage == kind)
            digest = sha256("".join(mine).encode()).hexdigest()[:16]
            found[name][kind] = f"{len(mine)} {digest}"
    return found


if __name__ == "__main__":
    FILE.write_text(json.dumps(current(), indent=1) + "\n", encoding="utf-8")
