"""A cell that breaks down is named, fails alone, and is computed alone once it can be."""

import json
from collections.abc import Callable

import pytest
from cli_runs import TINY, Bench, Ended

PLUGIN = '''
"""Source: a test."""
from dataclasses import dataclass

from bench import MatchingDistiller, Recover, distiller
from methods.real import RandomSubset
from methods.regularizers import BatchNorm

@distiller("fragile")
def fragile():
    """Real images, or none."""
    return Fragile()

@dataclass(frozen=True)
class Endless:
    needs: tuple = ()

    def __call__(self, view, reference):
        return view.logits.sum() * float("inf")

@distiller("diverging")
def diverging(recover: Recover = Recover()):
    """Images of a loss without an end."""
    return MatchingDistiller(
        Endless(), BatchNorm(), 0.01, grouping="one-per-class", recover=recover
    )

class Fragile(RandomSubset):
    def distill(self, reference, budget, rng, emit):
        {first}
        return super().distill(reference, budget, rng, emit)
'''
ROWS = """
        Row("fragile", "fragile", overrides=FAST),
        Row("diverging", "diverging", overrides=FAST),
    ),
    ipcs"""
RUN = ("run", "frail.py", "--profile", "smoke", "--no-tracking", "--plugin", "fragile.py")


@pytest.fixture(scope="module")
def broken(new_bench: Callable[[], Bench]) -> tuple[Bench, Ended]:
    """A run in which one plugin raises and one loss is not finite."""
    made = new_bench()
    study = TINY.replace("    ),\n    ipcs", ROWS.removeprefix("\n")).replace("(0, 1)", "(0,)")
    (made.folder / "frail.py").write_text(study)
    (made.folder / "fragile.py").write_text(PLUGIN.format(first="raise OSError('no luck')"))
    return made, made.run(*RUN)


def test_exit_code_says_that_some_cells_failed(broken: tuple[Bench, Ended]) -> None:
    assert broken[1].code == 1


def test_failed_cells_are_named_with_their_reason(broken: tuple[Bench, Ended]) -> None:
    err = broken[1].err
    assert "failed: fragile · digits · ipc 2 · s0: OSError: no luck" in err
    assert "failed: diverging · digits · ipc 2 · s0: recover: expected a finite loss, given" in err
    assert "classification" in err
    assert "at step 0 of batch 0; lower recover.lr or bn_weight" in err


def test_a_bug_shows_its_traceback_and_a_breakdown_none(broken: tuple[Bench, Ended]) -> None:
    err = broken[1].err
    assert err.count("Traceback") == 1
    assert "raise OSError('no luck')" in err


def test_the_other_cells_are_kept_and_the_table_says_which_failed(
    broken: tuple[Bench, Ended],
) -> None:
    bench, ended = broken
    table = ended.out[ended.out.index("top-1 %") : ended.out.index("± is")]
    lines = {line.split()[0]: line for line in table.splitlines() if line}
    assert "failed" in lines["fragile"]
    assert "failed" in lines["diverging"]
    assert not [name for name in ("barycenter", "statistics", "chance") if "fail" in lines[name]]
    assert len(bench.objects()) == 1 + 1 + 1 + 3 * 3


def test_a_retry_after_the_repair_computes_that_cell_alone(broken: tuple[Bench, Ended]) -> None:
    bench = broken[0]
    before = bench.objects()
    (bench.folder / "fragile.py").write_text(PLUGIN.format(first="pass"))
    again = bench.run(*RUN)
    assert again.code == 1  # the other one still diverges
    assert "OSError" not in again.err
    new = bench.objects().keys() - before.keys()
    stages = [json.loads(bench.manifest(address))["stage"] for address in new]
    assert sorted(stages) == ["evaluate", "recover", "relabel"]
    assert {address: bench.objects()[address] for address in before} == before
