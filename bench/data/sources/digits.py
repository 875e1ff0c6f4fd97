"""The 8x8 handwritten digits that scikit-learn ships: 1797 real images, no download.

Source: UCI "Optical Recognition of Handwritten Digits" (its test part).
"""

from typing import TYPE_CHECKING

from bench.data.sources.arrays import Arrays
from bench.data.spec import Split

if TYPE_CHECKING:
    import numpy as np

CLASSES = tuple("0123456789")
EVERY = 5


def read(split: Split) -> tuple["np.ndarray", "np.ndarray"]:
    """Images (N, 8, 8) uint8 and labels (N,).

    Values 0..16 become round(v * 255 / 16). The split needs no seed: of each class, every fifth
    image in the order of the file (the 5th, 10th, ...) is a test image: 1442 train, 355 test.
    """
    import numpy as np
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = np.rint(bunch.images * 255 / 16).astype(np.uint8)
    labels = bunch.target.astype(np.int64)
    rank = np.zeros(len(labels), dtype=np.int64)  # position of each image within its class
    for label in range(len(CLASSES)):
        members = labels == label
        rank[members] = np.arange(members.sum())
    chosen = (rank % EVERY == EVERY - 1) == (split == "test")
    return images[chosen], labels[chosen]


SOURCE = Arrays(CLASSES, read, version="digits-1", hint="it is bundled with scikit-learn")
