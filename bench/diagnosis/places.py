"""Places that runs read and write: the store and the data sets."""

import os
import uuid
from pathlib import Path

from bench.diagnosis.check import Check
from bench.diagnosis.hardware import existing

ADVICE = "name another folder by --store or DDBENCH_STORE"


def local_folder(store: str) -> Path | None:
    """The folder of a store that lies on this machine, None for a URL elsewhere."""
    if store.startswith("file://"):
        return Path(store.removeprefix("file://"))
    return None if "://" in store else Path(store).expanduser()


def store(root: str) -> Check:
    """Whether artifacts can be written."""
    folder = local_folder(root)
    return _remote(root) if folder is None else _local(folder)


def _local(folder: Path) -> Check:
    parent = existing(folder)
    if not parent.is_dir():
        return Check("store", "fail", f"{parent} is a file, expected a folder", ADVICE)
    if not os.access(parent, os.W_OK | os.X_OK):
        return Check("store", "fail", f"{parent} cannot be written", ADVICE)
    new = "" if folder.exists() else " (made on first use)"
    return Check("store", "ok", f"{folder.absolute()} is writable{new}")


def _remote(url: str) -> Check:
    """Writes and removes one small file."""
    import fsspec

    try:
        filesystem, path = fsspec.core.url_to_fs(url)
        probe = f"{path.rstrip('/')}/.doctor-{uuid.uuid4().hex}"
        filesystem.makedirs(path, exist_ok=True)
        filesystem.pipe_file(probe, b"probe")
        filesystem.rm_file(probe)
    except (ImportError, ValueError) as error:  # the protocol, or the package that speaks it
        return Check("store", "fail", f"{url}: {error}", "install the fsspec package it names")
    except OSError as error:
        return Check("store", "fail", f"{url} cannot be written: {error}", ADVICE)
    return Check("store", "ok", f"{url} is writable")


def datasets(root: Path) -> Check:
    """Which data sets can be used at once, and which are missing."""
    from bench.data.prepare import list_datasets

    rows = list_datasets(root)
    usable = [row.name for row in rows if row.state != "missing"]
    missing = [row.name for row in rows if row.state == "missing"]
    detail = f"usable: {', '.join(usable) or 'none'}"
    detail += f"; missing in {root}: {', '.join(missing)}" if missing else ""
    if not usable:
        return Check("data sets", "fail", detail, "run `bench data list`")
    return Check("data sets", "ok", detail)
