"""`bench store`: what it holds, whether it is intact, and what a clean-up leaves."""

import json
import re
import shutil
from pathlib import Path

import pytest
from cli_runs import TINY, Bench, Invoke

from bench.storage.manifest import sealed

STAGES = {"squeeze": 1, "observe": 1, "barycenter": 1, "recover": 6, "relabel": 6, "evaluate": 6}


@pytest.fixture
def made(bench: Bench, tiny_ran: Bench) -> Bench:
    """A store that holds the tiny study."""
    shutil.copytree(tiny_ran.store, bench.store, ignore=shutil.ignore_patterns("tracking"))
    return bench


def damaged(made: Bench) -> str:
    """The address of an artifact that is not as it was stored."""
    path = next(iter(made.store.glob("objects/*/*/*.safetensors")))
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    return path.parent.name


def test_it_lists_every_artifact_with_its_stage(made: Bench, invoke: Invoke) -> None:
    listed = json.loads(invoke("store", "ls", "--json").out)
    counts = {stage: sum(one["stage"] == stage for one in listed) for stage in STAGES}
    assert counts == STAGES
    shown = invoke("store", "ls", "--stage", "recover").out
    assert shown.count(" recover ") == 6
    assert "\n6 artifacts, " in shown


def test_a_kind_that_there_is_none_of_is_no_typo(
    made: Bench, invoke: Invoke, tmp_path: Path
) -> None:
    """The stages' kinds are known, and those of plugins; the store need not hold any."""
    shown = json.loads(invoke("store", "ls", "--stage", "recover", "--json").out)
    assert {row["stage"] for row in shown} == {"recover"}
    empty = ("store", "ls", "--store", str(tmp_path / "empty"), "--json", "--stage")
    assert invoke(*empty, "recover").out == "[]\n"
    text = (Path(__file__).parents[2] / "docs/kinds.md").read_text(encoding="utf-8")
    code = re.findall(r"```python\n(.*?)```", text, flags=re.S)[0]
    (tmp_path / "paths.py").write_text(code, encoding="utf-8")
    plugin = ("--plugin", str(tmp_path / "paths.py"))
    assert invoke(*empty, "path", *plugin).out == "[]\n"
    ended = invoke(*empty, "pth", *plugin)
    assert (ended.code, ended.out) == (2, "")
    assert "unknown kind of artifact 'pth' — did you mean 'path'?" in ended.err


def test_an_intact_store_says_so(made: Bench, invoke: Invoke) -> None:
    ended = invoke("store", "verify")
    assert (ended.code, ended.out) == (0, "all artifacts are intact\n")


def test_a_damaged_artifact_is_named_and_can_be_removed(made: Bench, invoke: Invoke) -> None:
    address = damaged(made)
    ended = invoke("store", "verify")
    assert ended.code == 1
    assert address in ended.out
    assert "1 problems" in ended.out
    assert "1 corrupt artifacts" in invoke("store", "gc", "--corrupt").out
    assert address not in made.objects()
    assert len(made.objects()) == sum(STAGES.values()) - 1


def test_a_clean_store_has_nothing_to_remove(made: Bench, invoke: Invoke) -> None:
    before = made.objects()
    ended = invoke("store", "gc", "--dry-run")
    assert ended.out == "0 leftovers of killed runs, 0 B\nnothing was removed (--dry-run)\n"
    assert made.objects() == before


def test_what_a_kept_study_uses_stays_and_the_rest_goes(made: Bench, invoke: Invoke) -> None:
    (made.folder / "one.py").write_text(TINY.replace("(0, 1)", "(0,)"))
    words = ("store", "gc", "--keep-study", "one.py")
    tried = invoke(*words, "--dry-run")
    assert tried.out.startswith("9 artifacts and leftovers, ")
    assert len(made.objects()) == 21
    ended = invoke(*words)
    assert ended.out == tried.out.replace("nothing was removed (--dry-run)", "removed")
    assert len(made.objects()) == 12
    assert "all is in the store" in invoke("plan", "one.py", "--profile", "smoke").out


def test_a_study_on_absent_data_is_kept_where_none_of_it_is_there(
    made: Bench, invoke: Invoke
) -> None:
    absent = TINY.replace('name="tiny"', 'name="far", paper_datasets=("imagenette",)')
    (made.folder / "far.py").write_text(absent)
    ended = invoke("store", "gc", "--keep-study", "far.py", "--dry-run")
    assert ended.out.startswith("0 artifacts and leftovers"), ended.err


def test_artifacts_of_absent_data_are_not_lost(made: Bench, invoke: Invoke) -> None:
    absent = TINY.replace('name="tiny"', 'name="far", paper_datasets=("imagenette",)')
    (made.folder / "far.py").write_text(absent)
    before = made.objects()
    manifest = next(iter(made.store.glob("objects/*/*/manifest.json")))
    relabelled(manifest, "WMDD · imagenette · ipc 10 · s0")
    ended = invoke("store", "gc", "--keep-study", "far.py")
    assert ended.code == 2
    assert "--keep-study far.py: expected the data set imagenette, of which the store" in ended.err
    assert ended.err.count("\n") == 1
    assert made.objects().keys() == before.keys()


def relabelled(manifest: Path, label: str) -> None:
    content = json.loads(manifest.read_text(encoding="utf-8"))
    manifest.write_text(sealed({**content, "label": label}), encoding="utf-8")
