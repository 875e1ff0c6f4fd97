"""The recipes of other papers, as changes of a base recipe of the same profile.

They fix how everything is trained and labelled, so that a rival can be run under its own protocol
as well as under WMDD's. What this suite does not have is replaced and said in each docstring.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from bench.data.spec import DatasetSpec
from bench.plugin.recipes import Recipe, Relabel, Squeeze, Student
from bench.study import decoupled
from bench.study.convnet import convnet_dc, convnet_dsa
from bench.study.ensembles import edc, g_vbsm, scdd
from bench.study.grid import Protocol

MANY_CLASSES = 100  # from here on RDED doubles its batch
TINY = "tiny-imagenet"  # the family for which SRe2L, CDA and RDED have settings of their own
CIFAR_SIDE = 32  # colour images up to here are trained as CIFAR is
# RDED's rates of students (argument.py), by the beginning of the network's name
STUDENT_RATES = {"vit_base": 1e-4, "swin": 1e-4, "efficientnet_b0": 2e-3, "mobilenet": 2.5e-3}
MOSAIC_SIDE = 128  # from here on RDED stitches 2 x 2 crops


def sre2l(base: Recipe, spec: DatasetSpec, ipc: int, student: str) -> Recipe:
    """SRe2L by its official scripts: 4000 iterations, lambda 0.01 (Tiny 1), student batch 1024.

    Source: arXiv:2306.13092 and its repository; methods.md 4.2. Differs: the teacher is trained
    here instead of taken from torchvision; on CIFAR padded crops are random resized ones of at
    least 60 % of the area, CutMix stands for mixup, and the labelling teacher is in evaluation
    mode. On Tiny ImageNet labels are made on-line, and images are rolled both ways.
    """
    name = "sre2l"
    if spec.family == TINY:
        return on_tiny_imagenet(
            replace(
                base,
                name=name,
                squeeze=Squeeze(epochs=50, batch=256, lr=0.2, warmup=5),
                recover=replace(base.recover, iterations=4000, lr=0.1, roll=4, rolls="both-ways"),
            )
        )
    if spec.channels == 3 and spec.resolution <= CIFAR_SIDE:
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


def on_tiny_imagenet(recipe: Recipe) -> Recipe:
    """A recipe whose later stages are those of SRe2L's `train_kd.sh` for Tiny ImageNet.

    On-line labels, SGD at 0.2 with a warm-up of 5 epochs, 100 epochs of batch 256 without CutMix,
    KL times the squared temperature. Source: github.com/zeyuanyin/tiny-imagenet; methods.md 4.
    """
    return replace(
        recipe,
        relabel=Relabel(epochs=100, batch=256, cutmix=False),
        student=Student(
            lr=0.2, weight_decay=1e-4, optimizer="sgd", warmup=5, decay="all", squared=True
        ),
        evaluator="online-kd",
    )


def cda(base: Recipe, spec: DatasetSpec, ipc: int, student: str) -> Recipe:
    """CDA by its official scripts: 4000 iterations, student batch 128; Tiny rate 0.4, weight 0.05.

    Source: arXiv:2311.18838, its repository and issue 27 there (AdamW, batch 128, 300 epochs);
    methods.md 5. It is meant for the distiller `cda`, whose curriculum is its own. Differs: the
    teacher is trained here.
    """
    tiny = spec.family == TINY
    lr, weight = (0.4, 0.05) if tiny else (0.25, 0.01)
    roll = 4 if tiny else base.recover.roll
    return replace(
        base,
        name="cda",
        objective=replace(base.objective, sre2l_bn_weight=weight),
        recover=replace(base.recover, iterations=4000, lr=lr, roll=roll),
        relabel=replace(base.relabel, epochs=300, batch=128),
    )


def rded(base: Recipe, spec: DatasetSpec, ipc: int, student: str) -> Recipe:
    """RDED by its released code: batch by IPC, a rate that ends at half, 300 epochs.

    Source: arXiv:2312.03526 and its repository; methods.md 9.3. Students have its rates by
    architecture. Differs: labels may be stored; the last epoch counts, not the best one on the
    test set.
    """
    many = 2 if spec.num_classes >= MANY_CLASSES else 1
    batch = 100 if spec.family == TINY else _by_ipc(ipc) * many
    whole = ipc * spec.num_classes
    smallest_crop = 0.5 if spec.resolution >= MOSAIC_SIDE else 1.0  # one over the mosaic's factor
    return replace(
        base,
        name="rded",
        relabel=replace(
            base.relabel,
            epochs=300,
            batch=max(1, min(batch, whole)),
            crop_min=smallest_crop,
            shuffle_patches=2 if spec.resolution >= MOSAIC_SIDE else 1,
        ),
        student=Student(lr=_rate_of(student), schedule="cosine-half"),
    )


def _rate_of(student: str) -> float:
    """RDED's rate for an architecture; ResNets and ConvNets have 1e-3."""
    found = [rate for start, rate in STUDENT_RATES.items() if student.startswith(start)]
    return found[0] if found else 1e-3


def _by_ipc(ipc: int) -> int:
    """RDED's batch for ten classes: 10 at IPC 1, 50 at 10, 100 at 50 and above."""
    return 100 if ipc >= 50 else 50 if ipc >= 10 else 10


def hard_300(base: Recipe, spec: DatasetSpec, ipc: int, student: str) -> Recipe:
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


Rival = Callable[[Recipe, DatasetSpec, int, str], Recipe]  # base, data set, IPC and student
RIVALS: Mapping[str, Rival] = {
    "sre2l": sre2l,
    "cda": cda,
    "rded": rded,
    "sre2l++": decoupled.sre2l_plus,
    "cv-dd": decoupled.cv_dd,
    "fadrm": decoupled.fadrm,
    "delt": decoupled.delt,
    "bps": decoupled.bps,
    "g-vbsm": g_vbsm,
    "edc": edc,
    "scdd": scdd,
    "hard-300": hard_300,
    "convnet-dc": convnet_dc,
    "convnet-dsa": convnet_dsa,
}

NATIVE = "native"  # in place of an evaluator's name: each method under the protocol of its own
ITS_OWN = "its own"  # in place of a student's name: that of the protocol
DC, DSA = (Protocol(name, name) for name in ("convnet-dc", "convnet-dsa"))
PROTOCOLS: Mapping[str, Protocol] = {  # of methods whose recipe has not their own name
    **dict.fromkeys(("dsa", "dm", "m3d", "datadam", "datadam-paper", "mtt"), DSA),
    "dc": DC,
    # as the tables of the ConvNet line report them
    **dict.fromkeys(("random", "herding", "k-center"), DSA),
}


def protocol_of(distiller: str, otherwise: str) -> Protocol:
    """A method's own protocol: of the table, or the recipe of its name.

    Variants of WMDD, and whatever has neither, stand under the recipe `otherwise`.
    """
    named = distiller if distiller in RIVALS else otherwise
    return PROTOCOLS.get(distiller, Protocol(named))
