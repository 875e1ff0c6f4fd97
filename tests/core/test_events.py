"""A malformed event is refused where it is made, with what was expected."""

import pytest
import torch

from bench.core.errors import BadValue
from bench.core.events import Step


def test_a_step_takes_numbers_and_tensors() -> None:
    step = Step("any stage", 0, 0, {"loss": torch.tensor(1.0), "rate": 0.5, "count": 3})
    assert (step.stage, step.step, step.total) == ("any stage", 0, 0)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((1, 10, {"loss": 0.5}), "expected the name of a stage first, given '1'"),
        (("", 1, 10), "expected the name of a stage first, given ''"),
        (("recover", -1, 10), "expected step as an int >= 0, given '-1'"),
        (("recover", 1.5, 10), "expected step as an int >= 0, given '1.5'"),
        (("recover", 1, None), "expected total as an int >= 0, given 'None'"),
        (("recover", 1, 10, 0.5), "expected values as a mapping of names, given '0.5'"),
        (("recover", 1, 10, {"a": "b"}), "expected 'a' as a number or a tensor, given 'b'"),
    ],
)
def test_a_malformed_step_is_one_line(given: tuple[object, ...], expected: str) -> None:
    with pytest.raises(BadValue) as caught:
        Step(*given)  # type: ignore[arg-type]
    assert str(caught.value) == f"Step(stage, step, total, values): {expected}"
