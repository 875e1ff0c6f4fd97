"""optuna-dashboard opens a sweep's journal as it is."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from servers import guarded, held_port, kill
from waiting import LIMIT, until

from bench.search.queue import Queue
from bench.search.settings import Search
from bench.search.storage import journal_path

pytest.importorskip("optuna_dashboard", reason="optuna-dashboard is in the extra `viz`")
Ask = Callable[[str], dict[str, object]]
Open = Callable[[Path], Ask]


def answer(url: str, server: "subprocess.Popen[bytes]") -> dict[str, object]:
    """What the server says once it is up."""
    said: dict[str, object] = {}

    def answered() -> bool:
        with suppress(URLError, OSError), urlopen(url, timeout=LIMIT) as reply:
            said.update(json.load(reply))
        return bool(said)

    until(answered, server, f"an answer at {url}")
    return said


@pytest.fixture
def dashboard(tmp_path: Path) -> Iterator[Open]:
    """Asks the dashboard on a journal, which it starts."""
    with ExitStack() as stack:

        def start(journal: Path) -> Ask:
            port = stack.enter_context(held_port())
            words = ["-c", "from optuna_dashboard._cli import main; main()", str(journal)]
            command = [sys.executable, *words, "--host", "127.0.0.1", "--port", str(port)]
            server = guarded(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            stack.callback(kill, server)
            return lambda path: answer(f"http://127.0.0.1:{port}/api/{path}", server)

        yield start


@pytest.mark.slow
def test_it_shows_the_trials_of_a_sweep(
    tmp_path: Path,
    dashboard: Open,
    searched: Callable[..., Search],
    queued: Callable[..., Queue],
    working: Callable[..., list[str]],
) -> None:
    search = searched()
    queue = queued(search, trials=3)
    assert working(search, queue) == ["COMPLETE"] * 3
    ask = dashboard(journal_path(tmp_path / "sweeps", "tiny"))
    summaries = ask("studies")["study_summaries"]
    assert isinstance(summaries, list)
    (summary,) = summaries
    assert (summary["study_name"], summary["directions"]) == (search.name, ["maximize"])
    study = ask(f"studies/{summary['study_id']}")
    trials = study["trials"]
    assert isinstance(trials, list)
    known = queue.study.get_trials(deepcopy=False)
    assert [trial["state"] for trial in trials] == ["Complete"] * 3
    assert [trial["values"] for trial in trials] == [trial.values for trial in known]
    assert [shown_params(trial) for trial in trials] == [trial.params for trial in known]


def shown_params(trial: dict[str, list[dict[str, str]]]) -> dict[str, float]:
    return {one["name"]: float(one["param_external_value"]) for one in trial["params"]}
