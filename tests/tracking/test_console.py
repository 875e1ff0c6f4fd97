"""The console: golden lines without a terminal, bars on one, and few looks at tensors."""

import io
import re
from collections.abc import Callable, Iterator, Sequence

import pytest
import torch

from bench.core.events import (
    CellFailed,
    Event,
    Note,
    ReportWritten,
    StageFinished,
    StageStarted,
    Step,
    StudyStarted,
)
from bench.tracking.console import Losses, PlainConsole, Silent, console, seconds
from bench.tracking.live import LiveConsole

Events = Callable[[Sequence[int]], Iterator[Event]]
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(observer: PlainConsole, events: Sequence[Event], stream: io.StringIO) -> str:
    for event in events:
        observer(event)
    observer.close("FINISHED")
    return stream.getvalue()


def test_plain_output_is_one_line_per_cell(study_events: Events) -> None:
    stream = io.StringIO()
    text = shown(PlainConsole(stream, clock=lambda: 0.0), [*study_events((0, 1))], stream)
    assert text == (
        "[1/2 cells] wmdd · digits · ipc 2 · s0: top1 70.0 %\n"
        "[2/2 cells] wmdd · digits · ipc 2 · s1: top1 80.0 %\n"
        "1 artifact from the store\n"
    )


def test_verbose_output_tells_of_stages(study_events: Events) -> None:
    stream = io.StringIO()
    observer = PlainConsole(stream, verbose=True, clock=lambda: 0.0)
    text = shown(observer, [*study_events((0,))], stream)
    assert text == (
        "wmdd · digits · ipc 2 · s0: squeeze from the store (555555555555)\n"
        "wmdd · digits · ipc 2 · s0: recover ...\n"
        "wmdd · digits · ipc 2 · s0: recover in 0.50 s (bn 2)\n"
        "[1/2 cells] wmdd · digits · ipc 2 · s0: top1 70.0 %\n"
    )


def test_a_long_stage_says_a_line_every_three_minutes() -> None:
    stream, now = io.StringIO(), [1000.0]
    observer = PlainConsole(stream, clock=lambda: now[0])
    observer(StageStarted("c", "recover", "a"))
    for step in range(1, 3201):  # 400 s in steps of an eighth
        now[0] += 0.125
        observer(Step("recover", step, 3200, {"loss": 0.5}))
    observer(StageFinished("c", "recover", "a", 400.0, 0, hit=False))
    lines = stream.getvalue().splitlines()
    assert [line.split(": ")[1].split(" of")[0] for line in lines] == ["recover", "recover"]
    assert lines[0] == "c: recover: 1440 of 3200 after 3 min 0 s, loss 0.5"
    assert len(lines) == 2


def test_stages_under_three_minutes_say_nothing() -> None:
    stream, now = io.StringIO(), [0.0]
    observer = PlainConsole(stream, clock=lambda: now[0])
    for stage in range(10):
        observer(StageStarted("c", f"stage {stage}", "a"))
        for step in range(1, 18):
            now[0] += 10
            observer(Step("recover", step, 17))
        observer(StageFinished("c", f"stage {stage}", "a", 170.0, 0, hit=False))
    assert stream.getvalue() == ""


def test_passwords_are_not_shown() -> None:
    for make in (lambda out: PlainConsole(out), Silent, LiveConsole):
        stream = io.StringIO()
        observer = make(stream)
        observer(Note("http://me:secret@host:5000 does not answer"))
        observer.close("FINISHED")
        assert stream.getvalue().strip() == "http://host:5000 does not answer"


def test_hits_are_summed_up(study_events: Events) -> None:
    stream = io.StringIO()
    hits = [StageFinished("c", "recover", f"a{k}", 1.0, 0, hit=True) for k in range(40)]
    text = shown(PlainConsole(stream), [*hits, *hits], stream)
    assert text == "40 artifacts from the store\n"


def test_verbose_names_every_hit_and_start_and_file() -> None:
    stream = io.StringIO()
    events = [
        StageFinished("c", "squeeze", "a" * 64, 1.0, 0, hit=True),
        StageStarted("c", "recover", "b"),
        ReportWritten(["r/report.md"]),
    ]
    assert shown(PlainConsole(stream, verbose=True), events, stream) == (
        "c: squeeze from the store (aaaaaaaaaaaa)\nc: recover ...\nwrote r/report.md\n"
    )


def test_failures_are_told_and_counted() -> None:
    stream = io.StringIO()
    observer = PlainConsole(stream)
    observer(StudyStarted("s", "r", ["c", "d"], {}, {}))
    observer(CellFailed("c", "a", "loss is NaN\nmore", {}))
    observer.close("KILLED")
    assert stream.getvalue() == (
        "[1/2 cells, 1 failed] c: failed: loss is NaN\nkilled: 1/2 cells, 1 failed\n"
    )


def test_quiet_shows_notes_only(study_events: Events, capsys: pytest.CaptureFixture[str]) -> None:
    observer = console(quiet=True)
    for event in study_events((0,)):
        observer(event)
    observer(Note("tracking is down"))
    observer.close("FINISHED")
    assert capsys.readouterr() == ("", "tracking is down\n")


def test_the_terminal_decides_which_console() -> None:
    assert isinstance(console(stream=io.StringIO()), PlainConsole)
    assert isinstance(console(stream=Terminal()), LiveConsole)
    assert isinstance(console(verbose=True, stream=Terminal()), PlainConsole)
    assert isinstance(console(quiet=True, stream=Terminal()), Silent)


def test_tensors_are_read_at_most_five_times_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    now, reads = [0.0], []
    plain = torch.Tensor.item
    monkeypatch.setattr(torch.Tensor, "item", lambda self: reads.append(1) or plain(self))
    losses = Losses(clock=lambda: now[0])
    for step in range(1, 1001):  # a second in thousand steps
        now[0] += 0.001
        losses.hear(Step("recover", step, 5000, {"loss": torch.tensor(float(step))}))
    assert len(reads) == 5
    losses.hear(Step("recover", 5000, 5000, {"loss": torch.tensor(0.5)}))
    assert losses.text == "loss 0.5"


def test_bars_show_the_stage_its_loss_and_the_results(study_events: Events) -> None:
    stream = Terminal()
    observer = LiveConsole(stream, clock=lambda: 0.0)
    for event in study_events((0, 1)):
        observer(event)
        if isinstance(event, Step) and event.step == event.total:
            observer.refresh()
    observer(Note("[odd] note"))
    observer.close("FINISHED")
    text = ANSI.sub("", stream.getvalue())
    assert "s0: recover" in text
    assert "bn 2" in text
    assert "wmdd · digits · ipc 2 · s1: top1 80.0 %" in text
    assert "[odd] note" in text
    assert text.rstrip().endswith("1 artifact from the store")


@pytest.mark.parametrize(
    ("value", "text"), [(0.421, "0.42 s"), (12.34, "12.3 s"), (185.2, "3 min 5 s")]
)
def test_seconds_are_readable(value: float, text: str) -> None:
    assert seconds(value) == text
