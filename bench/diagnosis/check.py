"""The result of one look at the machine."""

from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "warn", "fail"]
GIB = 1 << 30


@dataclass(frozen=True)
class Check:
    """What was found; `warn` means slower or less, `fail` means that runs will not work.

    Attributes:
        advice: what to do about it, empty where nothing needs doing.
    """

    name: str
    status: Status
    detail: str
    advice: str = ""
