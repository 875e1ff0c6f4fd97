"""Files of tensors: the DC line, MTT, IDC and NCFM, DD-Ranking, and .npz with learned labels."""

from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bench.core.errors import BadData
from bench.exchange.loaded import Layout, Loaded
from bench.exchange.safe import load_npz, load_torch

IMAGES = ("images", "x", "x_syn", "X", "x_train", "data", "imgs")
LABELS = ("labels", "y", "y_syn", "Y", "y_train", "targets", "label")


def made(images: Any, labels: Any, where: Path, **more: Any) -> Loaded:
    """A set of images (M, ch, H, W) and labels: class indices (M,), or learned (M, C).

    Raises:
        BadData: they are of another form, or not finite.
    """
    images, labels = (torch.as_tensor(np.asarray(v)) if not isinstance(v, Tensor) else v
                      for v in (images, labels))  # fmt: skip
    images, labels = images.detach(), labels.detach()
    if images.ndim == 4 and images.shape[1] not in (1, 3) and images.shape[3] in (1, 3):
        images = images.permute(0, 3, 1, 2).contiguous()
    if images.ndim != 4 or images.shape[1] not in (1, 3) or len(images) != len(labels):
        raise BadData(
            f"{where}: expected images (M, 1 or 3, H, W) with a label each, given "
            f"{tuple(images.shape)} and {tuple(labels.shape)}"
        )
    if images.is_complex() or labels.is_complex() or images.is_quantized or images.is_sparse:
        raise BadData(f"{where}: expected dense images and labels of plain numbers")
    if images.numel() * images.element_size() > images.untyped_storage().nbytes():
        raise BadData(f"{where}: expected images that do not share their memory")
    images = images if images.dtype == torch.uint8 else images.float()
    if not bool(torch.isfinite(images.float()).all()):
        raise BadData(f"{where}: expected finite images, given NaN or infinity")
    size = images.numel() * images.element_size()
    if labels.ndim == 2 and labels.shape[1] > 1:
        if not bool(torch.isfinite(labels.float()).all()):
            raise BadData(f"{where}: expected finite learned labels, given NaN or infinity")
        soft, note = _logits(labels.float())
        return Loaded(images, soft.argmax(1), size, soft=soft, notes=(note,), **more)
    if len(labels) != labels.numel() or not bool((labels == labels.float().round()).all()):
        raise BadData(f"{where}: expected a class index for each image, given other numbers")
    return Loaded(images, labels.flatten().long(), size, **more)


def _logits(labels: Tensor) -> tuple[Tensor, str]:
    """Learned labels as logits, and how they were read."""
    sums = labels.sum(1)
    if bool((labels >= 0).all()) and bool(((sums - 1).abs() < 1e-3).all()):
        return labels.clamp_min(1e-12).log(), "learned labels were read as probabilities"
    return labels, "learned labels were read as logits"


def _dc(path: Path, index: int) -> Loaded:
    content = load_torch(path)
    sets = content.get("data") if isinstance(content, dict) else None
    if not isinstance(sets, list) or not sets:
        raise BadData(f"{path}: expected {{'data': [[images, labels], ...]}} of the DC line")
    if not 0 <= index < len(sets):
        raise BadData(f"{path}: expected --index from 0 to {len(sets) - 1}, given {index}")
    notes = [f"set {index} of {len(sets)} in the file"] if len(sets) > 1 else []
    recorded = content.get("accs_all_exps")
    if isinstance(recorded, dict):
        for name, values in recorded.items():
            runs = [float(v) for v in np.ravel(values)] if len(values) else []
            if runs:
                notes.append(f"recorded in the file: {name} {np.mean(runs):.4f} (n = {len(runs)})")
    loaded = made(sets[index][0], sets[index][1], path, normalised=True)
    return Loaded(**{**vars(loaded), "notes": (*loaded.notes, *notes)})


def _mtt(path: Path, index: int) -> Loaded:
    first = path / "images_best.pt" if path.is_dir() else path
    images, labels = load_torch(first), load_torch(first.with_name("labels_best.pt"))
    rate = first.with_name("lr_best.pt")
    lr = float(load_torch(rate)) if rate.exists() else 0.0
    if not 0 <= lr < inf:
        raise BadData(f"{rate}: expected a learning rate, given {lr}")
    return made(images, labels, path, normalised=True, lr=lr)


def _ddranking(path: Path, index: int) -> Loaded:
    names = ("soft_labels.pt", "labels.pt")
    labels = next((path / name for name in names if (path / name).exists()), path / names[-1])
    return made(load_torch(path / "images.pt"), load_torch(labels), path, normalised=True)


def _pair(path: Path, index: int) -> Loaded:
    content = load_torch(path)
    if isinstance(content, dict):
        content = [_first(content, names, path) for names in (IMAGES, LABELS)]
    if not isinstance(content, list | tuple) or len(content) < 2:
        raise BadData(f"{path}: expected [images, labels], given {type(content).__name__}")
    return made(content[0], content[1], path)


def _npz(path: Path, index: int) -> Loaded:
    arrays = load_npz(path)
    images, labels = (_first(arrays, names, path) for names in (IMAGES, LABELS))
    return made(images, labels, path)


def _first(named: dict[str, Any], wanted: tuple[str, ...], path: Path) -> Any:
    for name in wanted:
        if name in named:
            return named[name]
    raise BadData(f"{path}: expected one of {', '.join(wanted)}, given {', '.join(named)}")


def _file(path: Path, suffix: str) -> bool:
    return path.is_file() and path.suffix == suffix


TENSORS = (
    Layout("mtt", "images_best.pt, labels_best.pt and lr_best.pt",
           lambda p: (p / "images_best.pt").is_file() or p.name == "images_best.pt", _mtt),
    Layout("ddranking", "images.pt and labels.pt or soft_labels.pt in a folder",
           lambda p: (p / "images.pt").is_file(), _ddranking),
    Layout("dc", "res_*.pt of the DC line, {'data': [[images, labels], ...]}",
           lambda p: _file(p, ".pt") and p.name.startswith("res_"), _dc),
    Layout("pair", "data.pt of IDC and NCFM, [images, labels]",
           lambda p: _file(p, ".pt"), _pair),
    Layout("npz", "an .npz with images and (learned) labels", lambda p: _file(p, ".npz"), _npz),
)  # fmt: skip
