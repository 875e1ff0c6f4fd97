"""The recipes of SRe2L's successors, as changes of a base recipe of the same profile.

What they share: SRe2L's losses at weight 0.01, students by AdamW in small batches at a rate that
ends at zero or, smoothed, at half. They are read off the released scripts for a ResNet-18 student.
Where a script accumulates the gradients of two halves of a batch, here a batch is one; float32
stands for mixed precision; the last epoch counts and not the best one on the test set.
"""

from collections.abc import Mapping
from dataclasses import replace

from bench.data.spec import DatasetSpec
from bench.plugin.recipes import Recipe, Relabel, Student

TINY = "tiny-imagenet"
NETTE = "imagenette"
SMALL_SIDE = 32  # CIFAR and smaller
FEW_CLASSES = 10
# accuracy in percent of SRe2L++ at IPC 10 by each member of CV-DD's committee (`recover.py`):
# ResNet-18, ResNet-50, MobileNetV2 and DenseNet-121
PRIORS: Mapping[str, tuple[float, ...]] = {
    "cifar10": (63.01, 65.25, 67.61, 67.57),
    "cifar100": (64.0, 60.58, 59.43, 56.36),
    "imagenette": (62.4, 52.0, 54.0, 60.8),
    "tiny-imagenet": (46.5, 28.3, 44.8, 41.5),
    "imagenet-1k": (43.1, 41.37, 39.15, 38.9),
}
# BPS: smallest crop and batch by the largest IPC they are for (`stage3_training.py`)
BPS_CIFAR10 = {10: (0.1, 16), 50: (0.2, 16), 100: (0.2, 32)}
BPS_SMALL = {10: (0.2, 32), 50: (0.6, 64), 100: (0.9, 128)}
BPS_LARGE = {10: (0.2, 128), 50: (0.2, 256), 100: (0.2, 512)}


def sre2l_plus(base: Recipe, spec: DatasetSpec, ipc: int, student: str) -> Recipe:
    """SRe2L++ by CV-DD's released code: 4000 iterations, batch-specific labels, batch 16 or 10.

    Source: arXiv:2501.07575 and its repository; methods.md 10. It is meant for the distiller
    `sre2l++`. On CIFAR-10 the one published script has 200 iterations.
    """
    cifar10 = spec.resolution <= SMALL_SIDE and spec.num_classes <= FEW_CLASSES
    recipe = replace(
        base,
        name="sre2l++",
        objective=replace(base.objective, sre2l_bn_weight=0.01),
        recover=replace(
            base.recover, iterations=200 if cifar10 and spec.channels == 3 else 4000, lr=0.25
        ),
    )
    return _batch_specific(recipe, spec, ipc)


def cv_dd(base: Recipe, spec: DatasetSpec, ipc: int, student: str) -> Recipe:
    """CV-DD by its released code: as SRe2L++, with the published priors of its committee.

    Source: arXiv:2501.07575 and its repository. It is meant for the distiller `cv-dd`.
    """
    priors = PRIORS.get(spec.family, ())
    presets = {"cv-dd": {"priors": priors}} if priors else {}
    return replace(
        sre2l_plus(base, spec, ipc, student), name="cv-dd", presets={**base.presets, **presets}
    )


def fadrm(base: Recipe, spec: DatasetSpec, ipc: int, student: str) -> Recipe:
    """FADRM by its released code: 4 parts of 500 iterations, PNG, labels and batches as SRe2L++.

    Source: arXiv:2506.24125 and its repository. It is meant for the distiller `fadrm`. Rates are
    those of the scripts for one teacher: 0.05 on ImageNette, 0.01 on Tiny ImageNet, else 0.25.
    """
    tiny = spec.family == TINY
    lr = 0.01 if tiny else 0.05 if spec.family == NETTE else 0.25
    recipe = replace(
        base,
        name="fadrm",
        objective=replace(base.objective, sre2l_bn_weight=0.01),
        recover=replace(base.recover, iterations=1000 if tiny else 2000, lr=lr, codec="png"),
        presets={**base.presets, "fadrm": {"parts": 2}} if tiny else base.presets,
    )
    return _batch_specific(recipe, spec, ipc)


def _batch_specific(recipe: Recipe, spec: DatasetSpec, ipc: int) -> Recipe:
    """Labels and students of CV-DD and FADRM (`train_fkd.py`, ResNet-18).

    Ten classes of photographs have rate 5e-4 and a smoothed rate but at IPC 10; else 1e-3, smoothed
    below IPC 50.
    """
    nette = spec.num_classes <= FEW_CLASSES and spec.resolution > SMALL_SIDE
    smoothed = ipc != 10 if nette else ipc < 50
    whole = ipc * spec.num_classes
    return replace(
        recipe,
        recover=replace(recipe.recover, batch=min(100, spec.num_classes)),
        relabel=replace(
            recipe.relabel, epochs=300, batch=min(10 if nette else 16, whole), cutmix=True
        ),
        student=Student(
            lr=5e-4 if nette else 1e-3, schedule="cosine-half" if smoothed else "cosine"
        ),
        evaluator="fkd-bssl",
    )


def delt(base: Recipe, spec: DatasetSpec, ipc: int, student: str) -> Recipe:
    """DELT by its released code: 4000 iterations without rolls; crops of a quarter and more.

    Source: arXiv:2411.19946 and its repository, whose evaluation is RDED's. It is meant for the
    distiller `delt`. Differs: students see no RandAugment (rand-m6-n2); labels may be stored.
    """
    batch = 100 if ipc >= 50 or spec.family == TINY else 50 if ipc >= 10 else 10
    many = 2 if spec.num_classes in (100, 1000) else 1
    return replace(
        base,
        name="delt",
        objective=replace(base.objective, sre2l_bn_weight=0.01),
        recover=replace(base.recover, iterations=4000, lr=0.25, roll=0),
        relabel=replace(
            base.relabel,
            epochs=300,
            batch=max(1, min(batch * many, ipc * spec.num_classes)),
            crop_min=0.25,
        ),
        student=Student(schedule="cosine-half"),
    )


def bps(base: Recipe, spec: DatasetSpec, ipc: int, student: str) -> Recipe:
    """BPS by its released code: 500 epochs, decay on all tensors, KL times squared temperature.

    Source: Shi, Liang and Wen, CVPR 2026, and its repository (`stage3_training.py`). It is meant
    for the distiller `bps`. Crops and batches follow its table by data set and IPC.
    """
    small = BPS_CIFAR10 if spec.num_classes <= FEW_CLASSES else BPS_SMALL
    table = small if spec.resolution <= 64 else BPS_LARGE
    crop_min, batch = next((v for most, v in table.items() if ipc <= most), table[100])
    return replace(
        base,
        name="bps",
        relabel=Relabel(
            epochs=500,
            batch=max(1, min(batch, ipc * spec.num_classes)),
            crop_min=crop_min,
            flip=base.relabel.flip,
        ),
        student=Student(schedule="cosine-half", decay="all", squared=True),
    )
