"""The page in a real browser: tabs, sorting, details, enlarging and the theme work."""

import json
import re
from html import unescape
from pathlib import Path

import pytest
from browser import needs_chromium, rendered
from report_frames import ablation_frame, ablation_info, digit_grid

from reports.pages.build import build

PROBE = """
<script>
const seen = {};
const visible = () => all("#results .panel").map((panel) => !panel.hidden);
seen.before = visible();
tabs[1].click();
seen.after = visible();
tabs[0].click();
const table = document.querySelector("#results table");
const first = () => table.tBodies[0].querySelector("tr.line td").textContent.trim();
seen.unsorted = first();
const head = all("thead button", table)[1];
head.click();
seen.descending = first();
head.click();
seen.ascending = first();
const open = table.querySelector("button.open");
open.click();
seen.detail = !open.closest("tr").nextElementSibling.hidden;
document.getElementById("theme").click();
seen.light = getComputedStyle(document.body).backgroundColor;
document.getElementById("theme").click();
seen.dark = getComputedStyle(document.body).backgroundColor;
document.querySelector("button.zoom").click();
seen.viewer = document.getElementById("viewer").open;
seen.wide = document.documentElement.scrollWidth > innerWidth;
document.body.dataset.seen = JSON.stringify(seen);
</script>
"""


@pytest.mark.chromium
@needs_chromium
@pytest.mark.parametrize("width", [500, 1400])
def test_the_page_works_from_a_file(width: int, tmp_path: Path) -> None:
    grids = {"Wass + PCBN · digits · ipc 10": digit_grid()}
    files = build(ablation_info(), ablation_frame(("digits", "imagenette")), grids).files
    page = tmp_path / "report.html"
    page.write_text(files["report.html"].decode().replace("</body>", f"{PROBE}</body>"))
    dom = rendered(page.as_uri(), tmp_path / "profile", (width, 900))
    found = re.search(r'data-seen="([^"]*)"', dom)
    assert found, dom[-500:]
    assert json.loads(unescape(found.group(1))) == {
        "before": [True, False],
        "after": [False, True],
        "unsorted": "Wass + PCBN",
        "descending": "Wass + PCBN",
        "ascending": "CE + BN",
        "detail": True,
        "light": "rgb(252, 252, 250)",
        "dark": "rgb(21, 24, 28)",
        "viewer": True,
        "wide": False,
    }
