"""A data set plugin is loaded and looked at by `bench check`; `data` and `show` take plugins."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from bench.app.checking import check_plugin
from bench.app.session import find_source
from bench.cli.main import cli
from bench.plugin.discovery import load_file

SOUND = '''"""Two shades. Source: made here."""
import numpy as np
from bench.data.sources.arrays import Arrays
from bench.data.spec import DatasetSpec
from bench.plugin.registry import dataset


def read(split):
    rng = np.random.default_rng(TEST if split == "test" else 0)
    return rng.integers(0, 256, (12, 6, 6), dtype=np.uint8), np.arange(12) % 2


@dataset("shades")
def shades():
    """Dark and light."""
    source = Arrays(("dark", "light"), read, "1")
    return DatasetSpec("NAME", 2, 1, 6, 6, (0.5,), (0.5,), source, "ours")
'''


def plugin(folder: Path, test: str = "1", name: str = "shades", text: str = SOUND) -> Path:
    file = folder / "shades.py"
    file.write_text(text.replace("TEST", test).replace("NAME", name))
    return file


def broken(file: Path, root: Path) -> list[str]:
    (entry,) = load_file(file)
    checks = check_plugin(entry, lambda name: find_source(name, root), root)
    assert len(checks) == 6
    return [check.name for check in checks if not check.ok]


def test_a_sound_data_set_passes(tmp_path: Path) -> None:
    assert broken(plugin(tmp_path), tmp_path) == []


@pytest.mark.parametrize(
    ("changes", "clause"),
    [
        ({"test": "0"}, "keeps its test images out of training"),
        ({"name": "other"}, "is a specification of its own name"),
        ({"test": "None"}, "decodes to the same digest twice"),
        (
            {"text": SOUND.replace("rng.integers(0, 256", "0 * rng.integers(0, 9")},
            "decodes images",
        ),
        ({"text": SOUND.replace('"ours")', '"")')}, "is a specification"),
        ({"text": SOUND.replace('    """Dark and light."""\n', "")}, "documents itself"),
        ({"text": SOUND.replace('("dark", "light")', '("dark", "dark")')}, "decodes images"),
    ],
)
def test_a_broken_one_breaks_its_clause(
    changes: dict[str, str], clause: str, tmp_path: Path
) -> None:
    assert any(name.startswith(clause) for name in broken(plugin(tmp_path, **changes), tmp_path))


def said(*arguments: str) -> str:
    done = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_data_and_show_take_plugins(tmp_path: Path) -> None:
    file, root = str(plugin(tmp_path)), str(tmp_path / "data")
    assert "shades" in said("data", "list", "--data", root, "--plugin", file)
    assert "train: 12 images" in said("data", "prepare", "shades", "--data", root, "--plugin", file)
    assert (
        "intact"
        in CliRunner()
        .invoke(cli, ["data", "verify", "shades", "--data", root, "--plugin", file])
        .output
    )
    assert "1 x 6 x 6" in said("show", "shades", "--plugin", file)


def test_a_check_of_a_data_set_is_printed(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["check", str(plugin(tmp_path)), "--data", str(tmp_path)])
    assert done.output.count("  ok") == 6


def test_architectures_are_listed() -> None:
    assert "convnet3-w64-bn" in said("list", "architectures")


def test_the_number_of_test_images_is_shown() -> None:
    assert "3929 test images (fastai v2)" in said("show", "imagewoof")


def test_an_empty_data_folder_is_refused() -> None:
    done = CliRunner().invoke(cli, ["data", "list", "--data", ""])
    assert (done.exit_code, done.output.splitlines()) == (
        2,
        ["error: --data: expected a folder, given an empty name"],
    )
