"""Every field of a recipe and every weight of a distiller has its range, refused while planning."""

from dataclasses import fields
from typing import get_args, get_origin, get_type_hints

import pytest
from planning import cell_of

from bench.core.errors import BadValue
from bench.plugin.discovery import get, names
from bench.plugin.recipes import SECTIONS
from bench.study.grid import Row

FREE = {"arch", "layers", "solver"}  # names, which have checks of their own
NUMBERS = [
    (section, field.name)
    for section, kind in SECTIONS.items()
    for field in fields(kind)
    if get_type_hints(kind)[field.name] in (int, float)
]


@pytest.mark.parametrize(("section", "name"), NUMBERS)
@pytest.mark.parametrize("value", ["-1", "9" * 26])
def test_every_number_of_a_recipe_has_two_ends(section: str, name: str, value: str) -> None:
    with pytest.raises(BadValue) as refused:
        cell_of(Row("a", "wmdd"), f"{section}.{name}={value}")
    text = str(refused.value)
    assert text.startswith(f"{section}.{name}: expected ")
    assert "given" in text
    assert "\n" not in text


def test_every_other_field_of_a_recipe_is_a_choice_a_switch_or_a_name() -> None:
    for section, kind in SECTIONS.items():
        hints = get_type_hints(kind)
        rest = {f.name for f in fields(kind)} - {name for s, name in NUMBERS if s == section}
        plain = {n for n in rest if hints[n] is not bool and not get_args(hints[n])}
        assert plain <= FREE, section


@pytest.mark.parametrize(
    ("setting", "text"),
    [
        ("squeeze.lr=-1", "squeeze.lr: expected a positive number up to 1e6, given -1.0"),
        ("squeeze.lr=0", "squeeze.lr: expected a positive number"),
        ("squeeze.momentum=1", r"squeeze.momentum: expected in \[0, 1\), given 1.0"),
        ("recover.crop_min=0", r"recover.crop_min: expected a share of the area in \(0, 1\]"),
        ("relabel.flip=1.5", r"relabel.flip: expected in \[0, 1\], given 1.5"),
        ("recover.beta2=1", r"recover.beta2: expected in \[0, 1\), given 1.0"),
        ("bn_weight=-1", r"bn_weight: expected a weight from 0 to 1e\+12, given -1.0"),
        ("ce_weight=-1", "ce_weight: expected a weight from 0"),
        ("objective.bn_weight=-1", "objective.bn_weight: expected a weight from 0"),
        ("first_bn=-1", "first_bn: expected a weight from 0"),
        ("solver_iterations=0", "iterations: expected at least 1, given 0"),
    ],
)
def test_what_was_accepted_and_wrong_is_refused_in_one_line(setting: str, text: str) -> None:
    with pytest.raises(BadValue, match=text):
        cell_of(Row("a", "wmdd"), setting)


RECOVERED = [name for name in names("distiller") if "recover" in get("distiller", name).fields()]


@pytest.mark.parametrize("name", RECOVERED)
def test_no_recovery_takes_a_negative_number(name: str) -> None:
    plugin = get("distiller", name)
    for field in plugin.fields().values():
        if field.type in (int, float) and get_origin(field.type) is None:
            with pytest.raises(BadValue):
                plugin.factory(**{field.name: -1})
