"""A clause of the contract: a distiller that takes a section of the recipe honours all of it.

A field is honoured if another value gives another address, and other images wherever the field can
change them: what a distiller ignores would stand in its recipe without being true of it.
"""

from collections.abc import Callable, Mapping

from bench.artifacts.values import ClassStats, SyntheticSet
from bench.execution.workshop import Workshop
from bench.graph.plan import CellPlan
from bench.plugin.recipes import SECTIONS, Setting
from bench.plugin.registry import Registered
from bench.storage.packing import content_digest, pack

Planned = Callable[[int, Mapping[str, object] | None], CellPlan]
# other values that show after three iterations on images of 8 pixels
OTHER: Mapping[str, object] = {
    "squeeze.epochs": 2,
    "squeeze.batch": 64,
    "squeeze.lr": 0.1,
    "squeeze.momentum": 0.0,
    "squeeze.weight_decay": 0.1,
    "squeeze.crop_min": 0.9,
    "squeeze.flip": 1.0,
    "squeeze.seed": 1,
    "squeeze.warmup": 1,
    "observe.batch": 7,
    "barycenter.solver": "k-means",
    "barycenter.iterations": 1,
    "objective.bn_weight": 1000.0,
    "objective.sre2l_bn_weight": 1000.0,
    "objective.ce_weight": 100.0,
    "objective.form": "squares",
    "recover.iterations": 2,
    "recover.lr": 2.0,
    "recover.beta1": 0.0,
    "recover.beta2": 0.1,
    "recover.batch": 4,
    "recover.crop_min": 0.95,
    "recover.flip": 1.0,
    "recover.roll": 4,
    "recover.variance": "pooled",
    "recover.codec": "jpeg-q75",
    "recover.rolls": "both-ways",
}
# classes seen in batches of 4, so that their variances within batches are far from the pooled
# ones, and terms of one size, so that each of them shows
BASE: Mapping[str, object] = {"observe.batch": 4, "recover.lr": 0.5}


def taken(plugin: Registered) -> list[str]:
    """Keys of the recipe that a distiller takes: of whole sections, and single settings."""
    keys = []
    for field in plugin.fields().values():
        if field.name in SECTIONS:
            keys += [key for key in OTHER if key.startswith(f"{field.name}.")]
        elif isinstance(field.setting, Setting):
            keys.append(field.setting.key)
    return keys


def unheeded(plugin: Registered, planned: Planned, shop: Workshop) -> str:
    """What is wrong: the fields that move no address, and those that change no image."""
    before = planned(0, BASE)
    known = _images(shop, before)
    unmoved, unchanged = [], []
    for key in taken(plugin):
        after = planned(0, {**BASE, key: OTHER[key]})
        if after.synthetic.address == before.synthetic.address:
            unmoved.append(key)
        elif _shows(key, after) and _images(shop, after) == known:
            unchanged.append(key)
    told = []
    if unmoved:
        told.append(f"expected another address for other values of {', '.join(unmoved)}")
    if unchanged:
        told.append(f"expected other images for other values of {', '.join(unchanged)}")
    return "; ".join(told)


def _shows(key: str, plan: CellPlan) -> bool:
    """Whether a field can change numbers: the variance only where per-class statistics are read."""
    return key != "recover.variance" or ClassStats in plan.distiller.needs


def _images(shop: Workshop, plan: CellPlan) -> str:
    tensors, meta = pack(shop.artifact(plan, plan.synthetic, SyntheticSet))
    return content_digest(tensors, meta)
