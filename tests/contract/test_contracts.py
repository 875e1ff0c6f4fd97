"""Every registered distiller and evaluator keeps every clause of its contract."""

from pathlib import Path

import pytest
import torch
from shared_checker import Checker

from bench.plugin.discovery import get, load_file, names
from bench.plugin.registry import Kind
from bench.study.catalog import FROM_PATH

PLUGINS = [  # from-path makes nothing without a file; tests/exchange has files for it
    (kind, name) for kind in ("distiller", "evaluator") for name in names(kind) if name != FROM_PATH
]


@pytest.mark.parametrize(("kind", "name"), PLUGINS, ids=lambda value: str(value))
def test_plugin_keeps_its_contract(
    kind: Kind, name: str, checker: Checker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DDBENCH_KEEP_SECONDS", "0")  # a broken stage goes on where it was
    found = checker(get(kind, name))
    broken = {check.name: check.detail for check in found if not check.ok}
    assert found
    assert broken == {}


THEIRS = '''
"""A set of others under a name of its own. Source: methods/from_path.py."""
from bench import distiller
from methods.from_path import FromPath, from_path

@distiller("a-set-of-others", seeded=False)
def a_set_of_others(path: str = {path!r}) -> FromPath:
    """A set of others, read from a path."""
    return from_path(path)
'''


def test_a_set_of_others_keeps_every_clause_of_a_distiller(
    checker: Checker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DDBENCH_KEEP_SECONDS", "0")
    images = torch.rand(20, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    torch.save([images, torch.arange(10).repeat_interleave(2)], tmp_path / "set.pt")
    file = tmp_path / "theirs.py"
    file.write_text(THEIRS.format(path=str(tmp_path / "set.pt")))
    (plugin,) = load_file(file)
    broken = {check.name: check.detail for check in checker(plugin) if not check.ok}
    assert broken == {}
