"""MTT's experts: the paths that networks take while they are trained on the real set.

Source: arXiv:2203.11932 and its released code, `buffer.py`; methods.md 14: ConvNets trained by
plain SGD under DSA, of which every epoch's parameters are kept. They are an artifact of their own:
as in the released code, all synthetic sets of a data set are matched with the same experts,
whatever their seed and their number of images.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import cross_entropy

from bench import BadValue, Context, Passes, RealSet, Reference, Request, Run, Work, artifact
from bench.core.events import Emit, Note, Step
from bench.core.seeds import generator_for, seed_for
from bench.data.dsa import Siamese, augment, draw_each
from bench.data.spec import Split
from bench.data.zca import Whitening, whitening
from bench.models.build import build_model
from bench.models.outline import outline_for
from bench.stages.learned_images import RealImages
from bench.stages.progress import LASTING, take_progress
from bench.study.convnet import convnet_for

POLICY = Siamese()


@dataclass(frozen=True)
class Experts:
    """How experts are trained: SGD without momentum or decay, under DSA.

    Attributes:
        count, epochs: how many, and for how long.
    """

    count: int = 100
    epochs: int = 50
    lr: float = 0.01
    batch: int = 256
    arch: str = ""

    def __post_init__(self) -> None:
        if min(self.count, self.epochs, self.batch) < 1 or self.lr <= 0:
            raise BadValue(
                "mtt experts: expected a count, epochs, a batch and a rate above 0, "
                f"given {self.count}, {self.epochs}, {self.batch} and {self.lr}"
            )


@dataclass(frozen=True)
class Trajectories:
    """Parameters of each expert after each epoch: (experts, epochs + 1, P) float32, on the CPU."""

    parameters: Tensor = field(metadata={"streamed": True})


class Flat:
    """A network as a function of its parameters in one vector and of images.

    Buffers stay as they are, so that networks with BatchNorm are refused.
    """

    def __init__(self, model: nn.Module) -> None:
        if any(True for _ in model.buffers()):
            raise BadValue(
                "mtt: expected a network without buffers (BatchNorm has some); "
                "choose a convnet with instance norms"
            )
        self.model = model
        self.shapes = {name: value.shape for name, value in model.named_parameters()}
        self.sizes = [shape.numel() for shape in self.shapes.values()]

    def parameters(self) -> Tensor:
        """The model's own parameters, (P,)."""
        return torch.cat([p.detach().flatten() for p in self.model.parameters()])

    def __call__(self, vector: Tensor, images: Tensor) -> Tensor:
        parts = zip(self.shapes.items(), vector.split(self.sizes), strict=True)
        named = {name: part.view(shape) for (name, shape), part in parts}
        logits: Tensor = functional_call(self.model, named, (images,))
        return logits


@artifact("trajectories", Trajectories)
@dataclass(frozen=True)
class TrajectoriesRequest(Request[Trajectories]):
    """Experts on the cell's data set; by default their seed is that of the recipe's teacher.

    Attributes:
        zca: whether they are trained on whitened images.
    """

    how: Experts = field(default_factory=Experts)
    zca: bool = False
    seed: int | None = None

    def filled(self, at: Context) -> "TrajectoriesRequest":
        arch = self.how.arch or convnet_for(at.source.spec.resolution)
        seed = at.recipe.squeeze.seed if self.seed is None else self.seed
        return replace(self, how=replace(self.how, arch=arch), seed=seed)

    def reads(self) -> tuple[Split, ...]:
        return ("train",)

    def stream(self, at: Context) -> int | None:
        return self.seed

    def refuse(self, at: Context) -> None:
        """Refuses networks with buffers."""
        Flat(outline_for(self.how.arch, at.source.spec))

    def make(self, have: Reference, at: Context, run: Run) -> Trajectories:
        assert self.seed is not None
        real = run.split("train")
        whiten = whitening(real, device=run.device) if self.zca else None
        return train_experts(real, self.how, self.seed, run.device, run.emit, whiten)

    def work(self, at: Context) -> Work:
        how, count = self.how, at.source.train_count
        steps = how.count * how.epochs * -(-count // how.batch)
        model = outline_for(how.arch, at.source.spec)
        size = 4.0 * how.count * (how.epochs + 1) * sum(p.numel() for p in model.parameters())
        return Work((Passes("train", how.arch, how.batch, steps),), bytes=size)

    def untrained(self, at: Context) -> Trajectories:
        """One path of that length away from a fresh network, where only its size counts."""
        spec, how = at.source.spec, self.how
        model = build_model(
            how.arch or convnet_for(spec.resolution),
            num_classes=spec.num_classes,
            channels=spec.channels,
            resolution=spec.resolution,
            seed=0,
        )
        start = torch.cat([value.detach().flatten() for value in model.parameters()])
        return Trajectories((torch.linspace(1.0, 1.1, how.epochs + 1)[:, None] * start)[None])


def train_experts(
    real: RealSet,
    config: Experts,
    seed: int,
    device: torch.device,
    emit: Emit,
    whiten: Whitening | None = None,
) -> Trajectories:
    """Trains all experts on the real set; each depends on the arguments and its number alone.

    After a break it goes on with the first expert that was not kept.
    """
    progress = take_progress()
    kept = _kept(progress.saved() or {})
    if kept:
        emit(Note(f"trajectories: goes on after expert {len(kept)} of {config.count}"))
    for index in range(len(kept), config.count):
        rng = generator_for(seed, "experts", index)
        model = build_model(
            config.arch or convnet_for(real.resolution),
            num_classes=len(real.classes),
            channels=real.images.shape[1],
            resolution=real.resolution,
            seed=seed_for(seed, "expert", index),
        )
        images = RealImages(real, device, rng, whiten=whiten)
        kept.append(path_of_expert(model.to(device), images, config))
        emit(Step("trajectories", index + 1, config.count))
        if progress.due():
            progress.save({f"{LASTING}{number}": path for number, path in enumerate(kept)})
    return Trajectories(torch.stack(kept))


def _kept(saved: Mapping[str, Tensor]) -> list[Tensor]:
    """The paths of the experts that an earlier process finished, in their order."""
    return [saved[f"{LASTING}{number}"] for number in range(len(saved))]


def path_of_expert(model: nn.Module, images: RealImages, config: Experts) -> Tensor:
    """Trains a network on the real images; its parameters (epochs + 1, P) after each epoch."""
    optimizer = torch.optim.SGD(model.parameters(), config.lr)
    flat, labels = Flat(model), images.real.labels.to(images.device)
    path = [flat.parameters().cpu()]
    for _ in range(config.epochs):
        order = torch.randperm(len(labels), generator=images.rng)
        for chosen in order.split(config.batch):
            drawn = draw_each(POLICY, len(chosen), images.rng)
            logits = model(augment(images.at(chosen), drawn, POLICY))
            optimizer.zero_grad(set_to_none=True)
            cross_entropy(logits, labels[chosen.to(images.device)]).backward()
            optimizer.step()
        path.append(flat.parameters().cpu())
    return torch.stack(path)
