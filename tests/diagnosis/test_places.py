"""Stores are tried where they are; data sets are counted without decoding any."""

from pathlib import Path

import fsspec
import pytest

from bench.diagnosis.places import datasets, local_folder, store


def test_a_store_to_come_is_ok_and_is_not_made(tmp_path: Path) -> None:
    check = store(str(tmp_path / "new"))
    assert check.status == "ok"
    assert "made on first use" in check.detail
    assert not (tmp_path / "new").exists()


def test_a_store_below_a_file_fails(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    check = store(str(tmp_path / "file" / "store"))
    assert check.status == "fail"
    assert "expected a folder" in check.detail


def test_a_store_without_write_permission_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Root may write anywhere, so the answer of the system is given here.
    monkeypatch.setattr("os.access", lambda path, mode: False)
    check = store(str(tmp_path))
    assert (check.status, check.detail) == ("fail", f"{tmp_path} cannot be written")


def test_a_remote_store_is_written_to_and_left_clean() -> None:
    assert store("memory://doctor/store").status == "ok"
    assert fsspec.filesystem("memory").ls("/doctor/store") == []


def test_an_unknown_protocol_fails_with_its_name() -> None:
    check = store("nowhere://bucket")
    assert check.status == "fail"
    assert "nowhere" in check.detail


@pytest.mark.parametrize(
    ("root", "expected"),
    [("file:///data/store", Path("/data/store")), (".bench", Path(".bench")), ("s3://b/x", None)],
)
def test_only_folders_of_this_machine_are_local(root: str, expected: Path | None) -> None:
    assert local_folder(root) == expected


def test_bundled_digits_are_usable_and_the_rest_is_missing(tmp_path: Path) -> None:
    check = datasets(tmp_path)
    assert check.status == "ok"
    assert check.detail.startswith("usable: digits;")
    assert "imagenette" in check.detail.split("missing in")[1]
    assert list(tmp_path.iterdir()) == []
