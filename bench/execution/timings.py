"""Timings that a store remembers, so that each is taken once per machine."""

from collections.abc import Callable

from bench.storage.store import Store


def remembered(store: Store, kind: str, key: str, measure: Callable[[], float]) -> float:
    """Seconds under a name: measured once, then read from the store."""
    record = store.record(kind, key)
    if record is None:
        record = {"seconds": measure()}
        store.put_record(kind, key, record)
    return float(str(record["seconds"]))
