"""YAML as people read it: keys in their order, scripts line by line."""

from collections.abc import Mapping
from typing import Any

import yaml

WRITER: Any = type("Writer", (yaml.SafeDumper,), {})  # changed below, which yaml's own must not be


def _text(writer: Any, text: str) -> Any:
    """A text of several lines as a block."""
    style = "|" if "\n" in text else None
    return writer.represent_scalar("tag:yaml.org,2002:str", text, style=style)


WRITER.add_representer(str, _text)


def document(content: Mapping[str, object]) -> str:
    """A mapping as one YAML document; long lines are left whole."""
    return str(yaml.dump(dict(content), Dumper=WRITER, sort_keys=False, width=10_000))
