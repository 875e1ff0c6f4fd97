"""Whoever changes the code behind a core stage decides whether old artifacts are still right.

The code of plugins is part of addresses; that of the core is not, it has versions instead.
"""

import ast
import json
from pathlib import Path

import pytest
from stage_hashes import BEHIND, FILE, NUMERIC, current

from bench.core.fingerprint import module_hash

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = [*(ROOT / "methods").glob("*.py"), *(ROOT / "evaluators").glob("*.py")]
REFRESH = "python tests/core/stage_hashes.py"


def numeric(name: str) -> bool:
    return any(name == part or name.startswith(f"{part}.") for part in NUMERIC)


@pytest.mark.parametrize("stage", BEHIND)
def test_code_behind_a_stage_is_that_of_its_version(stage: str) -> None:
    known = json.loads(FILE.read_text(encoding="utf-8"))[stage]
    now = current()[stage]
    if now["version"] != known["version"]:
        pytest.fail(f"{stage} has a new version: run `{REFRESH}` and commit versions.json")
    if now["hash"] != known["hash"]:
        pytest.fail(
            f"code behind the stage {stage!r} has changed ({', '.join(BEHIND[stage])} or what "
            f"they import). If its numbers change, raise the version in its @artifact, "
            f"so that old artifacts are made anew. Then, or if they do not, run `{REFRESH}`."
        )


def test_every_stage_is_guarded() -> None:
    assert set(BEHIND) == set(json.loads(FILE.read_text(encoding="utf-8")))


def test_numeric_core_that_plugins_use_is_guarded() -> None:
    """Adding such a module to what is behind `recover` and `evaluate` changes no hash."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in PLUGINS]
    froms = {n.module or "" for t in trees for n in ast.walk(t) if isinstance(n, ast.ImportFrom)}
    behind = (*BEHIND["recover"], *BEHIND["evaluate"])
    used = sorted(filter(numeric, froms))
    assert used
    assert module_hash((*behind, *used), NUMERIC) == module_hash(behind, NUMERIC)
