"""The doctor looks at everything once, changes nothing, and lets a broken place not hide others."""

from dataclasses import asdict
from pathlib import Path

from bench.diagnosis.doctor import diagnose


def test_every_part_is_looked_at_once_and_nothing_is_left_behind(tmp_path: Path) -> None:
    checks = diagnose(str(tmp_path / "store"), tmp_path / "data", None)
    names = [check.name for check in checks]
    assert len(set(names)) == len(names)
    assert {"python", "packages", "device", "store", "data sets", "tracking", "git"} <= set(names)
    assert list(tmp_path.iterdir()) == []


def test_whatever_is_not_ok_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    checks = diagnose(str(tmp_path / "file"), tmp_path, "file:./mlruns")
    assert {check.name for check in checks if check.status == "fail"} >= {"store", "tracking"}
    assert all(check.advice for check in checks if check.status != "ok")


def test_a_remote_store_has_no_disk_here(tmp_path: Path) -> None:
    names = [check.name for check in diagnose("memory://doctor/all", tmp_path, None)]
    assert "disk of store" not in names


def test_checks_can_be_printed_as_json(tmp_path: Path) -> None:
    first = asdict(diagnose(str(tmp_path), tmp_path, None)[0])
    assert set(first) == {"name", "status", "detail", "advice"}
