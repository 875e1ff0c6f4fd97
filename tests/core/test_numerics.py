"""The numerics class: instructions, threads and libraries tell classes apart, and nothing else."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from bench.core.numerics import always_one_thread, apart, numerics, spread
from bench.stages.compute import SMALL_FLOPS, fitting_threads

ROOT = Path(__file__).resolve().parents[2]
TELL = "import json; from bench.core.numerics import numerics; print(json.dumps(numerics()))"


def class_under(**variables: str) -> dict[str, str]:
    """The class of another process with these variables."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    told = subprocess.check_output([sys.executable, "-c", TELL], env=environment, text=True)
    found = json.loads(told)
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("limit", ["ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA"])
def test_a_process_with_fewer_instructions_is_of_another_class(limit: str) -> None:
    with always_one_thread():
        usual = numerics()
    lower = class_under(**{limit: "default"})
    assert lower["instructions"] != usual["instructions"]
    assert apart([lower, usual]).startswith("instructions: ")
    assert lower | usual == usual | {"threads": lower["threads"]}


def test_a_class_names_the_processor_the_libraries_and_the_threads() -> None:
    found = numerics()
    assert set(found) == {"device", "instructions", "libraries", "threads"}
    assert f"torch {torch.__version__}" in found["libraries"]
    assert found["instructions"].startswith(torch.backends.cpu.get_cpu_capability())
    assert found["threads"] == str(torch.get_num_threads())


def test_threads_count_only_where_their_number_may_change() -> None:
    with fitting_threads(SMALL_FLOPS / 2):
        assert "threads" not in numerics()
    with fitting_threads(2 * SMALL_FLOPS):
        assert "threads" in numerics()
    with always_one_thread():
        assert apart([numerics(), {"threads": "64"}]) == ""


def test_values_that_differ_are_told_and_missing_ones_are_not() -> None:
    one = {"device": "A", "instructions": "AVX2"}
    other = {"device": "A", "instructions": "AVX512", "threads": "2"}
    assert spread([one, other, {}])["instructions"] == ["AVX2", "AVX512"]
    assert apart([one, other, {}]) == "instructions: AVX2 | AVX512"
    assert apart([one, one]) == apart([]) == ""
