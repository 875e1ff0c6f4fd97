"""How tests wait: for a fact, never for a time; the one deadline only turns a hang into a failure.

No outcome depends on it: on an idle machine what is waited for takes 0 to 25 s.
"""

import subprocess
import time
from collections.abc import Callable

LIMIT = 240.0  # seconds
LOOK = 0.02  # seconds between two looks


def until(
    reached: Callable[[], bool],
    process: "subprocess.Popen[str] | subprocess.Popen[bytes] | None" = None,
    what: str = "it",
) -> None:
    """Waits until something is so; where a living process is to bring it about, while it lives."""
    end = time.monotonic() + LIMIT
    while not reached():
        assert time.monotonic() < end, f"{what} did not come within {LIMIT:.0f} s"
        if process is None:
            time.sleep(LOOK)
            continue
        try:
            process.wait(timeout=LOOK)
        except subprocess.TimeoutExpired:
            continue
        raise AssertionError(f"{what} did not come: the process ended")
