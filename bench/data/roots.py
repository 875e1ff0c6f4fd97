"""Where data lie: the root of the sources, and the folder of the decoded cache."""

import os
import re
from hashlib import sha256
from pathlib import Path

from bench.data.spec import DatasetSpec

FORMAT = 2  # of the cache; also changes when decoding or resizing would give other pixels


def data_root() -> Path:
    """DDBENCH_DATA, else ~/.cache/dd-bench/data."""
    given = os.environ.get("DDBENCH_DATA")
    return Path(given or "~/.cache/dd-bench/data").expanduser()


def cache_folder(spec: DatasetSpec, root: Path) -> Path:
    """The folder of a set's decoded splits: below DDBENCH_CACHE, else below the data root.

    It is named after the place of the source and what is done to its pixels, so that a set that
    is prepared stays usable where the source has gone.
    """
    given = os.environ.get("DDBENCH_CACHE")
    base = Path(given).expanduser() / "data" if given else root / "decoded"
    place = os.path.abspath(root)
    sizes = f"{spec.resolution}\0{spec.store_resolution}\0{spec.channels}\0{spec.whole}"
    what = f"{FORMAT}\0{place}\0{spec.name}\0{sizes}"
    label = re.sub(r"[^A-Za-z0-9.@-]+", "_", Path(spec.name).name)
    return base / f"{label}-{sha256(what.encode()).hexdigest()[:12]}"
