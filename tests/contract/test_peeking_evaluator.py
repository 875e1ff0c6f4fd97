"""The checker catches an evaluator that looks at the test split twice."""

from pathlib import Path

from bench.app.checking import check_plugin
from bench.app.session import find_source
from bench.plugin.discovery import load_file
from bench.plugin.registry import forget

PEEKING = '''
"""Scores every student twice and keeps the better one. Source: what not to do."""
from dataclasses import dataclass
from bench import evaluator
from evaluators.hard_label import HardLabels

@dataclass(frozen=True)
class Peeking:
    needs: tuple[type, ...] = ()
    sections: tuple[str, ...] = ("relabel", "student")
    higher_is_better: bool = True
    def evaluate(self, synthetic, reference, test, recipe, seed, emit):
        runs = [HardLabels().evaluate(synthetic, reference, test, recipe, s, emit) for s in (0, 1)]
        return max(runs, key=lambda score: score.top1)

@evaluator("peeking")
def peeking():
    """The better of two students on the test set."""
    return Peeking()
'''


def test_a_second_test_pass_fails_its_clause_alone(tmp_path: Path, data_root: Path) -> None:
    path = tmp_path / "peeking.py"
    path.write_text(PEEKING)
    try:
        (plugin,) = load_file(path)
        checks = check_plugin(plugin, lambda name: find_source(name, data_root), data_root)
    finally:
        forget(path)
    assert {c.name: c.detail for c in checks if not c.ok} == {
        "reads each test image once": "expected every test image to be read once, got [2] times"
    }
