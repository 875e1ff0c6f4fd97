"""Results as tidy files, one row a cell, with a version; and what two labs' results disagree on."""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.core.errors import BadData
from bench.exchange.safe import there
from bench.storage.atomic import write_atomically

SUFFIXES = (".json", ".parquet")
SCHEMA = 1  # raise it when a column changes its meaning
KEPT = ("address", "top1", "dataset", "ipc", "row", "seed", "evaluator", "student", "recipe")
Plain = str | int | float
Row = Mapping[str, object]


@dataclass(frozen=True)
class Conflict:
    """One address with different scores: (file, top1) of each."""

    address: str
    scores: tuple[tuple[str, float], ...]


def read_results(path: Path) -> list[dict[str, object]]:
    """Finished cells of a results file (.json, .parquet), a report.csv, or all of a store's.

    Raises:
        BadData: it is none of these, of a newer schema, or lacks a column.
    """
    if there(path, "results as .json, .parquet or report.csv").is_dir():
        files = sorted([*path.glob("report.csv"), *path.glob("reports/*/report.csv")])
        if not files:
            raise BadData(f"{path}: expected a store with reports or a report's folder, found none")
        unique = {str(row["address"]): row for file in files for row in read_results(file)}
        return list(unique.values())
    rows = _read(path)
    for row in rows:
        missing = [name for name in KEPT if not isinstance(row.get(name), Plain) and name != "top1"]
        if missing or "top1" not in row:
            lost = ", ".join(missing or ["top1"])
            raise BadData(f"{path}: expected columns {', '.join(KEPT)}, a row is without {lost}")
    done = [row for row in rows if row["top1"] not in (None, "") and row["top1"] == row["top1"]]
    return [{**row, **_numbers(row, path)} for row in done]


def _numbers(row: Row, path: Path) -> dict[str, object]:
    """Accuracy and IPC, which may come as text."""
    try:
        top1, ipc = float(str(row["top1"])), int(str(row["ipc"]))
    except ValueError as error:
        raise BadData(f"{path}: expected numbers for top1 and ipc, but {error}") from None
    if not 0 <= top1 <= 1 or ipc < 1:
        raise BadData(
            f"{path}: expected top1 from 0 to 1 and an ipc of at least 1, given {top1} and {ipc}"
        )
    return {"top1": top1, "ipc": ipc}


def _read(path: Path) -> list[dict[str, object]]:
    try:
        if path.suffix == ".csv":
            with path.open(encoding="utf-8", newline="") as file:
                return [dict(row) for row in csv.DictReader(file)]
        if path.suffix == ".parquet":
            import pyarrow.parquet as pq

            table = pq.read_table(path)
            _check(int((table.schema.metadata or {}).get(b"ddbench_schema", b"0")), path)
            return [dict(row) for row in table.to_pylist()]
        content = json.loads(path.read_text(encoding="utf-8"))
        _check(int(content["schema"]), path)
        return [dict(row) for row in content["rows"]]
    except (OSError, ValueError, KeyError, TypeError, RecursionError, csv.Error) as error:
        raise BadData(
            f"{path}: expected results as .json, .parquet or report.csv, given "
            f"{type(error).__name__}: {str(error)[:100]}"
        ) from None


def _check(schema: int, path: Path) -> None:
    if schema != SCHEMA:
        raise BadData(f"{path}: expected results of schema {SCHEMA}, given {schema}")


def results_file(path: Path) -> Path:
    """The path of a file that rows can be written to.

    Raises:
        BadData: another suffix than .json or .parquet.
    """
    if path.suffix not in SUFFIXES:
        raise BadData(f"{path}: expected a name that ends in {' or '.join(SUFFIXES)}")
    return path


def write_results(rows: Sequence[Row], path: Path) -> None:
    """Writes rows as .json or .parquet, in the order of addresses.

    Raises:
        BadData: another suffix.
    """
    results_file(path)
    ordered = sorted(rows, key=lambda row: (str(row["address"]), float(str(row["top1"]))))
    if path.suffix == ".json":
        text = json.dumps({"schema": SCHEMA, "rows": ordered}, indent=1, sort_keys=True)
        write_atomically(path, text + "\n")
    else:
        import pyarrow as pa
        import pyarrow.parquet as pq

        names = list(dict.fromkeys(name for row in ordered for name in row))
        typed = ("top1", "ipc")
        columns = {
            name: [
                row.get(name)
                if name in typed
                else ("" if row.get(name) is None else str(row.get(name)))
                for row in ordered
            ]
            for name in names
        }
        table = pa.table(columns).replace_schema_metadata({"ddbench_schema": str(SCHEMA)})
        content = pa.BufferOutputStream()
        pq.write_table(table, content)
        write_atomically(path, content.getvalue().to_pybytes())


def merge(named: Mapping[str, Sequence[Row]]) -> tuple[list[Row], list[Conflict]]:
    """All rows, equal ones once; rows of one address with different scores are all kept."""
    found: dict[str, dict[float, tuple[str, Row]]] = {}
    for name, rows in named.items():
        for row in rows:
            score = float(str(row["top1"]))
            found.setdefault(str(row["address"]), {}).setdefault(score, (name, row))
    merged = [row for scores in found.values() for _, row in scores.values()]
    conflicts = [
        Conflict(address, tuple((name, score) for score, (name, _) in scores.items()))
        for address, scores in found.items()
        if len(scores) > 1
    ]
    return merged, conflicts
