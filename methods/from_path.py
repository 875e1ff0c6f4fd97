"""A synthetic set that others made, read from a file or folder and scored like any other row.

Source: whoever made the set; layouts in docs/exchange.md. The address holds the digest of the
bytes, not the path, so that a set may be moved and a changed file is another set.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Generator

from bench import BadValue, Budget, RealSet, Reference, SyntheticSet, distiller
from bench.core.events import Emit, Note
from bench.exchange.fitting import Reading, Target, fitted
from bench.exchange.recognise import digest_of_bytes, load_set


@dataclass(frozen=True)
class FromPath:
    """Reads the set at a path and fits it to the data set."""

    path: str
    digest: str
    layout: str
    index: int
    reading: Reading
    needs: tuple[type, ...] = (RealSet,)

    def addressed(self, params: Mapping[str, object]) -> dict[str, object]:
        """The parameters as the address holds them: the digest of the bytes for the path."""
        return {**params, "path": self.digest}

    def distill(
        self, reference: Reference, budget: Budget, rng: Generator, emit: Emit
    ) -> SyntheticSet:
        place = Path(self.path)
        if not self.path:
            raise BadValue("path: expected the file or folder of a synthetic set, given none")
        if digest_of_bytes(place) != self.digest:
            raise BadValue(f"{place}: expected the bytes that were planned, but they changed since")
        layout, loaded = load_set(place, self.layout, self.index)
        target = Target(reference[RealSet].classes, budget.shape, budget.mean, budget.std)
        made, notes = fitted(loaded, target, self.reading)
        for note in (f"{place.name}: layout {layout.name}", *notes):
            emit(Note(note))
        most = int(made.labels.bincount().max())
        if most != budget.ipc:
            raise BadValue(
                f"ipc: expected {most}, as the set {place.name} has, given {budget.ipc}; "
                f"use --set ipc={most}"
            )
        return made


@distiller("from-path", seeded=False)
def from_path(
    path: str = "",
    layout: str = "",
    index: int = 0,
    mean: tuple[float, ...] = (),
    std: tuple[float, ...] = (),
    class_order: tuple[str, ...] = (),
    factor: int = 0,
) -> FromPath:
    """A set of others, read from a path."""
    digest = digest_of_bytes(Path(path)) if path else ""  # without a path it lists, no more
    return FromPath(path, digest, layout, index, Reading(mean, std, class_order, factor))
