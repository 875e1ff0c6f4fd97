"""Moving large tensors between host and device a part at a time, so that neither waits.

On CUDA two page-locked buffers take turns: one is filled or read by the host while the other is
being copied. On a CPU nothing is copied that need not be.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor

T = TypeVar("T")
HELD = 64 << 20  # bytes of results that stay on a device before the host takes them


class Collected:
    """Named results of many batches, gathered on the device and taken to the host in blocks.

    A block is copied whole, once it has HELD bytes, so that the device is waited for once a block
    and not once a batch.
    """

    def __init__(self, device: torch.device, held: int = HELD) -> None:
        self._limit = 0 if device.type == "cpu" else held
        self._waiting: list[Mapping[str, Tensor]] = []
        self._size = 0
        self._blocks: list[dict[str, Tensor]] = []

    def add(self, batch: Mapping[str, Tensor]) -> None:
        """Takes up the results of one batch, each (B, ...)."""
        self._waiting.append(batch)
        self._size += sum(part.nbytes for part in batch.values())
        if self._size >= self._limit:
            self._take()

    def result(self) -> dict[str, Tensor]:
        """Everything that was added, on the host, in the order of the batches.

        Raises:
            ValueError: nothing was added.
        """
        if self._waiting:
            self._take()
        if not self._blocks:
            raise ValueError("expected the results of at least one batch, given none")
        return {name: torch.cat([b[name] for b in self._blocks]) for name in self._blocks[0]}

    def _take(self) -> None:
        names = self._waiting[0]
        block = {name: torch.cat([b[name] for b in self._waiting]).cpu() for name in names}
        self._blocks.append(block)
        self._waiting, self._size = [], 0


class EpochStream:
    """The epochs of a tensor (E, ...) one after the other on a device, each read ahead of its use.

    The tensor may be memory-mapped and larger than memory: at most two of its epochs are in page-
    locked memory and two on the device. A part that was given out is valid until the next but one
    is asked for.

    Attributes:
        buffered: whether epochs pass through buffers; a CPU reads the tensor in its place.
    """

    def __init__(
        self, whole: Tensor, device: torch.device, *, buffered: bool | None = None
    ) -> None:
        self.whole, self.device = whole, device
        self.buffered = whole.device != device if buffered is None else buffered
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="epochs") if self.buffered else None
        self._buffers: list[_Buffer] = []
        self._next: tuple[int, Future[_Buffer]] | None = None

    def __len__(self) -> int:
        return len(self.whole)

    def __call__(self, epoch: int) -> Tensor:
        """One epoch (...) on the device; the following one begins to be read."""
        if self._pool is None:
            return self.whole[epoch]
        if not self._buffers:
            self._buffers = [_Buffer.like(self.whole[0], self.device) for _ in range(2)]
        ahead = self._next
        if ahead is None or ahead[0] != epoch:
            ahead = (epoch, self._read(epoch, self._pool))
        buffer = ahead[1].result()
        found = buffer.on_device(self.device)
        following = epoch + 1
        self._next = None
        if following < len(self.whole):
            self._next = (following, self._read(following, self._pool))
        return found

    def _read(self, epoch: int, pool: ThreadPoolExecutor) -> "Future[_Buffer]":
        buffer = self._buffers[epoch % 2]
        return pool.submit(buffer.fill, lambda: self.whole[epoch])


@dataclass
class _Buffer:
    """Host memory for one epoch, page-locked for CUDA, and the copy that last left it."""

    host: Tensor
    copied: "torch.cuda.Event | None" = None

    @classmethod
    def like(cls, part: Tensor, device: torch.device) -> "_Buffer":
        return cls(torch.empty_like(part, device="cpu", pin_memory=locked(device)))

    def fill(self, part: Callable[[], Tensor]) -> "_Buffer":
        """Reads one epoch, after the copy of the last one has left."""
        if self.copied is not None:
            self.copied.synchronize()
        self.host.copy_(part())
        return self

    def on_device(self, device: torch.device) -> Tensor:
        found = self.host.to(device, non_blocking=True)
        self.copied = mark(device)
        return found


class Drain:
    """Takes results (B, ...) from a device into their places on the host, one behind the device.

    While one result is being copied, the device computes the next; `close` waits for the last.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._waiting: tuple[Tensor, Tensor, torch.cuda.Event | None] | None = None

    def put(self, result: Tensor, place: Tensor) -> None:
        """Begins to copy a result; its place, of the same shape, is filled by the next call."""
        if self._device.type == "cpu":
            place.copy_(result)
            return
        host = torch.empty(result.shape, dtype=result.dtype, pin_memory=locked(self._device))
        host.copy_(result, non_blocking=True)
        begun = host, place, mark(self._device)
        self.close()
        self._waiting = begun

    def close(self) -> None:
        """Fills the last place."""
        if self._waiting is None:
            return
        host, place, copied = self._waiting
        if copied is not None:
            copied.synchronize()
        place.copy_(host)
        self._waiting = None


def locked(device: torch.device) -> bool:
    """Whether memory for copies to a device is to be page-locked: only a CUDA driver can."""
    return device.type == "cuda" and torch.cuda.is_available()


def mark(device: torch.device) -> "torch.cuda.Event | None":
    """An event behind all that is queued on a CUDA device; None where copies do not queue."""
    if not locked(device):
        return None
    event = torch.cuda.Event()
    event.record(torch.cuda.current_stream(device))
    return event


def upload(host: Tensor, device: torch.device) -> Tensor:
    """A tensor of the host on the device, without waiting for the copy."""
    return pinned(host, device).to(device, non_blocking=True)


def pinned(host: Tensor, device: torch.device) -> Tensor:
    """The same values where a device can fetch them by itself; as they are, where none does."""
    return host.pin_memory() if locked(device) and not host.is_pinned() else host


def ahead(items: Iterator[T], device: torch.device, depth: int = 2) -> Iterator[T]:
    """The same items, the next `depth` of them being made while one is used.

    A thread makes one after the other, so that random numbers are drawn in their order. On a CPU
    nothing is gained, and items are made when they are asked for.
    """
    if device.type == "cpu":
        yield from items
        return

    def made() -> tuple[T] | None:
        for item in items:
            return (item,)
        return None

    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as pool:
        waiting = deque(pool.submit(made) for _ in range(depth))
        while (found := waiting.popleft().result()) is not None:
            waiting.append(pool.submit(made))
            yield found[0]
