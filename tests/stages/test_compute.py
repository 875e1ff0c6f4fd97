"""What may be compiled where, and that a compiler which fails only costs speed."""

import os
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch._inductor import config
from torch._inductor.utils import fresh_cache

from bench.core.events import Event, Note
from bench.stages.compute import compiled, deterministic, has_compiler, make_current

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


def only(folder: Path, *programs: str) -> str:
    """A search path on which there are just these programs."""
    for name in programs:
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    return str(folder)


@pytest.mark.parametrize(
    ("programs", "on_cpu", "on_cuda"),
    [((), False, False), (("g++",), True, False), (("gcc",), False, True), (("cc",), False, True)],
)
def test_each_device_needs_its_own_compiler(
    programs: tuple[str, ...],
    on_cpu: bool,
    on_cuda: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("triton")
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", only(tmp_path, *programs))
    assert (has_compiler(CPU), has_compiler(CUDA)) == (on_cpu, on_cuda)


def test_cuda_is_not_compiled_for_without_triton(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", only(tmp_path, "gcc"))
    monkeypatch.setitem(sys.modules, "triton", None)
    assert not has_compiler(CUDA)


class Doubled(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return (2 * x).sin()


def test_a_compiler_that_fails_is_told_of_once_and_done_without() -> None:
    heard: list[Event] = []
    x = torch.arange(4.0)
    with fresh_cache(), config.patch({"cpp.cxx": ("false",)}):
        module = compiled(Doubled(), heard.append)
        first, second = module(x), module(x)
    assert torch.equal(first, (2 * x).sin())
    assert torch.equal(second, first)
    (note,) = heard
    assert isinstance(note, Note)
    assert note.text.startswith("torch.compile failed (")
    assert note.text.endswith("going on uncompiled")


def test_an_error_of_the_module_itself_is_not_swallowed() -> None:
    module = compiled(Doubled())
    with pytest.raises(AttributeError, match="sin"):
        module("no tensor")


def test_the_device_of_a_run_becomes_the_current_one(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen: list[torch.device] = []
    monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
    for name in ("cpu", "cuda", "cuda:1"):
        make_current(torch.device(name))
    assert chosen == [torch.device("cuda:1")]


def test_deterministic_algorithms_are_asked_for_in_a_block_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    monkeypatch.setattr(torch.backends.cudnn, "benchmark", True)
    with deterministic(False):
        assert not torch.are_deterministic_algorithms_enabled()
    with deterministic(True):
        assert torch.are_deterministic_algorithms_enabled()
        assert not torch.backends.cudnn.benchmark
        assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
        with pytest.raises(RuntimeError, match=r"put_ .* deterministic"):
            torch.zeros(3).put_(torch.tensor([1, 1]), torch.tensor([1.0, 2.0]))
    assert not torch.are_deterministic_algorithms_enabled()
    assert torch.backends.cudnn.benchmark
