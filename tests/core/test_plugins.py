"""Plugins are found without import, isolated when broken, and never silently replaced."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench.core.errors import BrokenPlugin, DuplicateName, UnknownName
from bench.plugin.discovery import get, listing, load_file, names, scan

GOOD = '''
"""Source: a test."""
from bench import distiller

@distiller("{name}")
def make(weight: float = 1.0):
    """One line."""
    return weight
'''


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.py"
    path.write_text(text)
    return path


def test_scan_reads_names_from_text_alone(tmp_path: Path) -> None:
    path = write(tmp_path, "x", "import nowhere\n" + GOOD.format(name="scanned"))
    (found,) = scan(path)
    assert (found.kind, found.name, found.doc) == ("distiller", "scanned", "One line.")


def test_a_file_registers_its_factory(tmp_path: Path) -> None:
    (entry,) = load_file(write(tmp_path, "good", GOOD.format(name="from-a-file")))
    assert entry.fields()["weight"].default == 1.0
    assert get("distiller", "from-a-file") == entry
    assert "from-a-file" in names("distiller")


def test_builtin_name_cannot_be_taken(tmp_path: Path) -> None:
    with pytest.raises(DuplicateName, match=r"wmdd\.py and .*thief\.py"):
        load_file(write(tmp_path, "thief", GOOD.format(name="wmdd")))


def test_two_files_cannot_share_a_name(tmp_path: Path) -> None:
    load_file(write(tmp_path, "first", GOOD.format(name="shared-name")))
    with pytest.raises(DuplicateName, match="'shared-name'"):
        load_file(write(tmp_path, "second", GOOD.format(name="shared-name")))


def test_broken_file_says_why_and_leaves_nothing_behind(tmp_path: Path) -> None:
    path = write(tmp_path, "broken", GOOD.format(name="half-done") + "\nimport no_such_module\n")
    with pytest.raises(BrokenPlugin, match="No module named 'no_such_module'"):
        load_file(path)
    assert "half-done" not in names("distiller")


def test_syntax_error_is_listed_not_raised(tmp_path: Path) -> None:
    (found,) = scan(write(tmp_path, "typo", "def ("))
    assert "cannot be parsed" in found.error


def test_file_without_a_plugin_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BrokenPlugin, match="found none"):
        load_file(write(tmp_path, "empty", "x = 1"))


def test_unknown_name_gets_the_nearest_match() -> None:
    with pytest.raises(UnknownName, match="unknown distiller 'wmd' — did you mean 'wmdd'"):
        get("distiller", "wmd")


def test_listing_imports_nothing_heavy() -> None:
    code = (
        "import sys; from bench.plugin.discovery import listing\n"
        "listing(); print('torch' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"


def test_builtins_are_listed_with_their_docs() -> None:
    found = {(item.kind, item.name): item for item in listing()}
    assert "barycenter" in found["distiller", "wmdd"].doc.lower()
    assert ("evaluator", "fkd") in found
