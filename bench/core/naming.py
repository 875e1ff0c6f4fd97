"""What may stand as a name: text that ends in file names, URLs and tables."""

import unicodedata

from bench.core.errors import BadValue

LONGEST = 100  # characters; in UTF-8 twice as many bytes, of the 255 that a file name has
UNSEEN = ("Cc", "Cs", "Zl", "Zp")  # Unicode's control characters, lone surrogates, line ends


def check_name(kind: str, name: object, longest: int = LONGEST) -> None:
    """Refuses a name that could not be the name of a file of its own.

    Raises:
        BadValue: no text, nothing but blanks, too long, or with a path separator, a control
            character, a blank at an end or a leading dot.
    """
    check_label(kind, name, longest)
    assert isinstance(name, str)
    if "/" in name or "\\" in name:
        raise BadValue(f"{kind} {name!r}: expected a name without / and \\, which make a path")
    if name.startswith("."):
        raise BadValue(f"{kind} {name!r}: expected a name without a leading dot, which hides it")


def check_label(kind: str, label: object, longest: int = LONGEST) -> None:
    """Refuses a text that could not stand on one line of a table.

    Raises:
        BadValue: no text, nothing but blanks, too long, or with a control character or a blank at
            an end.
    """
    if not isinstance(label, str) or not label.strip():
        raise BadValue(f"{kind}: expected a name of 1 to {longest} characters, given {label!r}")
    if any(unicodedata.category(c) in UNSEEN for c in label):
        raise BadValue(f"{kind} {label[:60]!r}: expected a name without control characters")
    if len(label) > longest or len(label.encode()) > 2 * longest:
        raise BadValue(
            f"{kind} {label[:20] + '...'!r}: expected at most {longest} characters "
            f"({2 * longest} bytes), given {len(label)} ({len(label.encode())} bytes)"
        )
    if label != label.strip():
        raise BadValue(f"{kind} {label!r}: expected a name without blanks at its ends")
