"""What came out of a trial: scores by seed and costs, as Optuna keeps them with it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean, stdev
from typing import Any


@dataclass(frozen=True)
class Judged:
    """A trial's cells of the longest rung that it reached.

    Attributes:
        address: stands for all of them.
        top1: seed -> validation accuracy.
        seconds_all: device seconds of all its cells, as if each had been computed.
        stopped: whether it was pruned before its last seed or rung.
    """

    address: str
    top1: Mapping[int, float]
    seconds: float
    seconds_all: float
    bytes: float
    peak_memory: int
    shared: Mapping[str, float]
    stopped: bool

    @property
    def mean(self) -> float:
        return fmean(self.top1.values())

    def values(self, objectives: Sequence[str]) -> list[float]:
        known = {
            "top1": self.mean,
            "seconds": self.seconds,
            "peak_memory": float(self.peak_memory),
            "bytes": self.bytes,
        }
        return [known[name] for name in objectives]

    def metrics(self) -> dict[str, float]:
        scores = list(self.top1.values())
        found = {"top1": self.mean, "top1_n": float(len(scores)), "resources/seconds": self.seconds}
        found |= {"resources/bytes": self.bytes, "peak_memory": float(self.peak_memory)}
        return found | ({"top1_std": stdev(scores)} if len(scores) > 1 else {})

    def attributes(self) -> dict[str, object]:
        """What is kept with the trial, for reports and for later workers."""
        return asdict(self) | {"top1": {str(seed): value for seed, value in self.top1.items()}}


def judged_of(attributes: Mapping[str, Any]) -> Judged:
    """The same again, from what was kept."""
    top1 = {int(seed): float(value) for seed, value in attributes["top1"].items()}
    names = set(Judged.__dataclass_fields__) - {"top1"}
    return Judged(top1=top1, **{name: attributes[name] for name in names})
