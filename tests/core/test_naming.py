"""Names that would choose a path, break a line or not fit a file are refused when a study loads."""

import pytest

from bench.core.errors import BadValue
from bench.core.naming import check_label, check_name
from bench.study.grid import Row, Study
from bench.study.search import Sweep

ROWS = (Row("a", "wmdd"),)


@pytest.mark.parametrize("name", ["ablation", "Ärger 2", "a.b", "Δ-loss", "n" * 100, "日本" * 30])
def test_names_of_files_pass(name: str) -> None:
    check_name("study", name)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "expected a name of 1 to 100 characters, given ''"),
        ("  ", "expected a name of 1 to 100 characters"),
        (7, "expected a name of 1 to 100 characters, given 7"),
        (None, "given None"),
        ("../../x", "without / and"),
        ("/etc/x", "without / and"),
        ("a\\b", "without / and"),
        (".", "without a leading dot"),
        ("..", "without a leading dot"),
        (".hidden", "without a leading dot"),
        ("a\nb", "without control characters"),
        ("a\x1b[31m", "without control characters"),
        ("a\x00b", "without control characters"),
        ("a\u2028b", "without control characters"),
        ("a\ud800", "without control characters"),
        ("n" * 101, "at most 100 characters .*given 101"),
        ("日" * 99, "200 bytes.*297 bytes"),
        (" a", "without blanks at its ends"),
    ],
)
def test_other_names_are_refused(name: object, message: str) -> None:
    with pytest.raises(BadValue, match=message) as raised:
        check_name("study", name)
    assert "\n" not in str(raised.value)


def test_studies_and_sweeps_check_their_names() -> None:
    for kind in (Study, Sweep):
        with pytest.raises(BadValue, match="without / and"):
            kind("../../x", "title", ROWS)
    with pytest.raises(BadValue, match="at most 80 characters"):
        Sweep("n" * 81, "title", ROWS)
    longest = Sweep("n" * 80, "title", ROWS)
    assert longest.study(ROWS, "digits", (0,)).name == "sweep-" + "n" * 80


def test_labels_may_hold_what_names_may_not() -> None:
    check_label("row", "CE + BN / 2 \\ .x")
    for label in ("", "a\tb", "x" * 101):
        with pytest.raises(BadValue):
            Study("s", "t", (Row(label, "wmdd"),))
