"""Parquet of images and labels as hubs hold it, and artifacts of our own."""

import io
import json
from pathlib import Path

import numpy as np
import torch

from bench.artifacts.values import SyntheticSet
from bench.core.errors import BadData, BenchError
from bench.exchange.folders import opened, stacked
from bench.exchange.loaded import Layout, Loaded
from bench.storage.payload import read

DATA = "data.safetensors"
PARQUET = "*.parquet"


def parquet_files(path: Path) -> list[Path]:
    """The file itself, or those in a folder or in its `data`."""
    if path.is_file():
        return [path] if path.suffix == ".parquet" else []
    found = [*path.glob(PARQUET), *path.glob(f"data/{PARQUET}")]
    return sorted(file for file in found if file.is_file())


def _parquet(path: Path, index: int) -> Loaded:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pa.concat_tables([pq.read_table(file) for file in parquet_files(path)])
    except (pa.ArrowException, OSError) as error:
        raise BadData(f"{path}: expected parquet, given {str(error)[:120]}") from None
    names = set(table.column_names)
    if "label" not in names or not names & {"image", "tensor"}:
        raise BadData(f"{path}: expected columns image and label, given {sorted(names)}")
    columns = {name: table.column(name).to_pylist() for name in table.column_names}
    labels = torch.tensor([int(label) for label in columns["label"]])
    facts = json.loads((table.schema.metadata or {}).get(b"ddbench", b"{}"))
    empty = torch.empty(0)
    soft = torch.tensor(columns["soft"]) if "soft" in names else empty
    weights = torch.tensor(columns["weight"]) if "weight" in names else empty
    if "tensor" in names:
        raw = np.stack([np.frombuffer(item, "<f4") for item in columns["tensor"]])
        images = torch.from_numpy(raw.reshape(len(raw), *facts["shape"]).copy())
        size = images.numel() * 4
    else:
        coded = [i["bytes"] if isinstance(i, dict) else i for i in columns["image"]]
        try:
            images = stacked([opened(io.BytesIO(item)) for item in coded], str(path))
        except (OSError, TypeError, ValueError) as error:
            raise BadData(f"{path}: expected encoded images, given {error}") from None
        size = sum(map(len, coded))
    return Loaded(
        images,
        labels,
        size,
        soft=soft,
        weights=weights,
        lr=float(facts.get("lr", 0)),
        factor=int(facts.get("factor", 1)),
        normalised="tensor" in names,
    )


def _own(path: Path, index: int) -> Loaded:
    file = path / DATA if path.is_dir() else path
    try:
        made = read(file, SyntheticSet)
    except BenchError as error:
        raise BadData(f"{file}: expected an artifact of this suite, but: {error}") from error
    weights = made.weights if made.weight_bytes else torch.empty(0)
    floats = made.images.dtype != torch.uint8
    return Loaded(made.images, made.labels, made.image_bytes, (), made.soft, weights, made.lr,
                  made.factor, floats)  # fmt: skip


OWN = Layout("own", "an artifact of this suite, data.safetensors",
             lambda p: (p / DATA).is_file() or p.name == DATA, _own)  # fmt: skip
TABLES = (
    OWN,
    Layout("parquet", "parquet with columns image and label",
           lambda p: bool(parquet_files(p)), _parquet),
)  # fmt: skip
