"""Is this machine ready? One list of checks; none of them changes anything that stays."""

from pathlib import Path

from bench.core.errors import BadValue
from bench.diagnosis import hardware, places, software
from bench.diagnosis.check import Check as Check
from bench.diagnosis.tracker import tracking

CODE = Path(__file__).resolve().parents[1]  # whose commit runs record, wherever they are started
LOCAL_STORE = Path(".bench")  # where the tracking file lies if the store is elsewhere


def diagnose(store_root: str, data_root: Path, tracking_uri: str | None) -> list[Check]:
    """All checks, in the order in which a person would look.

    `store_root` is a folder or an fsspec URL; without a tracking URI the store's own SQLite file
    is looked at.

    Raises:
        BadValue: an empty name of a store.
    """
    if not store_root.strip():
        raise BadValue(f"store: expected a folder or a URL, given {store_root!r}")
    folder = places.local_folder(store_root)
    device = hardware.device()
    usable = [hardware.precision(), hardware.threads()] if device.status != "fail" else []
    store_disk = [hardware.disk("disk of store", folder)] if folder else []
    return [
        software.python(),
        software.system(),
        software.packages(software.requirements()),
        software.names(),
        device,
        *usable,
        software.compiler(),
        hardware.memory(),
        *store_disk,
        hardware.disk("disk of data", data_root),
        places.store(store_root),
        places.datasets(data_root),
        tracking(tracking_uri, (folder or LOCAL_STORE) / "tracking" / "mlflow.db"),
        software.git(CODE),
    ]
