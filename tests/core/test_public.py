"""A text that is made public holds no password, and is otherwise as it was."""

import pytest

from bench.core.public import public


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://me:secret@host:5000/x", "http://host:5000/x"),
        ("run --tracking-uri=http://me:se%40cret@host a@b", "run --tracking-uri=http://host a@b"),
        ("http://me:s@cret@host", "http://host"),
        ("postgresql+psycopg2://me@db/mlflow", "postgresql+psycopg2://db/mlflow"),
        (
            "postgresql://db/x?user=me&password=secret&ssl=1",
            "postgresql://db/x?user=me&password=***&ssl=1",
        ),
        ('{"a": "http://me:secret@host", "b": "c@d"}', '{"a": "http://host", "b": "c@d"}'),
        (
            "View run at: http://me:secret@host/#/x and http://host",
            "View run at: http://host/#/x and http://host",
        ),
        ("mail me@host, see http://host/a", "mail me@host, see http://host/a"),
        ("", ""),
    ],
)
def test_addresses_lose_user_and_password(text: str, expected: str) -> None:
    assert public(text) == expected
    assert public(expected) == expected
