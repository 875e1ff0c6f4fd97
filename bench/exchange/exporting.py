"""A synthetic set in the layouts of others: folder, DC line, DD-Ranking, hub, and our own file."""

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

import torch
from PIL import Image
from torch import Tensor

from bench.artifacts.values import SyntheticSet
from bench.core.errors import BadValue
from bench.data.network_input import as_pixels, normalised
from bench.storage.packing import pack

FORMATS = ("folder", "dc", "ddranking", "hub", "own")


@dataclass(frozen=True)
class Scored:
    """A score that the store holds of the set: what a person must know to read it.

    Attributes:
        top1: accuracy in [0, 1] at the last epoch.
        created: UTC, ISO 8601.
    """

    evaluator: str
    top1: float
    seed: int
    student: str
    address: str
    created: str

    def entry(self, dataset: str) -> dict[str, object]:
        """As the Hub's `.eval_results` files name it."""
        return {
            "dataset": {"id": dataset, "task_id": self.evaluator},
            "value": round(100 * self.top1, 4),
            "date": self.created[:10],
            "notes": f"top-1 accuracy in percent, last epoch; student {self.student}, seed "
            f"{self.seed}, address {self.address}",
        }


@dataclass(frozen=True)
class Described:
    """What a person who takes the set should know.

    Attributes:
        licence: of the real data that the set was made of.
        recipe: values by name, as the address holds them.
        teacher: sha256 of the teacher's content, empty where none was used.
        scores: that are known of the set.
    """

    name: str
    dataset: str
    licence: str
    classes: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    recipe: Mapping[str, object]
    teacher: str = ""
    scores: tuple[Scored, ...] = ()

    def facts(self, made: SyntheticSet) -> dict[str, object]:
        """Everything as JSON data."""
        return {
            "name": self.name,
            "dataset": self.dataset,
            "licence_of_source": self.licence,
            "classes": list(self.classes),
            "mean": list(self.mean),
            "std": list(self.std),
            "recipe": dict(self.recipe),
            "teacher_sha256": self.teacher,
            "images": len(made.labels),
            "ipc": int(made.labels.bincount().max()),
            "lr": made.lr,
            "factor": made.factor,
            "learned_labels": bool(len(made.soft)),
        }


def export(made: SyntheticSet, about: Described, out: Path, kind: str) -> list[str]:
    """Writes the set and `about.json` into a new folder; returns what is lost, a line each.

    Raises:
        BadValue: the folder is there and not empty, or there is no such format.
    """
    if kind not in WRITERS:
        raise BadValue(f"format: expected one of {', '.join(FORMATS)}, given {kind!r}")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise BadValue(f"{out}: expected a new or empty folder, but something is there")
    out.mkdir(parents=True, exist_ok=True)
    lost = WRITERS[kind](made, about, out)
    text = json.dumps(about.facts(made), indent=2, sort_keys=True)
    (out / "about.json").write_text(text + "\n", encoding="utf-8")
    return lost


def png(pixels: Tensor) -> bytes:
    """One image (ch, H, W) uint8, losslessly."""
    array = pixels.permute(1, 2, 0).numpy()
    file = io.BytesIO()
    Image.fromarray(array[:, :, 0] if array.shape[2] == 1 else array).save(file, "PNG")
    return file.getvalue()


def _folder(made: SyntheticSet, about: Described, out: Path) -> list[str]:
    images = as_pixels(made.images, about.mean, about.std)
    for image, label, slot in zip(images, made.labels.tolist(), made.slots.tolist(), strict=True):
        place = out / f"new{label:03d}"
        place.mkdir(exist_ok=True)
        (place / f"class{label:03d}_id{slot:03d}.png").write_bytes(png(image))
    lost = ["float images were rounded to pixels"] if made.images.dtype != torch.uint8 else []
    return lost + _unkept(made, labels=True)


def _dc(made: SyntheticSet, about: Described, out: Path) -> list[str]:
    images = normalised(made.images, about.mean, about.std)
    content = {"data": [[images, made.labels]], "accs_all_exps": {}}
    torch.save(content, out / f"res_{about.name}.pt")
    return _unkept(made, labels=True)


def _ddranking(made: SyntheticSet, about: Described, out: Path) -> list[str]:
    torch.save(normalised(made.images, about.mean, about.std), out / "images.pt")
    torch.save(made.labels, out / "labels.pt")
    if len(made.soft):
        torch.save(made.soft, out / "soft_labels.pt")
    return _unkept(made, labels=False)


