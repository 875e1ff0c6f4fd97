"""A password in a tracking address is in nothing that a run writes or prints."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from cli_runs import TINY, Bench, Ended
from servers import held_port
from services import HOST, Service, answers

from bench.tracking.pending import lists
from bench.tracking.ui import ui_command

SECRET = "-".join(("xyzzy", "4711"))  # no text of this file, which is in the diff of a dirty tree
STUDY = ("--profile", "smoke", "--set", "seeds=1")
WORDS = ("run", "tiny.py", *STUDY)
IMPORT = ("track", "import", "other.py", *STUDY)  # the same cells under another name

pytestmark = pytest.mark.slow  # six processes, one of them MLflow's


@pytest.fixture
def bench(data_root: Path, tmp_path: Path) -> Bench:
    (tmp_path / "tiny.py").write_text(TINY, encoding="utf-8")
    other = TINY.replace('"tiny"', '"other"')
    (tmp_path / "other.py").write_text(other, encoding="utf-8")
    return Bench(tmp_path, data_root, tmp_path / "store")


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """A server that is not started yet; what it keeps lies beside the store."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, HOST)
    folder = tmp_path / "server"
    folder.mkdir()
    with held_port() as port:
        command = ui_command(f"sqlite:///{folder}/mlflow.db", folder / "files", port)
        yield Service(command, lambda: answers(f"http://{HOST}:{port}/health"), folder / "log")


def test_a_password_is_in_nothing_that_is_written_or_printed(bench: Bench, server: Service) -> None:
    port = server.command[server.command.index("--port") + 1]
    uri = f"http://somebody:{SECRET}@{HOST}:{port}"
    said = [bench.run(*WORDS, "--tracking-uri", uri)]  # the server is down
    assert lists(bench.store / "tracking")
    assert f"http://{HOST}:{port} does not take records now" in said[0].out + said[0].err
    refused = bench.run(*IMPORT, "--tracking-uri", uri)
    assert refused.code == 2
    assert f"error: http://{HOST}:{port} does not answer" in refused.err
    with server:
        said.append(bench.run("ui", "--tracking-uri", uri))  # delivers what was kept
        assert lists(bench.store / "tracking") == []
        for path in bench.store.glob("objects/*/*"):  # one score is made once more
            if '"stage": "evaluate"' in (path / "manifest.json").read_text():
                (path / "manifest.json").unlink()
        said.append(bench.run(*WORDS, "--quiet", "--tracking-uri", uri))
        said.append(bench.run(*IMPORT, "--tracking-uri", uri))
        assert "imported 3 of 3 finished cells into experiment bench/other" in said[-1].out
    assert [end.code for end in said] == [0, 0, 0, 0], said
    assert [end for end in (refused, *said) if told(end)] == []
    written = [path for path in bench.folder.rglob("*") if path.is_file()]
    assert {path.name for path in written} >= {"provenance.json", "mlflow.db", "report.html"}
    assert [path for path in written if any(SECRET.encode() in text for text in texts(path))] == []


def told(end: Ended) -> bool:
    return SECRET in end.out + end.err


def texts(path: Path) -> Iterator[bytes]:
    """What is in a file, also where it is packed."""
    content = path.read_bytes()
    yield content
    with suppress(gzip.BadGzipFile, zlib.error, EOFError):
        yield gzip.decompress(content)
