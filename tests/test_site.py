"""The documentation site: built from nothing, with every page, every plugin, and no dead link."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from waiting import LIMIT

from bench.cli.main import COMMANDS
from bench.plugin.discovery import names

ROOT = Path(__file__).resolve().parent.parent
MEASURED = ROOT / "reports" / "measured"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site; a link that leads nowhere, or a page outside the menu, ends the building."""
    folder = tmp_path_factory.mktemp("site")
    words = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(folder)]
    done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, timeout=LIMIT)
    assert done.returncode == 0, done.stderr
    return folder


def text(site: Path, page: str) -> str:
    return (site / page).read_text(encoding="utf-8")


def test_every_plugin_and_command_has_its_place_in_the_reference(site: Path) -> None:
    for kind, page in (("distiller", "distillers"), ("evaluator", "evaluators")):
        found = re.findall(r'<h2 id="([^"]+)"', text(site, f"reference/{page}.html"))
        assert sorted(found) == sorted(names(kind))  # type: ignore[arg-type]
    commands = text(site, "reference/commands.html")
    assert [name for name in COMMANDS if f'<h2 id="bench-{name}"' not in commands] == []
    assert "--profile" in commands


def test_parameters_have_types_defaults_and_where_to_search_them(site: Path) -> None:
    (row,) = re.findall(
        r"<td><code>bn_weight</code></td>.*?</tr>",
        text(site, "reference/distillers.html").partition('id="wmdd"')[2],
        re.DOTALL,
    )[:1]
    cells = re.findall(r"<td>(.*?)</td>", f"<td>{row}")
    assert cells[-3:] == ["<code>float</code>", "<code>10.0</code>", "0.1 to 1000, logarithmic"]


def test_pages_from_elsewhere_lead_into_the_site(site: Path) -> None:
    overview = text(site, "overview.html")
    assert 'href="concepts.html"' in overview
    assert 'href="measured/index.html"' in overview
    assert 'src="report.png"' in overview
    assert "](" not in re.sub(r"<pre>.*?</pre>", "", overview, flags=re.DOTALL)


def test_measured_reports_are_pages_with_their_figures(site: Path) -> None:
    reports = [path.parent.name for path in MEASURED.glob("*/report.md")]
    assert reports
    for name in reports:
        page = text(site, f"measured/{name}/report.html")
        for picture in re.findall(r'<img[^>]* src="([^"]+)"', page):
            assert (site / "measured" / name / picture).is_file(), picture


def test_the_site_can_be_read_without_a_network(site: Path) -> None:
    for page in site.rglob("*.html"):
        loaded = re.findall(
            r'<(?:script|img)[^>]* src="([^"]+)"|<link[^>]* href="([^"]+)"',
            page.read_text(encoding="utf-8"),
        )
        assert [url for found in loaded for url in found if url.startswith(("http", "//"))] == []
