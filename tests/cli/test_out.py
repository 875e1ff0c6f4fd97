"""--out writes files, through links; everything else is left as it is, with one line."""

import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.cli.output import out_file, write_out
from bench.core.errors import BadValue


def write(given: str, content: bytes = b"new") -> None:
    write_out(out_file(given), content, "md")


def test_a_file_is_made_and_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "deep" / "x.md"
    write(str(path))
    write(str(path), b"newer")
    assert path.read_bytes() == b"newer"
    assert os.listdir(path.parent) == ["x.md"]
    assert capsys.readouterr().err == f"md: {path}\n" * 2


@pytest.mark.parametrize("there", [True, False])
def test_a_link_stays_and_its_target_is_written(tmp_path: Path, there: bool) -> None:
    target, link, chain = tmp_path / "a" / "target.md", tmp_path / "link", tmp_path / "chain"
    target.parent.mkdir()
    if there:
        target.write_text("old")
    link.symlink_to("a/target.md")
    chain.symlink_to(link)
    write(str(chain))
    assert link.is_symlink()
    assert chain.is_symlink()
    assert not target.is_symlink()
    assert target.read_bytes() == b"new"


@pytest.mark.parametrize("given", [None, "-"])
def test_standard_output(given: str | None, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    write_out(out_file(given), b"\xc3\xa4\n", "md")
    assert capfdbinary.readouterr().out == b"\xc3\xa4\n"


def fifo(path: Path) -> None:
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.mkdir()


def listening(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path.name)


def device(path: Path) -> None:
    path.symlink_to("/dev/null")


@pytest.mark.parametrize(
    ("make", "kind"),
    [(fifo, "a named pipe"), (folder, "a folder"), (listening, "a socket"), (device, "a device")],
)
def test_what_is_no_file_is_refused_and_stays(
    make: Callable[[Path], None], kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's path is short
    path = tmp_path / "there"
    make(path)
    before = path.lstat()
    with pytest.raises(BadValue, match=f"--out {path}: expected a file .*given {kind}"):
        write(str(path))
    assert (path.lstat().st_mode, path.lstat().st_ino) == (before.st_mode, before.st_ino)
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("", "--out: expected a file or - for standard output, given ''"),
        (" ", "given ' '"),
        (".", "--out .: expected a file that can be written, given a folder"),
        ("..", "given a folder"),
        ("new/", "--out new/: .*given a folder"),
        ("/", "given a folder"),
        ("x" * 300, "a part of its path is too long"),
    ],
)
def test_what_names_no_file_is_one_line(
    given: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadValue, match=message) as raised:
        write(given)
    assert "\n" not in str(raised.value)
    assert os.listdir(tmp_path) == []


def test_a_loop_of_links_is_one_line(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    with pytest.raises(BadValue, match="--out"):
        write(str(loop))
    assert loop.is_symlink()
