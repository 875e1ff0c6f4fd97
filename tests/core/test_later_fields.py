"""A field that is added to a recipe later leaves every address as it was, until it is used."""

from dataclasses import dataclass, field

from bench.core.fingerprint import LATER, canonical, digest_of
from bench.plugin.recipes import Student


@dataclass(frozen=True)
class Before:
    rate: float = 0.1


@dataclass(frozen=True)
class After:
    rate: float = 0.1
    warmup: int = field(default=0, metadata={LATER: True})


def fields_of(value: object) -> dict[str, object]:
    form: dict[str, object] = canonical(value)
    return {name: item for name, item in form.items() if name != "$type"}


def test_a_later_field_at_its_default_does_not_count() -> None:
    assert fields_of(After()) == fields_of(Before())


def test_a_later_field_counts_once_it_is_set() -> None:
    assert fields_of(After(warmup=5)) == {"rate": 0.1, "warmup": 5}


def test_a_student_keeps_its_digest_until_it_leaves_the_defaults() -> None:
    assert set(fields_of(Student())) == {"arch", "lr", "weight_decay", "temperature"}
    other = (Student(schedule="cosine-half"), Student(optimizer="sgd"), Student(ema=0.9))
    assert len({digest_of(student) for student in (Student(), *other)}) == 4
