"""Errors for names out of a list too long to print."""

from collections.abc import Iterable
from difflib import get_close_matches

from bench.core.errors import UnknownName


def unknown(kind: str, name: str, shown: Iterable[str], hidden: Iterable[str]) -> UnknownName:
    """An error that lists the `shown` names only, but suggests from the `hidden` ones, too."""
    shown = list(shown)
    nearest = get_close_matches(name, [*shown, *hidden], n=1, cutoff=0.5)
    return UnknownName.of(kind, name, {*shown, *nearest})
