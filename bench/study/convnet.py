"""The recipes of the ConvNet line, as changes of a base recipe of the same profile.

They fix how students are trained, for the evaluators `convnet-dc`, `convnet-dsa` and `convnet-zca`;
what distillers do is in the fields of the distillers.
"""

from dataclasses import replace

from bench.plugin.recipes import Recipe, Student


def convnet_for(resolution: int) -> str:
    """The ConvNet that the line uses at a resolution: depth 3 up to 32 pixels, then 4 and 5."""
    return "convnet3" if resolution <= 32 else "convnet4" if resolution <= 64 else "convnet5"


def convnet_dc(base: Recipe, dataset: str, resolution: int, ipc: int) -> Recipe:
    """The ConvNet line without augmentation: SGD 0.01, batch 256, 300 epochs, a ConvNet.

    Source: the released code of DC (arXiv:2006.05929); methods.md 11.1. Its evaluator is
    `convnet-dc`. The depth is 3 up to 32 pixels, 4 up to 64, then 5.
    """
    return _convnet(base, "convnet-dc", 300, resolution)


def convnet_dsa(base: Recipe, dataset: str, resolution: int, ipc: int) -> Recipe:
    """The ConvNet line with augmentation: SGD 0.01, batch 256, 1000 epochs, a ConvNet.

    Source: the released code of DSA, DM and MTT (arXiv:2102.08259, 2110.04181, 2203.11932);
    methods.md 11.1. Its evaluators are `convnet-dsa` and `convnet-zca`.
    """
    return _convnet(base, "convnet-dsa", 1000, resolution)


def _convnet(base: Recipe, name: str, epochs: int, resolution: int) -> Recipe:
    return replace(
        base,
        name=name,
        relabel=replace(base.relabel, epochs=epochs, batch=256),
        student=Student(
            arch=convnet_for(resolution),
            lr=0.01,
            weight_decay=5e-4,
            optimizer="sgd",
            momentum=0.9,
            schedule="step",
            decay="all",
        ),
        precision="fp32",
    )
