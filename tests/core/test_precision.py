"""bfloat16 is refused in one line where it would be emulated, float32 never."""

import pytest
import torch
from planning import RELEASED, plan_of, study_of

from bench.core.errors import BadValue
from bench.stages.precision import ALLOWED, bf16_units, refuse_emulated

CPU = torch.device("cpu")


@pytest.fixture
def old_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """A CPU without any unit for bfloat16."""
    monkeypatch.delenv(ALLOWED, raising=False)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)


@pytest.mark.usefixtures("old_cpu")
def test_bfloat16_without_hardware_is_refused_in_one_line() -> None:
    with pytest.raises(BadValue, match=r"expected fp32 on this cpu.*given bf16") as refused:
        refuse_emulated(["fp32", "bf16"], CPU)
    assert "\n" not in str(refused.value)
    refuse_emulated(["fp32"], CPU)


@pytest.mark.usefixtures("old_cpu")
def test_a_measurement_may_emulate_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ALLOWED, "1")
    refuse_emulated(["bf16"], CPU)


def test_units_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: True)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True)
    assert bf16_units(CPU) == ("AMX", "AVX512-BF16")
    refuse_emulated(["bf16"], CPU)


def test_convolutions_in_float32_use_tf32_on_cuda_as_in_the_release() -> None:
    assert torch.backends.cudnn.allow_tf32
    assert not torch.backends.cuda.matmul.allow_tf32


def test_plans_compute_in_float32() -> None:
    plan = plan_of(study_of(*RELEASED))
    assert {cell.recipe.precision for cell in plan.cells} == {"fp32"}