def _unkept(made: SyntheticSet, labels: bool) -> list[str]:
    lost = {
        "learned labels": labels and bool(len(made.soft)),
        "image weights": bool(made.weight_bytes),
        "the learned rate": bool(made.lr),
        "the decoder's factor (give --factor when scoring)": made.factor != 1,
    }
    return [f"this layout holds no place for {name}" for name, is_lost in lost.items() if is_lost]


def _hub(made: SyntheticSet, about: Described, out: Path) -> list[str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    shown = [png(image) for image in as_pixels(made.images, about.mean, about.std)]
    columns: dict[str, object] = {
        "image": [{"bytes": item, "path": None} for item in shown],
        "label": made.labels.tolist(),
    }
    if made.images.dtype != torch.uint8:
        columns["tensor"] = [image.numpy().astype("<f4").tobytes() for image in made.images]
    if len(made.soft):
        columns["soft"] = made.soft.tolist()
    if made.weight_bytes:
        columns["weight"] = made.weights.tolist()
    facts = {"shape": list(made.images.shape[1:]), "lr": made.lr, "factor": made.factor}
    table = pa.table(columns).replace_schema_metadata({"ddbench": json.dumps(facts)})
    (out / "data").mkdir()
    pq.write_table(table, out / "data" / "train-00000-of-00001.parquet")
    (out / "README.md").write_text(_card(made, about), encoding="utf-8")
    croissant = {
        "@context": {"@vocab": "https://schema.org/", "cr": "http://mlcommons.org/croissant/"},
        "@type": "Dataset",
        "name": about.name,
        "description": f"A synthetic set distilled from {about.dataset}.",
        "license": about.licence,
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": "train",
                "contentUrl": "data/train-00000-of-00001.parquet",
                "encodingFormat": "application/x-parquet",
            }
        ],
    }
    _eval_results(about, out)
    text = json.dumps(croissant, indent=2)
    (out / "croissant.json").write_text(text + "\n", encoding="utf-8")
    return []


def _eval_results(about: Described, out: Path) -> None:
    """`.eval_results/<evaluator>.yaml`: the entries of each evaluator that scored the set."""
    import yaml

    for evaluator in dict.fromkeys(scored.evaluator for scored in about.scores):
        folder = out / ".eval_results"
        folder.mkdir(exist_ok=True)
        entries = [s.entry(about.dataset) for s in about.scores if s.evaluator == evaluator]
        text = yaml.safe_dump(entries, sort_keys=False, allow_unicode=True, width=1000)
        (folder / f"{evaluator}.yaml").write_text(text, encoding="utf-8")


def _card(made: SyntheticSet, about: Described) -> str:
    ipc = int(made.labels.bincount().max())
    return (
        "---\n"
        "license: other\n"
        f"license_name: {json.dumps(about.licence)}\n"
        "task_categories: [image-classification]\n"
        "tags: [dataset-distillation]\n"
        "configs:\n- config_name: default\n  data_files: data/*.parquet\n"
        "---\n\n"
        f"# {about.name}\n\n"
        f"A synthetic set of {len(made.labels)} images, IPC {ipc}, distilled from "
        f"{about.dataset}.\n\n"
        f"The real data's licence: {about.licence}. Whoever uploads this set answers for it.\n\n"
        f"Teacher (sha256): {about.teacher or 'none'}.\n\n"
        f"{_known(about)}"
        f"Score it with `bench score . --dataset {quote(about.dataset)}`.\n"
    )


def _known(about: Described) -> str:
    """The card's sentence on scores, empty where none are known."""
    if not about.scores:
        return ""
    named = ", ".join(dict.fromkeys(scored.evaluator for scored in about.scores))
    return f"Its scores under {named}, by seed, are in `.eval_results`.\n\n"


def _own(made: SyntheticSet, about: Described, out: Path) -> list[str]:
    from safetensors.torch import save_file

    tensors, values = pack(made)
    text = json.dumps(values, sort_keys=True)
    save_file(tensors, str(out / "data.safetensors"), metadata={"json": text})
    return []


WRITERS: Mapping[str, Callable[[SyntheticSet, Described, Path], list[str]]] = {
    "folder": _folder,
    "dc": _dc,
    "ddranking": _ddranking,
    "hub": _hub,
    "own": _own,
}
