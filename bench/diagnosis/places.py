"""Places that runs read and write: the store and the data sets."""

import os
import shutil
import uuid
from pathlib import Path

from bench.diagnosis.check import Check
from bench.diagnosis.hardware import existing
from bench.diagnosis.store_probe import FAR, Findings, probe
from bench.storage.place import LocalPlace
from bench.storage.remote import place_at

ADVICE = "name another folder by --store or DDBENCH_STORE"
ONE_PROCESS = f"let one process at a time use it, or {ADVICE}"


def local_folder(store: str) -> Path | None:
    """The folder of a store that lies on this machine, None for a URL elsewhere."""
    if store.startswith("file://"):
        return Path(store.removeprefix("file://"))
    return None if "://" in store else Path(store).expanduser()


def store(root: str) -> Check:
    """Whether artifacts can be written, and processes can share them."""
    folder = local_folder(root)
    return _remote(root) if folder is None else _local(folder)


def _local(folder: Path) -> Check:
    parent = existing(folder)
    if not parent.is_dir():
        return Check("store", "fail", f"{parent} is a file, expected a folder", ADVICE)
    if not os.access(parent, os.W_OK | os.X_OK):
        return Check("store", "fail", f"{parent} cannot be written", ADVICE)
    new = "" if folder.exists() else " (made on first use)"
    probed = parent / f".doctor-{uuid.uuid4().hex}"
    try:
        return _judged(f"{folder.absolute()} is writable{new}", probe(LocalPlace(probed)))
    except OSError as error:
        return Check("store", "fail", f"{parent} cannot be written: {error}", ADVICE)
    finally:
        shutil.rmtree(probed, ignore_errors=True)


def _remote(url: str) -> Check:
    """Tries it in a folder below, which is removed."""
    import fsspec

    try:
        filesystem, path = fsspec.core.url_to_fs(url)
        filesystem.makedirs(path, exist_ok=True)
        below = f"{url.rstrip('/')}/.doctor-{uuid.uuid4().hex}"
        place = place_at(below)
        try:
            found = probe(place)
        finally:
            filesystem.rm(f"{path.rstrip('/')}/{below.rpartition('/')[2]}", recursive=True)
    except (ImportError, ValueError) as error:  # the protocol, or the package that speaks it
        return Check("store", "fail", f"{url}: {error}", "install the fsspec package it names")
    except OSError as error:
        return Check("store", "fail", f"{url} cannot be written: {error}", ADVICE)
    return _judged(f"{url} is writable", found)


def _judged(writable: str, found: Findings) -> Check:
    """A store that is written to, by what processes that share it rely on."""
    if problem := found.problem():
        return Check("store", "fail", f"{writable}, but {problem}", ONE_PROCESS)
    if found.skew is not None and abs(found.skew) > FAR:
        detail = f"{writable}; its clock is {found.skew:+.0f} s from this machine's"
        return Check("store", "warn", detail, "set the clocks by NTP")
    return Check("store", "ok", f"{writable}; creates, leases and lists as sharing needs it")


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
