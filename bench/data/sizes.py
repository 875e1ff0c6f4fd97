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


def published_sizes(name: str) -> tuple[int, int] | None:
    """Training and test images of a data set at any resolution; None where they are unknown."""
    return SIZES.get(name.split("@")[0])
