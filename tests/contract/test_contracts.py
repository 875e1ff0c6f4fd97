"""Every registered distiller and evaluator keeps every clause of its contract."""

import pytest
from shared_checker import Checker

from bench.plugin.discovery import get, names
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
