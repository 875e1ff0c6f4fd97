"""Whatever stops a run, what was finished stays, and the next run ends as if nothing had been."""

import shlex
import signal
from collections.abc import Callable

import pytest
from cli_runs import Bench, finished, when

RUN = ("run", "tiny.py", "--profile", "smoke", "--no-tracking")
ALL = 1 + 1 + 1 + 3 * 6  # teacher, observation, barycenter; recover, relabel, evaluate of six cells


def assert_kept(before: dict[str, tuple[int, int]], after: dict[str, tuple[int, int]]) -> None:
    """Nothing that was finished has been written again."""
    assert {address: after.get(address) for address in before} == before


def kill_when(bench: Bench, reached: Callable[[], bool]) -> bool:
    """Starts the run and kills it at a point; whether it was killed before it ended."""
    process = bench.start(*RUN)
    when(process, reached)
    process.kill()
    return finished(process).code == -signal.SIGKILL


@pytest.mark.slow
def test_killed_runs_go_on_to_the_same_table_and_repeat_no_stage(
    bench: Bench, tiny_ran: Bench
) -> None:
    assert kill_when(bench, lambda: bool(bench.locks()))  # the first stage has begun
    for count in (2, 7, 15):
        before = bench.objects()
        kill_when(bench, lambda wanted=count: len(bench.objects()) >= wanted)  # type: ignore[misc]
        assert_kept(before, bench.objects())
    before = bench.objects()
    assert len(before) < ALL
    assert bench.run(*RUN).code == 0
    assert_kept(before, bench.objects())
    assert bench.contents() == tiny_ran.contents()
    assert len(bench.contents()) == ALL
    assert bench.table("tiny-smoke") == tiny_ran.table("tiny-smoke")


def test_ctrl_c_keeps_everything_and_says_how_to_go_on(bench: Bench, tiny_ran: Bench) -> None:
    process = bench.start(*RUN)
    when(process, lambda: len(bench.objects()) >= 4)
    process.send_signal(signal.SIGINT)
    ended = finished(process)
    assert ended.code == 130, ended.err
    assert "Traceback" not in ended.err
    assert "of 6 cells; everything finished is kept. Go on with: " in ended.err
    before = bench.objects()
    assert 4 <= len(before) < ALL
    command = shlex.split(ended.err.rsplit("Go on with: ", 1)[1])
    assert command[:3] == ["python", "-m", "bench.cli.main"]
    assert bench.run(*command[3:]).code == 0
    assert_kept(before, bench.objects())
    assert bench.table("tiny-smoke") == tiny_ran.table("tiny-smoke")


def test_a_terminated_run_ends_like_an_interrupted_one(bench: Bench) -> None:
    process = bench.start(*RUN)
    when(process, lambda: len(bench.objects()) >= 2)
    process.terminate()
    ended = finished(process)
    assert ended.code == 130, ended.err
    assert "Go on with: " in ended.err


@pytest.mark.slow
def test_a_stage_that_was_killed_goes_on_inside(
    bench: Bench, tiny_ran: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed once something of a stage was kept; the next run takes it up and ends the same."""
    monkeypatch.setenv("DDBENCH_KEEP_SECONDS", "0")

    def kept() -> list[str]:
        return [path.name for path in bench.store.glob("progress/*.safetensors")]

    assert kill_when(bench, lambda: bool(kept()))
    made = bench.objects()
    unfinished = {name.partition(".")[0] for name in kept()} - set(made)
    monkeypatch.delenv("DDBENCH_KEEP_SECONDS")
    ended = bench.run(*RUN)
    assert ended.code == 0, ended.err
    assert (ended.out + ended.err).count("where a process ended") == len(unfinished)
    assert len(made) < ALL
    assert kept() == []
    assert bench.contents() == tiny_ran.contents()
