"""The page of types says of every field what the code says, and leaves none out."""

import dataclasses
import sys
from pathlib import Path

import pytest

import bench

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))

import types_page  # noqa: E402

TYPES = [name for names in types_page.GROUPS.values() for name in names]


def test_the_page_is_that_of_the_code() -> None:
    text = (ROOT / "docs/types.md").read_text(encoding="utf-8")
    assert text == types_page.page(), "run python tools/types_page.py"


@pytest.mark.parametrize("name", TYPES)
def test_every_field_is_described(name: str) -> None:
    assert [
        field for field, said in types_page.fields_of(getattr(bench, name)).items() if not said
    ] == []


def test_every_public_value_with_fields_is_on_the_page() -> None:
    public = {name: getattr(bench, name) for name in bench.__all__}
    values = {name for name, kind in public.items() if dataclasses.is_dataclass(kind)}
    losses = {"SoftTarget", "LogitTarget"}  # functions with settings
    elsewhere = {"MatchingDistiller", "NoFeatureLoss", "LearnedImages", "ImageSteps"}
    elsewhere |= {"Setting", "Solve"} | losses
    assert {n for n in values if not n.endswith("Request")} - elsewhere == set(TYPES)
