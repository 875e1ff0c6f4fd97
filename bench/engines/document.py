"""YAML as people read it: keys in their order, scripts line by line."""

from collections.abc import Mapping

import yaml


class _Writer(yaml.SafeDumper):
    """Writes texts of several lines as blocks."""


def _text(writer: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return writer.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Writer.add_representer(str, _text)


def document(content: Mapping[str, object]) -> str:
    """A mapping as one YAML document; long lines are left whole."""
    return yaml.dump(dict(content), Dumper=_Writer, sort_keys=False, width=10_000)
