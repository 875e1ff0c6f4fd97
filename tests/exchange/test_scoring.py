"""A scored set becomes a study, whose file holds the set's name as text and never as code."""

from pathlib import Path

import pytest

from bench.core.errors import BadValue
from bench.exchange.scoring import Scoring

NAMES = (
    "plain.pt",
    'a"""+print("was executed")+"""b.pt',
    "a'''b.pt",
    "back\\slash.pt",
    "{curly}.pt",
    "\u732b.pt",
)


def scoring_of(path: Path) -> Scoring:
    path.write_bytes(b"x")
    params: dict[str, object] = {"mean": (0.5,), "class_order": ('"', "'")}
    return Scoring(path, "digits", 2, params, "fkd", "sre2l", "teacher", 3)


@pytest.mark.parametrize("name", NAMES)
def test_the_file_holds_the_study_whatever_the_set_is_called(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scoring, found = scoring_of(tmp_path / name), dict[str, object]()
    exec(compile(scoring.source(), "study", "exec"), found)
    assert found["STUDY"] == scoring.study()
    assert capsys.readouterr().out == ""


def test_a_name_with_a_line_break_is_refused_before_a_file_is_written(tmp_path: Path) -> None:
    scoring = scoring_of(tmp_path / 'a"""\nraise SystemExit("was executed")\n"""b.pt')
    with pytest.raises(BadValue, match="without control characters"):
        scoring.study()
    with pytest.raises(BadValue, match="without control characters"):
        exec(compile(scoring.source(), "study", "exec"), {})
