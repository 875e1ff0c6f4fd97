"""The state of a stage that is being made, in a file of its own beside the store's content."""

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from bench.core.errors import BadValue
from bench.storage.atomic import write_atomically

if TYPE_CHECKING:
    from torch import Tensor

FOLDER = "progress"
LASTING = "lasting."  # as in bench.stages.progress, which a store does not import
FORMAT = 2  # raise the number when the names or meaning of a stage's tensors change
VARIABLE, EVERY = "DDBENCH_KEEP_SECONDS", 60.0  # seconds between two savings


class FileProgress:
    """A file of named tensors, and one of each tensor that lasts; a broken one counts as none.

    What lasts is written once, so that a saving costs what has changed since the last one.

    Attributes:
        spent: seconds that earlier processes have put into what is saved.
    """

    def __init__(
        self, folder: Path, address: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.path = folder / f"{address}.{FORMAT}.safetensors"
        self._lasting: set[str] = set()
        self.spent = self._seconds()
        self._clock, self._begun, self._last = clock, clock(), clock()

    def saved(self) -> "Mapping[str, Tensor] | None":
        """What was saved last; None where there is nothing that can be read."""
        from safetensors import SafetensorError, safe_open
        from safetensors.torch import load

        try:
            found = load(self.path.read_bytes())
            with safe_open(self.path, "pt") as file:
                names = (file.metadata() or {}).get("lasting", "").split()
            for name in names:
                found |= load(self._part(name).read_bytes())
        except (FileNotFoundError, SafetensorError):
            return None
        self._lasting = set(names)
        return found

    def due(self) -> bool:
        """Whether the last saving, or the start, is long enough ago."""
        return self._clock() - self._last >= interval()

    def save(self, state: "Mapping[str, Tensor]") -> None:
        """Puts a state in the place of the last one, all of it or nothing."""
        from safetensors.torch import save

        lasting = [name for name in state if name.startswith(LASTING)]
        for name in lasting:
            if name not in self._lasting:
                write_atomically(self._part(name), save({name: _plain(state[name])}))
                self._lasting.add(name)
        tensors = {name: _plain(state[name]) for name in state if name not in self._lasting}
        seconds = self.spent + self._clock() - self._begun
        about = {"seconds": str(seconds), "lasting": " ".join(lasting)}
        write_atomically(self.path, save(tensors, about))
        self._last = self._clock()

    def forget(self) -> None:
        """Removes what is no longer needed."""
        self.path.unlink(missing_ok=True)
        for part in self.path.parent.glob(f"{self.path.stem}.*"):
            part.unlink(missing_ok=True)

    def _part(self, name: str) -> Path:
        return self.path.with_suffix(f".{name}.safetensors")

    def _seconds(self) -> float:
        if not self.path.exists():
            return 0.0
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(self.path, "pt") as file:
                return float((file.metadata() or {}).get("seconds", 0.0))
        except (FileNotFoundError, SafetensorError):
            return 0.0


def _plain(value: "Tensor") -> "Tensor":
    return value.detach().cpu().contiguous()


def interval() -> float:
    """Seconds between two savings: DDBENCH_KEEP_SECONDS, else a minute."""
    return seconds_in(VARIABLE, EVERY, "seconds between two savings")


def seconds_in(variable: str, usual: float, what: str) -> float:
    """The seconds that an environment variable names, else the usual ones.

    Raises:
        BadValue: the variable is no number of seconds; `what` says what is expected.
    """
    text = os.environ.get(variable)
    try:
        seconds = usual if text is None else float(text)
    except ValueError:
        seconds = -1.0
    if not seconds >= 0:
        raise BadValue(f"{variable}: expected {what}, given {text!r}")
    return seconds
