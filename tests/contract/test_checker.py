"""The checker names the clause that a broken plugin breaks, and passes a sound one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from broken_plugins import (
    CHANGES,
    DEAF,
    DISTILLER,
    EVALUATOR,
    GREEDY,
    JUDGES,
    NARROW,
    REGISTERED,
    UNDOCUMENTED,
)
from shared_checker import Checker

from bench.app.checking import Check, _checked
from bench.app.clauses import Probe
from bench.plugin.discovery import load_file
from bench.plugin.registry import Registered, forget


class Load:
    """Loads plugins from source text."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.paths = folder, list[Path]()

    def __call__(self, name: str, source: str) -> Registered:
        path = self.folder / f"{name.replace('-', '_')}.py"
        path.write_text(source)
        self.paths.append(path)
        (found,) = load_file(path)
        return found


@pytest.fixture
def load(tmp_path: Path) -> Iterator[Load]:
    loader = Load(tmp_path.resolve())
    yield loader
    for path in loader.paths:
        forget(path)


def broken(checker: Checker, plugin: Registered) -> dict[str, str]:
    return {check.name: check.detail for check in checker(plugin) if not check.ok}


def assert_caught(found: dict[str, str], clause: str, detail: str) -> None:
    assert any(clause in name and detail in text for name, text in found.items()), found


@pytest.mark.parametrize("name", [name for name in CHANGES if name != "sound"])
def test_broken_distiller_is_caught(name: str, checker: Checker, load: Load) -> None:
    change, clause, detail = CHANGES[name]
    body = REGISTERED.format(name=name, change=change)
    plugin = load(name, DISTILLER.replace("{body}", body))
    assert_caught(broken(checker, plugin), clause, detail)


def test_sound_distiller_passes(checker: Checker, load: Load) -> None:
    body = REGISTERED.format(name="sound", change=CHANGES["sound"][0])
    assert broken(checker, load("sound", DISTILLER.replace("{body}", body))) == {}


def test_a_distiller_without_steps_is_told_that_it_was_not_broken_off(
    checker: Checker, load: Load
) -> None:
    body = REGISTERED.format(name="stepless", change="_as_it_is")
    text = DISTILLER.replace("{body}", body).replace('emit(Step("recover", 1, 1))', "pass")
    found = {check.name: check for check in checker(load("stepless", text))}
    assert found["makes the same after a break"].ok
    assert "it emits no Step" in found["makes the same after a break"].detail


@pytest.mark.parametrize(
    ("name", "body", "clause", "detail"),
    [
        ("undocumented", UNDOCUMENTED, "documents", "one-line docstring"),
        ("narrow", NARROW, "search space", "expected at most 5, given 10.0"),
        ("greedy", GREEDY, "well-formed", "`needs` among"),
    ],
)
def test_broken_declaration_is_caught(
    name: str, body: str, clause: str, detail: str, checker: Checker, load: Load
) -> None:
    assert_caught(broken(checker, load(name, DISTILLER.replace("{body}", body))), clause, detail)


def test_a_distiller_that_ignores_fields_of_its_recipe_is_caught(
    checker: Checker, load: Load
) -> None:
    """The variance is honoured by itself: the request of the statistics has it from the recipe."""
    found = broken(checker, load("deaf", DEAF))
    assert list(found) == ["honours each field of a recipe section that it takes"]
    (told,) = found.values()
    assert told == ("expected other images for other values of recover.lr, recover.rolls")


def test_source_that_is_not_named_is_caught(checker: Checker, load: Load) -> None:
    body = REGISTERED.format(name="nameless", change="_as_it_is")
    text = DISTILLER.replace("{body}", body).replace("Source: a test.", "Somewhere.")
    assert_caught(broken(checker, load("nameless", text)), "documents", "name its source")


@pytest.mark.parametrize("name", [name for name in JUDGES if name != "fair-judge"])
def test_broken_evaluator_is_caught(name: str, checker: Checker, load: Load) -> None:
    change, clause, detail = JUDGES[name]
    text = EVALUATOR.replace("{change}", change).replace("{name}", name)
    assert_caught(broken(checker, load(name, text)), clause, detail)


def test_sound_evaluator_passes(checker: Checker, load: Load) -> None:
    text = EVALUATOR.replace("{change}", "score").replace("{name}", "fair-judge")
    assert broken(checker, load("fair-judge", text)) == {}


def test_a_plugin_that_would_end_the_process_breaks_its_clause() -> None:
    def ending(probe: Probe) -> str:
        raise SystemExit(0)

    probe = Probe.__new__(Probe)  # the clause looks at nothing of it
    assert _checked("ends", ending, probe) == Check("ends", False, "SystemExit: 0")
