"""A profile shortens any distiller to the lengths that it declares, unless a person says more."""

from pathlib import Path

import pytest
from planning import SOURCE, plan_of, study_of

from bench.core.errors import BadValue, UnknownName
from bench.execution.planner import make_plan
from bench.plugin.discovery import get, load_file
from bench.plugin.recipes import Profile
from bench.plugin.registry import Registered
from bench.study.grid import Row
from bench.study.overrides import Overrides

PLUGIN = '''
"""Source: a test."""
from dataclasses import dataclass, field
from bench import RealSet, Request, distiller

@dataclass(frozen=True)
class Long:
    iterations: int
    needs: tuple = (RealSet,)
    request: Request = field(default_factory=Request)

@distiller("{name}", lengths={lengths})
def factory(iterations: int = 1000):
    """A test."""
    return Long(iterations)
'''


def written(folder: Path, name: str, lengths: str) -> list[Registered]:
    path = folder / f"{name}.py"
    path.write_text(PLUGIN.replace("{name}", name).replace("{lengths}", lengths))
    return load_file(path)


@pytest.mark.parametrize(
    ("profile", "params", "expected"),
    [
        ("paper", {}, 1000),
        ("quick", {}, 20),
        ("smoke", {}, 1000),  # it has no length for this profile
        ("quick", {"iterations": 7}, 7),
        ("quick", {"iterations": 500}, 500),  # who names a number gets it
    ],
)
def test_fields_are_cut_to_the_profiles_lengths(
    tmp_path: Path, profile: Profile, params: dict[str, object], expected: int
) -> None:
    name = f"long-{profile}-{len(params)}-{expected}"
    written(tmp_path, name, '{"quick": {"iterations": 20}}')
    study = study_of(Row("long", name, params=params))
    (cell,) = make_plan(study, profile, Overrides(), lambda _: SOURCE).cells
    assert getattr(cell.distiller, "iterations") == expected  # noqa: B009


def test_lengths_of_unknown_parameters_and_profiles_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadValue, match=r"lengths at 'quick' names \['steps'\]"):
        written(tmp_path, "wrong-field", '{"quick": {"steps": 20}}')
    with pytest.raises(UnknownName, match="did you mean 'quick'"):
        written(tmp_path, "wrong-profile", '{"quik": {"iterations": 20}}')


@pytest.mark.parametrize("name", ["dm", "dc", "dsa", "datadam", "datadam-paper", "m3d", "mtt"])
def test_the_convnet_line_is_short_in_smoke_and_as_published_in_paper(name: str) -> None:
    (cell,) = plan_of(study_of(Row(name, name))).cells
    plugin = get("distiller", name)
    assert cell.tasks["recover"].config["params"]["iterations"] <= 3  # type: ignore[index]
    assert plugin.fields()["iterations"].default in (1000, 5000, 8000, 10_000, 20_000)
