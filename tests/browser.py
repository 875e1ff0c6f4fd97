"""Headless Chromium, for tests of pages that scripts draw."""

import re
import shutil
import subprocess
from html import unescape
from pathlib import Path

import pytest
from waiting import LIMIT

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)
needs_chromium = pytest.mark.skipif(not CHROMIUM, reason="no Chromium is installed")
OPTIONS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
    "--disable-quic", "--disable-background-networking", "--disable-component-update",
)  # fmt: skip


def rendered(url: str, profile: Path, size: tuple[int, int] = (1400, 900), virtual: int = 0) -> str:
    """The DOM of a page once its scripts have run.

    Args:
        profile: a folder of the test's own, which Chromium fills.
        virtual: milliseconds of the page's clock to wait for what scripts fetch; they pass as fast
            as the fetches allow.
    """
    command = [
        CHROMIUM, *OPTIONS, f"--user-data-dir={profile}", f"--window-size={size[0]},{size[1]}",
        *([f"--virtual-time-budget={virtual}"] if virtual else []), "--dump-dom", url,
    ]  # fmt: skip
    run = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=True)
    return run.stdout


def texts(dom: str) -> list[str]:
    """What a reader sees of a DOM, in its order."""
    bare = re.sub(r"<(script|style)\b.*?</\1>", "", dom, flags=re.DOTALL)
    return [text for part in re.split(r"<[^>]*>", bare) if (text := unescape(part).strip())]
