"""Relabel: the teacher's logits on augmented synthetic images (FKD)."""

import torch
from torch import Tensor

from bench.artifacts import SyntheticSet, Teacher
from bench.data.augment import CropPolicy
from bench.data.mixing import augmented_batch, draw_epochs, normalize
from bench.events import Emit, Step
from bench.labels import Draws, SoftLabels
from bench.recipes import Relabel
from bench.seeds import generator_for
from bench.stages.compute import autocast
from bench.stages.teacher import network

FORWARD_IMAGES = 500  # images per forward pass; the teacher is in evaluation mode, so any will do


def drawn(config: Relabel, images: Tensor, seed: int) -> Draws:
    """The draws of all epochs for images (M, ch, H, W): the same for every method and protocol."""
    height, width = images.shape[-2:]
    return draw_epochs(
        config.epochs,
        len(images),
        config.batch,
        height,
        width,
        CropPolicy(scale_min=config.crop_min, flip=config.flip),
        config.cutmix,
        generator_for(seed, "relabel"),
    )


@torch.no_grad()
def relabel(
    synthetic: SyntheticSet,
    teacher: Teacher,
    config: Relabel,
    mean: tuple[float, ...],
    std: tuple[float, ...],
    seed: int,
    fast: bool,
    emit: Emit,
) -> SoftLabels:
    """Draws every epoch's augmentation once and stores it with the logits it leads to.

    Students replay the draws and see bit-identical batches. Logits are rounded to float16.
    """
    model = network(teacher, fast)
    device = synthetic.images.device
    images = normalize(synthetic.images, mean, std)
    draws = drawn(config, images, seed)
    logits = torch.empty(config.epochs, len(images), teacher.num_classes, dtype=torch.float16)
    keys = [
        (epoch, index) for epoch in range(config.epochs) for index in range(draws.boxes.shape[1])
    ]
    together = max(1, FORWARD_IMAGES // config.batch)
    for start in range(0, len(keys), together):
        group = keys[start : start + together]
        parts = [augmented_batch(images, draws, *key) for key in group]
        with autocast(device, fast):
            out = model(torch.cat(parts)).half().cpu()
        for (epoch, index), part in zip(group, out.split([len(p) for p in parts]), strict=True):
            first = index * config.batch
            logits[epoch, first : first + len(part)] = part
        emit(Step("relabel", min(start + together, len(keys)), len(keys)))
    return SoftLabels(
        logits=logits,
        order=draws.order,
        crops=draws.crops,
        flips=draws.flips,
        mix=draws.mix,
        boxes=draws.boxes,
        batch=draws.batch,
    )
