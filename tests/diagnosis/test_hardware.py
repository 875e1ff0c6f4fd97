"""Devices, cores, memory and disk are reported with what is too little of them."""

import os
from collections import namedtuple
from pathlib import Path

import pytest
import torch

from bench.diagnosis import hardware
from bench.diagnosis.check import GIB

Usage = namedtuple("Usage", "total used free")


def test_the_device_is_what_torch_can_use() -> None:
    check = hardware.device()
    assert check.detail.startswith("CUDA" if torch.cuda.is_available() else "CPU")


def test_more_threads_than_cores_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware, "cores_available", lambda: 1)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 8)
    check = hardware.threads()
    assert (check.status, check.advice) == ("warn", "set OMP_NUM_THREADS=1")


def test_cores_are_those_of_this_process() -> None:
    assert 1 <= hardware.cores_available() <= (os.cpu_count() or 1)


@pytest.mark.parametrize(
    ("free", "status"), [(100 * GIB, "ok"), (2 * GIB, "warn"), (GIB // 10, "fail")]
)
def test_disk_is_judged_by_what_is_free(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, free: int, status: str
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: Usage(200 * GIB, 0, free))
    assert hardware.disk("disk", tmp_path).status == status


def test_disk_of_a_folder_to_come_is_that_of_its_nearest_parent(tmp_path: Path) -> None:
    assert hardware.existing(tmp_path / "a" / "b") == tmp_path
    assert "GiB free" in hardware.disk("disk", tmp_path / "a" / "b").detail


def test_a_container_with_little_memory_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    limit = tmp_path / "memory.max"
    limit.write_text(f"{GIB}\n")
    monkeypatch.setattr(hardware, "CGROUP", limit)
    check = hardware.memory()
    assert check.status == "warn"
    assert "of 1.0 GiB" in check.detail


def test_a_container_without_limit_counts_the_machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    limit = tmp_path / "memory.max"
    limit.write_text("max\n")
    monkeypatch.setattr(hardware, "CGROUP", limit)
    unlimited = hardware.memory().detail
    monkeypatch.setattr(hardware, "CGROUP", tmp_path / "absent")
    assert hardware.memory().detail.split(" of ")[1] == unlimited.split(" of ")[1]


@pytest.mark.parametrize("there", [True, False])
def test_bfloat16_names_the_units_or_says_that_it_is_refused(
    there: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: there)
    found = hardware.precision()
    assert found.status == "ok"
    assert ("AVX512-BF16" in found.detail) == there
    assert ("is refused" in found.detail) != there
