"""Sheets survive kills, tell how an attempt ended, and hold no password."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench.tracking.sheets import Attempt, Sheet, Sheets, kept, read

KEY = "c" * 64
WRITER = """
import sys
from pathlib import Path
from bench.tracking.sheets import Sheet
Sheet(Path(sys.argv[1]), "c" * 64, 1000, {}).add({"computed": {}})
"""


@pytest.fixture
def sheet(tmp_path: Path) -> Sheet:
    return Sheet(tmp_path, KEY, 1000, {"cell": "a cell"})


def reread(sheet: Sheet) -> Attempt:
    found = read(sheet.path)
    assert found is not None
    return found


def test_lines_come_back_in_order_after_the_opening(sheet: Sheet) -> None:
    for step in range(3):
        sheet.add({"points": {"a": 1.0}, "step": step})
    found = reread(sheet)
    assert found.opening["cell"] == "a cell"
    assert [line["step"] for line in found.all("points")] == [0, 1, 2]
    assert (found.status, found.computed, found.began) == ("RUNNING", False, 1000)


def test_an_end_says_how_and_when(sheet: Sheet) -> None:
    sheet.add({"computed": {"git_commit": "f" * 40}})
    sheet.add({"end": "FINISHED", "at": 2000, "metrics": {"top1": 0.5}})
    found = reread(sheet)
    assert (found.status, found.computed, found.ended) == ("FINISHED", True, 2000)


def test_a_sheet_whose_process_has_ended_without_an_end_was_killed(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", WRITER, str(tmp_path)], check=True)
    (found,) = Sheets(tmp_path).attempts(KEY)
    assert (found.status, found.computed) == ("KILLED", True)


def test_a_line_cut_by_a_kill_and_a_damaged_one_are_left_out(sheet: Sheet) -> None:
    with sheet.path.open("ab") as file:
        file.write(b"\x00\x00\n[1]\n")
    sheet.add({"points": {}, "step": 1, "at": 1})
    with sheet.path.open("ab") as file:
        file.write(b'{"end": "FINISHED"')
    found = reread(sheet)
    assert [line.get("step") for line in found.lines] == [None, 1]
    assert found.status == "RUNNING"


def test_a_file_that_is_no_sheet_is_none(tmp_path: Path) -> None:
    (tmp_path / f"{KEY[:32]}-1-a.jsonl").write_text('{"op": "tags"}\n')
    assert Sheets(tmp_path).attempts(KEY) == []
    assert read(tmp_path / "missing.jsonl") is None


def test_only_its_user_reads_a_sheet_and_passwords_are_not_in_it(sheet: Sheet) -> None:
    sheet.add({"end": "FAILED", "at": 1, "tags": {"error": "http://me:secret@host:5000 is away"}})
    assert sheet.path.stat().st_mode & 0o077 == 0
    assert b"secret" not in sheet.path.read_bytes()
    assert reread(sheet).end["tags"] == {"error": "http://host:5000 is away"}


def test_attempts_are_listed_oldest_first(tmp_path: Path) -> None:
    for millis in (3000, 1000, 2000):
        Sheet(tmp_path, KEY, millis, {}).close()
    Sheet(tmp_path, KEY[:32] + "d" * 32, 500, {}).close()  # equal names, another key
    assert [found.began for found in Sheets(tmp_path).attempts(KEY)] == [1000, 2000, 3000]


@pytest.mark.parametrize(
    ("ends", "stays"),
    [
        ([("FINISHED", 30, False), ("FINISHED", 10, False), ("FINISHED", 20, False)], 1),
        ([("FINISHED", 10, False), ("FINISHED", 20, True), ("FAILED", 5, True)], 1),
        ([("FAILED", 5, True), ("KILLED", 6, True)], None),
    ],
)
def test_of_those_that_finished_one_that_computed_stays_then_the_earliest(
    tmp_path: Path, ends: list[tuple[str, int, bool]], stays: int | None
) -> None:
    for number, (status, at, computed) in enumerate(ends):
        sheet = Sheet(tmp_path, KEY, number, {})
        if computed:
            sheet.add({"computed": {}})
        sheet.add({"end": status, "at": at})
        sheet.close()
    found = Sheets(tmp_path).attempts(KEY)
    assert kept(found) == (None if stays is None else found[stays])
