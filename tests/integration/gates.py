"""A distiller that waits at a gate, so that a test decides what is done before what."""

from pathlib import Path

PLUGIN = '''
"""Source: a test. Cross-entropy with BatchNorm statistics, held up until a file is there."""

import time
from pathlib import Path

from bench import MatchingDistiller, NoFeatureLoss, Recover, Uniform, distiller
from methods.regularizers import BatchNorm

GATES = Path({gates!r})


class Gated:
    """Terms that are the same for every gate; the `after`-th call waits for the gate to open."""

    def __init__(self, gate, after):
        self.gate, self.after, self.calls, self.terms = gate, after, 0, BatchNorm()
        self.needs = self.terms.needs

    def __call__(self, view, reference):
        while self.calls == self.after and not (GATES / self.gate).exists():
            time.sleep(0.02)
        self.calls += 1
        return self.terms(view, reference)


@distiller("gated", space={{"bn_weight": Uniform(0.001, 1000.0, log=True)}})
def gated(
    gate: str = "gate",
    after: int = 0,
    bn_weight: float = 0.01,
    recover: Recover = Recover(),
):
    """SRe2L that waits."""
    terms = Gated(gate, after)
    return MatchingDistiller(
        NoFeatureLoss(), terms, bn_weight=bn_weight, grouping="one-per-class", recover=recover
    )
'''


class Gates:
    """The gates of a plugin written into a folder; all are shut at first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "gates"
        self._folder.mkdir()
        self.plugin = folder / "gated.py"
        self.plugin.write_text(PLUGIN.format(gates=str(self._folder)), encoding="utf-8")

    def open(self, gate: str) -> None:
        (self._folder / gate).touch()
