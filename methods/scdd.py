"""SCDD: SRe2L under a teacher that was trained without labels.

Source: arXiv:2404.07976 and its released code; methods.md 6: a self-supervised network with frozen
BatchNorm statistics and a linear probe on top is inverted by cross-entropy and BatchNorm, one image
per class in a batch; soft labels are those of a supervised teacher, the recipe's. The network is
trained here as MoCo v3 (arXiv:2104.02057): two views of each image, a query by network, projector
and predictor, keys by their moving averages, InfoNCE over the batch at temperature 0.2.

Differs: the released code downloads networks of MoCo, SwAV or DINO. Views here are crops and flips
of the recipe with brightness and contrast drawn for each image, without blur, grey and solarise;
the training has the recipe's lengths and rates for teachers, SGD and no warm-up. The probe is
fitted to features of whole images. On CIFAR the released rate of the student never falls below
three quarters; here it ends at half.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import cross_entropy, normalize

from bench import (
    BadValue,
    Context,
    GlobalStats,
    GlobalStatsRequest,
    MatchingDistiller,
    NoFeatureLoss,
    Passes,
    RealSet,
    RecipeForm,
    Recover,
    Reference,
    Request,
    Run,
    Sre2lBnWeight,
    Teacher,
    Uniform,
    Work,
    artifact,
    distiller,
)
from bench.core.events import Emit
from bench.core.seeds import generator_for, seed_for
from bench.data.augment import eval_view
from bench.data.mixing import normalize as normalized
from bench.data.spec import Split
from bench.data.streaming import upload
from bench.models.build import build_model
from bench.models.layers import INPUT, PENULTIMATE, layer_names
from bench.models.outline import outline_for
from bench.plugin.recipes import Precision, Squeeze
from bench.stages.accuracy import judge
from bench.stages.compute import placed
from bench.stages.schedule import cosine
from bench.stages.squeeze import AugmentedReal, kept
from bench.stages.teacher import state_of
from bench.stages.training import train
from methods.regularizers import BatchNorm

TEMPERATURE = 0.2
KEY_MOMENTUM = 0.99
WIDTH, OUT = 256, 128  # of projector and predictor
JITTER = 0.4  # brightness and contrast
PROBE_EPOCHS, PROBE_BATCH, PROBE_RATE = 100, 256, 1e-2  # Adam, cosine


class Contrast(nn.Module):
    """MoCo v3's two branches: from views to the logits of each query over the keys of the batch."""

    def __init__(self, body: nn.Module, dims: int, rng: Generator) -> None:
        super().__init__()
        self.query = nn.Sequential(body, _mlp(dims, rng))
        self.predictor = _mlp(OUT, rng)
        self.keys = deepcopy(self.query).requires_grad_(False)

    def forward(self, views: Tensor) -> Tensor:
        """Logits (2B, B) of views (2B, ch, H, W), whose halves show the same images."""
        queries = normalize(self.predictor(self.query(views)), dim=1).chunk(2)
        with torch.no_grad():
            keys = normalize(self.keys(views), dim=1).chunk(2)
        return torch.cat((queries[0] @ keys[1].T, queries[1] @ keys[0].T)) / TEMPERATURE

    @torch.no_grad()
    def follow(self) -> None:
        """Moves the keys' branch towards the queries'; called after every step."""
        mine: list[Tensor] = list(self.keys.parameters())
        torch._foreach_lerp_(mine, list[Tensor](self.query.parameters()), 1 - KEY_MOMENTUM)


def _mlp(dims: int, rng: Generator) -> nn.Sequential:
    """Two linear layers with BatchNorm and ReLU between them, drawn from a generator."""
    layers = [nn.utils.skip_init(nn.Linear, a, b) for a, b in ((dims, WIDTH), (WIDTH, OUT))]
    for layer in layers:
        drawn(layer, rng)
    return nn.Sequential(layers[0], nn.BatchNorm1d(WIDTH), nn.ReLU(), layers[1])


@torch.no_grad()
def drawn(layer: nn.Linear, rng: Generator) -> None:
    """Gives a linear layer normal weights of variance 1 / inputs, and no bias."""
    noise = torch.randn(layer.weight.shape, generator=rng)
    layer.weight.copy_(noise / layer.in_features**0.5)
    layer.bias.zero_()


