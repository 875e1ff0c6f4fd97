"""What the documentation site is made of besides docs/: other pages here, and the code itself."""

import re
from pathlib import Path, PurePosixPath
from posixpath import normpath, relpath

import reference
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
MEASURED = "reports/measured"
PAGES = {  # place in the repository -> place in the site
    "README.md": "overview.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    f"{MEASURED}/README.md": "measured/index.md",
    MEASURED: "measured/index.md",
}
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s#:]+)(#[^)\s]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds what is not in docs/."""
    reports = [p.relative_to(ROOT).as_posix() for p in (ROOT / MEASURED).rglob("*") if p.is_file()]
    for source in dict.fromkeys([*PAGES, *sorted(reports)]):
        if (ROOT / source).is_file():
            place = str(place_of(source))
            files.append(File.generated(config, place, abs_src_path=str(ROOT / source)))
    for name, text in reference.pages().items():
        files.append(File.generated(config, f"reference/{name}.md", content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Makes links of the repository those of the site."""
    mine = page.file.src_uri
    source = next((s for s in _sources(mine) if (ROOT / s).is_file()), None)
    return markdown if source is None else linked(markdown, source, mine)


def place_of(source: str) -> PurePosixPath | None:
    """Where a file of the repository stands in the site, if it does."""
    if source in PAGES:
        return PurePosixPath(PAGES[source])
    for folder, into in ((MEASURED, "measured"), ("docs", "")):
        if source.startswith(f"{folder}/"):
            return PurePosixPath(into) / PurePosixPath(source).relative_to(folder)
    return None


def linked(markdown: str, source: str, mine: str) -> str:
    """The text of a page with its links led to other pages; what has no page is named only."""

    def led(link: re.Match[str]) -> str:
        image, text, target, anchor = link[1], link[2], link[3], link[4] or ""
        place = place_of(normpath(f"{PurePosixPath(source).parent}/{target}"))
        if place is None:
            return text
        return f"{image}[{text}]({relpath(str(place), str(PurePosixPath(mine).parent))}{anchor})"

    return LINK.sub(led, markdown)


def _sources(place: str) -> list[str]:
    """Where a page of the site may come from."""
    named = [source for source, into in PAGES.items() if into == place]
    return [*named, f"docs/{place}", place.replace("measured/", f"{MEASURED}/", 1)]
