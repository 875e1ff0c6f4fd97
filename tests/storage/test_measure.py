"""What a stage took is read from the GPU that it used, whichever is the current one."""

from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest
import torch

from bench.storage.measure import measured, peaks


@dataclass
class Counters:
    """The part of torch.cuda that is asked: peaks by device, and which devices were waited for."""

    allocated: dict[int, int]
    started: bool = True
    waited: list[int] = field(default_factory=list)

    def is_initialized(self) -> bool:
        return self.started

    def device_count(self) -> int:
        return len(self.allocated)

    def max_memory_allocated(self, device: int = 0) -> int:  # 0 is the current one
        return self.allocated[device]

    def get_device_name(self, device: int = 0) -> str:
        return f"card {device}"

    def get_device_properties(self, device: int) -> SimpleNamespace:
        return SimpleNamespace(name=f"card {device}", major=9, minor=0)

    def synchronize(self, device: int = 0) -> None:
        self.waited.append(device)


def test_a_stage_on_the_second_gpu_is_that_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    cuda = Counters({0: 0, 1: 5 << 30})
    monkeypatch.setattr(torch, "cuda", cuda)
    made, took = measured(lambda: "made")
    assert (made, took.device, took.peak_memory) == ("made", "card 1", 5 << 30)
    assert cuda.waited == [1]
    assert took.numerics["device"] == "card 1 (sm_90)"


def test_of_several_gpus_the_fullest_counts_and_all_are_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cuda = Counters({0: 7, 1: 0, 2: 9})
    monkeypatch.setattr(torch, "cuda", cuda)
    _, took = measured(lambda: None)
    assert (took.device, took.peak_memory, cuda.waited) == ("card 2", 9, [0, 2])


def test_without_a_gpu_in_use_the_process_counts() -> None:
    assert peaks(Counters({0: 3}, started=False)) == {}
    _, took = measured(lambda: None)
    assert took.device == "cpu"
    assert took.peak_memory > 10 << 20  # torch alone takes more
