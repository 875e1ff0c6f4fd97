"""Files that the user names with --out: written through links, never in the place of a device."""

import os
import stat
import sys
from pathlib import Path

import click

from bench.core.errors import BadValue
from bench.storage.atomic import explained, write_atomically

STDOUT = "-"
KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}


def out_file(given: str | None) -> Path | None:
    """The file that --out names, links followed; None stands for standard output.

    Raises:
        BadValue: an empty text, or the path of something that is no regular file.
    """
    if given is None or given == STDOUT:
        return None
    if not given.strip():
        raise BadValue(f"--out: expected a file or - for standard output, given {given!r}")
    with explained(f"--out {given}"):
        path = Path(os.path.realpath(given))
        loop = path.is_symlink()  # what a chain of links ends in is none, unless it has no end
        kind = stat.S_IFMT(path.stat().st_mode) if path.exists() else stat.S_IFREG
    if loop:
        raise BadValue(f"--out {given}: expected a file, given a link that leads back to itself")
    if kind != stat.S_IFREG or given.endswith(os.sep):
        raise BadValue(
            f"--out {given}: expected a file that can be written, given "
            f"{KINDS.get(kind, 'a folder')}; name a file in a folder"
        )
    return path


def write_out(path: Path | None, content: bytes, title: str) -> None:
    """Writes the content to a file, at once and whole, and says so; or to standard output."""
    if path is None:
        sys.stdout.buffer.write(content)
        return
    write_atomically(path, content)
    click.echo(f"{title}: {path}", err=True)