class Views(AugmentedReal):
    """Two views of each image of a batch, (2B, ch, H, W), with the index of the matching key."""

    def __init__(self, real: RealSet, config: Squeeze, device: torch.device) -> None:
        super().__init__(real, config, device)
        self.rng = generator_for(config.seed, "contrast", "views")

    def __call__(self, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        order = torch.randperm(len(self.real.labels), generator=self.rng)
        chosen = order[: kept(len(order), self.batch)].split(self.batch)
        pairs = [torch.cat((part, part)) for part in chosen]
        seen = self._whole(pairs) if self.pool else (images for images, _ in self._stored(pairs))
        for images in seen:
            shape = (2, len(images), 1, 1, 1)
            u = JITTER * (2 * torch.rand(shape, generator=self.rng) - 1)
            contrast, brightness = upload(u, self.device)
            mine = torch.arange(len(images) // 2, device=self.device).repeat(2)
            yield images * (1 + contrast) + brightness, mine


def head_of(model: nn.Module) -> str:
    """The path of a network's linear classifier.

    Raises:
        BadValue: its classifier is no linear layer.
    """
    path = layer_names(model)[PENULTIMATE].removesuffix(INPUT)
    if not isinstance(model.get_submodule(path), nn.Linear):
        raise BadValue("expected a network with a linear classifier, given one without")
    return path


def with_head(model: nn.Module, path: str, head: nn.Module) -> nn.Module:
    """The network with another module as its classifier, in place."""
    parent, _, name = path.rpartition(".")
    setattr(model.get_submodule(parent), name, head)
    return model


def contrasted(
    real: RealSet, test: RealSet, config: Squeeze, device: torch.device, fast: bool, emit: Emit
) -> Teacher:
    """Trains a network without labels, then a linear classifier on its frozen features."""
    channels = real.images.shape[1]
    built = build_model(
        config.arch,
        num_classes=len(real.classes),
        channels=channels,
        resolution=real.resolution,
        seed=seed_for(config.seed, "contrast", "init"),
        stem=real.stem,
    )
    path, rng = head_of(built), generator_for(config.seed, "contrast", "heads")
    head = built.get_submodule(path)
    assert isinstance(head, nn.Linear)
    body = with_head(built, path, nn.Identity())
    model = placed(Contrast(body, head.in_features, rng), device, fast)
    optimizer = torch.optim.SGD(
        [*model.query.parameters(), *model.predictor.parameters()],
        config.lr,
        config.momentum,
        weight_decay=config.weight_decay,
    )
    optimizer.register_step_post_hook(lambda *_: model.follow())
    feed = Views(real, config, device)
    stage = "contrastive-teacher"
    train(model, optimizer, config.epochs, feed, cross_entropy, stage=stage, fast=fast, emit=emit)
    body = body.eval().requires_grad_(False)
    drawn(head, rng)
    fit(head.to(device), features(body, real, device), real.labels.to(device), rng)
    taught = with_head(body, path, head)
    return Teacher(
        arch=config.arch,
        num_classes=len(real.classes),
        channels=channels,
        resolution=real.resolution,
        state=state_of(taught),
        top1=judge(taught, test, device, fast).top1,
        stem=real.stem,
    )


@torch.no_grad()
def features(body: nn.Module, real: RealSet, device: torch.device) -> Tensor:
    """What the classifier would receive of each whole real image, (N, d)."""
    found = []
    for pixels in real.images.split(PROBE_BATCH):
        seen = eval_view(upload(pixels, device), real.resolution)
        found.append(body(normalized(seen, real.mean, real.std)).float())
    return torch.cat(found)


def fit(head: nn.Linear, given: Tensor, labels: Tensor, rng: Generator) -> None:
    """Fits a linear classifier to features (N, d) by Adam; it ends in evaluation form."""
    optimizer = torch.optim.Adam(head.requires_grad_().parameters(), PROBE_RATE)
    for epoch in range(PROBE_EPOCHS):
        optimizer.param_groups[0]["lr"] = PROBE_RATE * cosine(epoch, PROBE_EPOCHS)
        order = upload(torch.randperm(len(labels), generator=rng), labels.device)
        for chosen in order.split(PROBE_BATCH):
            optimizer.zero_grad(set_to_none=True)
            cross_entropy(head(given[chosen]), labels[chosen]).backward()
            optimizer.step()
    head.requires_grad_(False)


@artifact("contrastive-teacher", Teacher)
@dataclass(frozen=True)
class ContrastiveTeacherRequest(Request[Teacher]):
    """A network trained without labels and its linear probe; open fields are the recipe's."""

    arch: str | None = None
    how: Squeeze | None = None
    precision: Precision | None = None
    resolution: int | None = None
    stem: str | None = None

    def filled(self, at: Context) -> "ContrastiveTeacherRequest":
        base, spec = self.how or at.recipe.squeeze, at.source.spec
        arch = self.arch or base.arch
        return replace(
            self,
            arch=arch,
            how=replace(base, arch=arch),
            precision=self.precision or at.recipe.precision,
            resolution=spec.resolution,
            stem=spec.stem,
        )

    def reads(self) -> tuple[Split, ...]:
        return ("train", "test")

    def stream(self, at: Context) -> int | None:
        return self.how.seed if self.how else None

    def refuse(self, at: Context) -> None:
        head_of(outline_for(str(self.arch), at.source.spec))

    def make(self, have: Reference, at: Context, run: Run) -> Teacher:
        assert self.how is not None
        real, test, fast = run.split("train"), run.split("test"), self.precision == "bf16"
        return contrasted(real, test, self.how, run.device, fast, run.emit)

    def work(self, at: Context) -> Work:
        assert self.how is not None
        how, count, arch = self.how, at.source.train_count, self.how.arch
        steps = how.epochs * -(-kept(count, how.batch) // how.batch)
        model = outline_for(arch, at.source.spec)
        size = 4.0 * sum(p.numel() for p in model.parameters())
        queries, keys = (
            Passes("train", arch, 2 * how.batch, steps),
            Passes("forward", arch, 2 * how.batch, steps),
        )
        return Work((queries, keys), bytes=size)


OWN = ContrastiveTeacherRequest()


@dataclass(frozen=True)
class Unsupervised(MatchingDistiller):
    """A matching distiller whose teacher was trained without labels."""

    @property
    def variants(self) -> Mapping[type, Request[Any]]:
        """What stands for a class of artifacts: its own teacher, and statistics of that."""
        return {**super().variants, Teacher: OWN, GlobalStats: GlobalStatsRequest(of=OWN)}


@distiller("scdd", space={"bn_weight": Uniform(0.001, 1000.0, log=True)})
def scdd(
    bn_weight: Sre2lBnWeight = 0.01,
    first_bn: float = 10.0,
    form: RecipeForm = "norm",
    recover: Recover = Recover(),  # noqa: B008
) -> Unsupervised:
    """SRe2L under a self-supervised teacher with a linear probe (SCDD)."""
    return Unsupervised(
        NoFeatureLoss(),
        BatchNorm(first=first_bn, squared=form == "squares"),
        bn_weight=bn_weight,
        grouping="one-per-class",
        recover=recover,
    )
