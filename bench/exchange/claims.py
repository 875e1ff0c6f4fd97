"""The claim ledger: what papers and third parties state, as a CSV that others can extend."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bench.core.errors import BadData
from bench.exchange.safe import there

COLUMNS = ("method", "dataset", "ipc", "evaluator", "student", "top1_percent", "error_percent",
           "kind", "source", "note")  # fmt: skip
KINDS = ("paper", "replication")


@dataclass(frozen=True)
class Claim:
    """One stated accuracy, in percent.

    Attributes:
        error: as the source prints it, None without.
        kind: "paper" for the authors' own, "replication" for a third party's.
    """

    method: str
    dataset: str
    ipc: int
    evaluator: str
    student: str
    value: float
    error: float | None
    kind: str
    source: str
    note: str


def read_claims(path: Path) -> list[Claim]:
    """All claims of a ledger.

    Raises:
        BadData: a column is missing or a line cannot be read; names the line.
    """
    if there(path, "a claim ledger as CSV").is_dir():
        raise BadData(f"{path}: expected a claim ledger as CSV, given a folder")
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            if tuple(reader.fieldnames or ()) != COLUMNS:
                raise BadData(f"{path}: expected the columns {','.join(COLUMNS)}")
            return list(_claims(reader, path))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadData(f"{path}: expected a claim ledger as CSV, but {error}") from None


def _claims(lines: Iterable[dict[str, str]], path: Path) -> Iterable[Claim]:
    for number, line in enumerate(lines, 2):
        try:
            value, error = float(line["top1_percent"]), line["error_percent"]
            ipc, deviation = int(line["ipc"]), float(error) if error else None
        except (ValueError, TypeError) as problem:
            raise BadData(f"{path}, line {number}: expected numbers, {problem}") from None
        if not 0 <= value <= 100 or ipc < 1 or not (deviation is None or 0 <= deviation <= 100):
            raise BadData(
                f"{path}, line {number}: expected percent from 0 to 100 and an IPC of at least 1"
            )
        if line["kind"] not in KINDS or not line["source"]:
            raise BadData(f"{path}, line {number}: expected kind paper or replication and a source")
        yield Claim(line["method"], line["dataset"], ipc, line["evaluator"], line["student"],
                    value, deviation, line["kind"], line["source"], line["note"])  # fmt: skip
