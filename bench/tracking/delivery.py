"""Delivery of the outboxes that processes left behind when they ended."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.tracking.connection import short_calls
from bench.tracking.courier import Courier, one_line
from bench.tracking.observers import attempt
from bench.tracking.outbox import Claim, outboxes

OUTBOX = "outbox"


@dataclass(frozen=True)
class DeliveryReport:
    """What became of pending outboxes.

    Attributes:
        delivered: outboxes that are wholly delivered and removed.
        kept: outboxes that wait for a store that does not answer.
        problems: one line per store that does not answer or per refused operation.
    """

    delivered: int = 0
    kept: int = 0
    problems: tuple[str, ...] = ()


def all_delivered(folder: Path) -> bool:
    """Whether no outbox in a tracking folder waits for delivery."""
    return not outboxes(folder / OUTBOX)


def deliver_pending(folder: Path) -> DeliveryReport:
    """Delivers the outboxes in `<folder>/outbox` whose processes ended; MLflow is needed only then.

    Runs that such a process left open become KILLED.
    """
    if all_delivered(folder):
        return DeliveryReport()
    delivered, kept, problems = 0, 0, list[str]()
    for path in outboxes(folder / OUTBOX):
        with Claim(path) as free, short_calls():
            if not free:
                continue
            courier = Courier(path)
            error = attempt(partial(_finish, courier))
            delivered, kept = delivered + (error is None), kept + (error is not None)
            problems += courier.refused + ([one_line(error)] if error else [])
    return DeliveryReport(delivered, kept, tuple(dict.fromkeys(problems)))


def _finish(courier: Courier) -> None:
    courier.deliver()
    courier.conclude()
