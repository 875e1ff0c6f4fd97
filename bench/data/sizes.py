"""Images of the published splits of data sets, for plans that are made where the data is not."""

from collections.abc import Mapping

SIZES: Mapping[str, tuple[int, int]] = {  # name -> (training images, test images)
    "digits": (1437, 360),
    "cifar10": (50_000, 10_000),
    "cifar100": (50_000, 10_000),
    "imagenette": (9_469, 3_925),
    "imagewoof": (9_025, 3_929),
    "tiny-imagenet": (100_000, 10_000),
    "imagenet-1k": (1_281_167, 50_000),
}


TEST_SETS: Mapping[str, Mapping[int, str]] = {  # name -> test images -> whose test set that is
    "imagenette": {3_925: "fastai v2", 500: "ImageNet-1K's validation images"},
    "imagewoof": {3_929: "fastai v2", 500: "ImageNet-1K's validation images"},
}


def published_sizes(name: str) -> tuple[int, int] | None:
    """Training and test images of a data set at any resolution; None where they are unknown."""
    base, _, marks = name.partition("#")
    if any(mark.startswith(("classes=", "images=")) for mark in marks.split("#")):
        return None
    return SIZES.get(base.split("@")[0])


def test_set(name: str, count: int) -> str:
    """Whose test set one of `count` images is, of the data sets that have several; else empty."""
    return TEST_SETS.get(name.split("#")[0].split("@")[0], {}).get(count, "")
