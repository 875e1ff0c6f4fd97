"""The recipes of other papers, as changes of a base recipe of the same profile.

They fix how everything is trained and labelled, so that a rival can be run under its own protocol
as well as under WMDD's. What this suite does not have is replaced and said in each docstring.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from bench.plugin.recipes import Recipe, Relabel, Squeeze, Student
from bench.study.convnet import convnet_dc, convnet_dsa

MANY_CLASSES = ("imagenet-1k", "cifar100")  # RDED doubles its batch from 100 classes on
CIFAR = ("cifar10", "cifar100")
TINY = ("tiny-imagenet",)
NUM_CLASSES = {"imagenet-1k": 1000, "cifar100": 100, "tiny-imagenet": 200}  # others have 10
MOSAIC_SIDE = 128  # from here on RDED stitches 2 x 2 crops


def sre2l(base: Recipe, dataset: str, resolution: int, ipc: int) -> Recipe:
    """SRe2L by its official scripts: 4000 iterations, lambda 0.01 (Tiny 1), student batch 1024.

    Source: arXiv:2306.13092 and its repository; methods.md 4.2. Differs: the teacher is trained
    here instead of taken from torchvision; on CIFAR padded crops are random resized ones of at
    least 60 % of the area, CutMix stands for mixup, and the labelling teacher is in evaluation
    mode. Tiny's labels are on-line in the original, which `--set evaluator=online-kd` restores.
    """
    name = "sre2l"
    if dataset in TINY:
        return replace(
            base,
            name=name,
            squeeze=Squeeze(epochs=50, batch=256, lr=0.2, warmup=5),
            recover=replace(base.recover, iterations=4000, lr=0.1, roll=4),
            relabel=Relabel(epochs=100, batch=256, cutmix=False),
            student=Student(
                lr=0.2, weight_decay=1e-4, optimizer="sgd", warmup=5, decay="all", squared=True
            ),
        )
    if dataset in CIFAR:
        return replace(
            base,
            name=name,
            squeeze=Squeeze(epochs=200, batch=128, lr=0.1, weight_decay=5e-4, crop_min=0.6),
            recover=replace(base.recover, iterations=1000, crop_min=1.0, flip=0.0, roll=4),
            relabel=Relabel(epochs=400, batch=128, crop_min=0.6),
            student=Student(temperature=30.0, decay="all"),
        )
    return replace(
        base,
        name=name,
        recover=replace(base.recover, iterations=4000),
        relabel=replace(base.relabel, epochs=300, batch=1024),
    )


def rded(base: Recipe, dataset: str, resolution: int, ipc: int) -> Recipe:
    """RDED by its released code: batch by IPC, a rate that ends at half, 300 epochs.

    Source: arXiv:2312.03526 and its repository; methods.md 9.3. Differs: labels may be stored;
    the rate is that of ResNets and ConvNets for every student; patches are not shuffled; the last
    epoch counts, not the best one on the test set.
    """
    batch = 100 if dataset in TINY else _by_ipc(ipc) * (2 if dataset in MANY_CLASSES else 1)
    whole = ipc * NUM_CLASSES.get(dataset, 10)
    smallest_crop = 0.5 if resolution >= MOSAIC_SIDE else 1.0  # one over the mosaic's factor
    return replace(
        base,
        name="rded",
        relabel=replace(
            base.relabel, epochs=300, batch=max(1, min(batch, whole)), crop_min=smallest_crop
        ),
        student=Student(schedule="cosine-half"),
    )


def _by_ipc(ipc: int) -> int:
    """RDED's batch for ten classes: 10 at IPC 1, 50 at 10, 100 at 50 and above."""
    return 100 if ipc >= 50 else 50 if ipc >= 10 else 10


def hard_300(base: Recipe, dataset: str, resolution: int, ipc: int) -> Recipe:
    """Hard labels for 300 epochs: AdamW, batch 100, crops and flips, no CutMix.

    Source: the `train_vanilla` script of WMDD's release, with the batch of its other scripts;
    methods.md 3.4. It is meant for the evaluator `hard-label`.
    """
    return replace(
        base,
        name="hard-300",
        relabel=replace(base.relabel, epochs=300, batch=100, cutmix=False),
        student=Student(),
    )


Rival = Callable[[Recipe, str, int, int], Recipe]  # base, data set, resolution and IPC
RIVALS: Mapping[str, Rival] = {
    "sre2l": sre2l,
    "rded": rded,
    "hard-300": hard_300,
    "convnet-dc": convnet_dc,
    "convnet-dsa": convnet_dsa,
}
