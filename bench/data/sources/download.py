"""Downloads whose failure is one line."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.core.errors import BadData


@contextmanager
def fetching(name: str, root: Path) -> Iterator[None]:
    """Makes the root and turns a failure to download into BadData."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        yield
    except (OSError, RuntimeError, EOFError) as error:
        raise BadData(
            f"cannot download {name} into {root}: {' '.join(str(error).split())}; "
            "check the network and the free space, or put the files there by hand"
        ) from error
