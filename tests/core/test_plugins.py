"""Plugins are found without import, isolated when broken, and never silently replaced."""

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from bench.core.errors import BadValue, BrokenPlugin, DuplicateName, UnknownName
from bench.plugin.discovery import get, listing, load_entry_points, load_file, names, scan

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


ENDING = ["raise SystemExit(0)", "raise KeyboardInterrupt", "import sys; sys.exit()"]


@pytest.mark.parametrize(
    "line", [*ENDING, "raise GeneratorExit", "class E(BaseException): ...\nraise E"]
)
def test_a_plugin_that_would_end_the_process_is_broken_like_any_other(
    line: str, tmp_path: Path
) -> None:
    path = write(tmp_path, "ending", GOOD.format(name="ends-it-all") + f"\n{line}\n")
    with pytest.raises(BrokenPlugin, match=r"ending\.py failed to import: \w+"):
        load_file(path)
    assert "ends-it-all" not in names("distiller")


def test_a_signal_stops_even_while_a_plugin_is_imported(tmp_path: Path) -> None:
    """Ctrl-C in a slow import: the real signal, not something the plugin raised."""
    raising = (
        "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nfor _ in range(10**7): pass\n"
    )
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        load_file(write(tmp_path, "slow", raising))
    assert signal.getsignal(signal.SIGINT) is before


def test_an_interrupt_in_a_thread_passes(tmp_path: Path) -> None:
    """No handler can be set there, so that nobody knows whose it was."""
    path, seen = write(tmp_path, "threaded", "raise KeyboardInterrupt\n"), list[BaseException]()

    def work() -> None:
        try:
            load_file(path)
        except BaseException as error:
            seen.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert [type(error) for error in seen] == [KeyboardInterrupt]


@pytest.mark.parametrize(
    "name", ["5", "None", "''", "' '", "'a b'", "'a/b'", "'../x'", "'.x'", "'a\\nb'", "'x' * 101",
             "'digits#val'", "'a=b'", "'-x'", "make"],
)  # fmt: skip
def test_names_that_cannot_be_typed_are_refused(name: str, tmp_path: Path) -> None:
    text = f"from bench import distiller\nmake = print\n@distiller({name})\ndef f(): ...\n"
    with pytest.raises(BadValue, match=r'expected @distiller\("name"\) with a name of at most 100'):
        load_file(write(tmp_path, "named", text))
    assert listing()


def test_one_file_cannot_register_a_name_twice(tmp_path: Path) -> None:
    text = GOOD.format(name="twice-here") + "\n@distiller('twice-here')\ndef other(): ...\n"
    with pytest.raises(DuplicateName, match=r"'twice-here' in .*twice\.py: make\(\) and other\(\)"):
        load_file(write(tmp_path, "twice", text))
    assert "twice-here" not in names("distiller")


def test_a_file_may_be_imported_again(tmp_path: Path) -> None:
    path = write(tmp_path, "again", GOOD.format(name="imported-again"))
    load_file(path)
    sys.modules.pop(next(name for name, m in sys.modules.items()
                         if getattr(m, "__file__", None) == str(path)))  # fmt: skip
    assert [entry.name for entry in load_file(path)] == ["imported-again"]


class Point:
    """An installed plugin."""

    dist = None

    def __init__(self, name: str, path: Path) -> None:
        self.name, self.value, self._path = name, str(path), path

    def load(self) -> None:
        exec(compile(self._path.read_text(), str(self._path), "exec"), {"__name__": self.name})


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("raise SystemExit(0)\n", "SystemExit: 0"),
        ("raise KeyboardInterrupt\n", "KeyboardInterrupt"),
        (GOOD.format(name="wmdd"), "DuplicateName: two distillers are named 'wmdd'"),
        (GOOD.replace('"{name}"', "7"), "BadValue: distiller 7: expected"),
    ],
)
def test_installed_plugins_that_are_broken_are_told_and_harm_no_other(
    text: str, error: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = GOOD.format(name="installed-well")
    files = {"bad": write(tmp_path, "bad", text), "good": write(tmp_path, "good", good)}
    points = tuple(Point(name, path) for name, path in files.items())
    monkeypatch.setattr("bench.plugin.discovery._entry_points", lambda: points)
    monkeypatch.setattr("bench.plugin.discovery.load_entry_points", load_entry_points.__wrapped__)
    found = {item.name: item for item in listing()}
    assert error in found["bad"].error
    assert not found["installed-well"].error
    assert found["wmdd"].source.endswith("methods/wmdd.py")
