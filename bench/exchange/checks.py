"""What is checked of a set before a student trains: facts, duplicates, a teacher's view.

A teacher names permuted classes by the assignment that fits its predictions best, and a wrong
normalisation by the reading under which it agrees with the labels more.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from bench.analysis.features import seen_by
from bench.analysis.leaks import class_order, near_duplicates, unsound
from bench.artifacts.values import RealSet, SyntheticSet, Teacher
from bench.data.augment import eval_view
from bench.data.network_input import as_pixels, network_input
from bench.exchange.fitting import renormalised

GAIN = 0.15  # accuracy by which another reading of the floats must be better to be named
MARGIN = 2.0  # times chance below which a teacher recognises nothing


def facts(made: SyntheticSet, num_classes: int) -> Iterator[str]:
    """Images, IPC per class, bytes and range, one line each."""
    counts = made.labels.bincount(minlength=num_classes).tolist()
    least, most = min(counts), max(counts)
    each = f"{most}" if least == most else f"{least} to {most}"
    kind = "uint8" if made.images.dtype == torch.uint8 else "float32"
    shape = " x ".join(map(str, made.images.shape[1:]))
    yield f"{len(made.labels)} images of {shape}, {kind}; IPC {each}"
    yield f"{made.image_bytes} bytes of images, {made.label_bytes} of learned labels"
    yield f"values from {float(made.images.min()):.3g} to {float(made.images.max()):.3g}"
    missing = [str(k) for k, count in enumerate(counts) if not count]
    if missing:
        yield f"warning: no image of class {', '.join(missing)}"
    yield from (f"warning: {line}" for line in unsound(made))


def duplicates(made: SyntheticSet, test: RealSet) -> Iterator[str]:
    """How many test images have a near-duplicate in the set."""
    given = network_input(made, test.mean, test.std)
    stored = given.images if made.factor > 1 else made.images
    ours = as_pixels(stored, test.mean, test.std)
    found = near_duplicates(eval_view(test.images, test.resolution), ours)
    total = len(test.labels)
    if found:
        yield (f"warning: {len(found)} of {total} test images have a near-duplicate in the set "
               f"(test image {found[0].test} is like image {found[0].synthetic})")  # fmt: skip
    else:
        yield f"none of {total} test images has a near-duplicate in the set"


def seen_by_teacher(made: SyntheticSet, teacher: Teacher, test: RealSet) -> Iterator[str]:
    """Accuracy of the teacher on the set per class, and what the confusion says is wrong."""
    given, classes = network_input(made, test.mean, test.std), test.classes

    def predicted(images: Tensor) -> Tensor:
        return seen_by(teacher, images, test.mean, test.std).logits.argmax(1)

    plain, labels = predicted(given.images), given.labels
    right = plain == labels
    total = float(right.float().mean())
    known = f"{100 * teacher.top1:.1f} % on real test images"
    yield f"teacher ({known}): {100 * total:.1f} % of the set"
    parts = [
        f"{name} {100 * float(right[labels == k].float().mean()):.0f}"
        for k, name in enumerate(classes)
        if bool((labels == k).any())
    ]
    yield f"per class in %: {', '.join(parts[:20])}{', ...' if len(parts) > 20 else ''}"
    order = class_order(plain, labels, len(classes))
    if order.suspicious:
        names = ", ".join(classes[k] for k in _inverse(order.best))
        yield (f"warning: the teacher agrees with {100 * order.permuted:.0f} % under another order "
               f"of the classes: try --class-order {names.replace(', ', ',')}")  # fmt: skip
        return
    readings = {"normalised twice": True, "not normalised yet": False}
    for name, back in readings.items():
        other = renormalised(given.images, test.mean, test.std, back)
        gained = float((predicted(other) == labels).float().mean())
        if gained > total + GAIN:
            yield (f"warning: the images look {name}: read otherwise, the teacher agrees with "
                   f"{100 * gained:.0f} %; see --mean and --std")  # fmt: skip
            return
    if total < MARGIN / len(classes) and len(labels) >= 2 * len(classes):
        yield (f"warning: the teacher is near chance ({100 / len(classes):.0f} %) under every "
               "reading: is it a set of another data set?")  # fmt: skip


def _inverse(best: tuple[int, ...]) -> list[int]:
    """Which class each label of the file means, given what each prediction would have to mean."""
    meaning = [0] * len(best)
    for prediction, label in enumerate(best):
        meaning[label] = prediction
    return meaning
