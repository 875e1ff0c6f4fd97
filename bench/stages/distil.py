"""Distil: a registered distiller's synthetic set, as a request."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import torch

from bench.artifacts.values import (
    ClassFeatures,
    Observation,
    RealSet,
    SyntheticSet,
    Teacher,
)
from bench.artifacts.views import Reference
from bench.core.errors import BadValue
from bench.core.seeds import generator_for
from bench.data.spec import Split
from bench.graph.builder import code_of
from bench.graph.request import APART, Context, RealRequest, Request, Run, artifact, asked
from bench.graph.work import Passes, Probe, Work, arch_of, pixels_of
from bench.models.outline import feature_dims
from bench.plugin.contracts import Budget, Distiller
from bench.plugin.recipes import Precision, Recover
from bench.plugin.registry import Registered
from bench.stages.barycenter import BarycenterRequest
from bench.stages.learned_images import ImageSteps
from bench.stages.objective import Comparison
from bench.stages.recover import MatchingDistiller
from bench.stages.relabel import FORWARD_IMAGES
from bench.stages.trial import Trial

CODED = 3  # copies of a synthetic set that storing it holds: as made, in order, as decoded


@artifact("recover", SyntheticSet, version=2, own=True)
@dataclass(frozen=True)
class DistilledRequest(Request[SyntheticSet]):
    """The synthetic set of a distiller at its parameters.

    Attributes:
        params: name and value of each of its parameters.
        ipc: images per class; None for a distiller that ignores the budget.
        seed: of its generator; 0 for a distiller that draws nothing.
        precision: of the networks it uses; None where it uses none.
        method, plugin: the distiller and its registration, which name and code stand for.
    """

    distiller: str
    params: tuple[tuple[str, object], ...] = ()
    ipc: int | None = None
    seed: int = 0
    precision: Precision | None = None
    method: Distiller | None = field(default=None, compare=False, metadata={APART: True})
    plugin: Registered | None = field(default=None, compare=False, metadata={APART: True})

    @classmethod
    def of(
        cls, plugin: Registered, params: Mapping[str, object], method: Distiller, at: Context
    ) -> "DistilledRequest":
        """The request of a registered distiller in a cell."""
        told = getattr(method, "addressed", dict)(params)
        found = cls(
            plugin.name,
            tuple(sorted(told.items())),
            at.ipc if plugin.budgeted else None,
            at.seed if plugin.seeded else 0,
            method=method,
            plugin=plugin,
        )
        networks = getattr(method, "networks", False) or any(
            not isinstance(need, RealRequest) for need in found.needs(at)
        )
        return replace(found, precision=at.recipe.precision) if networks else found

    def asked(self, at: Context) -> Mapping[Any, Request[Any]]:
        """Each need as the method says it -> the request behind it."""
        assert self.method is not None
        known = getattr(self.method, "variants", {})
        try:
            return {need: asked(need, known).filled(at) for need in self.method.needs}
        except BadValue as error:
            raise BadValue(f"distiller {self.distiller!r}: {error}") from error

    def config(self, at: Context) -> Mapping[str, object]:
        found: dict[str, object] = {"distiller": self.distiller, "params": dict(self.params)}
        found |= {"precision": self.precision} if self.precision else {}
        return found | ({"ipc": self.ipc} if self.ipc is not None else {})

    def needs(self, at: Context) -> tuple[Request[Any], ...]:
        return tuple(dict.fromkeys(self.asked(at).values()))

    def reads(self) -> tuple[Split, ...]:
        return ("train",)

    def stream(self, at: Context) -> int | None:
        return self.seed

    def code(self) -> Path | None:
        return self.plugin.path if self.plugin else None

    def refuse(self, at: Context) -> None:
        """Refuses budgets above the size of a class, where images are made of real ones."""
        assert self.method is not None
        of_real = any(n is RealSet or isinstance(n, RealRequest) for n in self.method.needs)
        solved = any(isinstance(need, BarycenterRequest) for need in self.needs(at))
        if self.ipc is None or not (of_real or solved) or not at.source.smallest:
            return
        source = at.source
        each = getattr(self.method, "images_each", lambda side: 1)(source.spec.resolution)
        most = source.smallest // each
        if most < self.ipc:
            owner = f"class {source.smallest_class!r} of {source.spec.name}"
            reason = f"the size of {owner}"
            if each > 1:
                reason = f"since each takes {each} of the {source.smallest} images of {owner}"
            raise BadValue(
                f"ipc: expected at most {most}, {reason}, given {self.ipc} for row "
                f"{at.row!r}; lower ipc or give the class more images"
            )

    def make(self, have: Reference, at: Context, run: Run) -> SyntheticSet:
        assert self.method is not None
        reference = Reference({need: have[ask] for need, ask in self.asked(at).items()})
        rng = generator_for(self.seed, "recover")
        return self.method.distill(reference, self.budget(at, run.device), rng, run.emit)

    def budget(self, at: Context, device: torch.device) -> Budget:
        """What the distiller may produce in a cell."""
        spec = at.source.spec
        return Budget(
            ipc=at.ipc,
            num_classes=spec.num_classes,
            shape=at.shape,
            mean=spec.mean,
            std=spec.std,
            fast=self.precision == "bf16",
            device=device,
        )

    def facts(self, meta: Mapping[str, Any], at: Context) -> Mapping[str, object]:
        return {"image_bytes": meta["image_bytes"], "recover_steps": self.steps(at)}

    def steps(self, at: Context) -> int | None:
        """Optimiser steps over all batches of images; None where nothing is optimised.

        For images that are learned together, the iterations; each may hold several steps (DC).
        """
        learned = getattr(self.method, "steps", None)
        if isinstance(learned, ImageSteps):
            return learned.iterations
        recover = getattr(self.method, "recover", None)
        if not isinstance(recover, Recover):
            return None
        ipc, classes = at.ipc, at.source.spec.num_classes
        if getattr(self.method, "grouping", "class-major") == "class-major":
            count = -(-classes // max(1, min(recover.batch // ipc, classes)))
        else:
            count = ipc * -(-classes // recover.batch)
        return count * recover.iterations

    def images(self, at: Context) -> int:
        """Images of the set; all real ones where the distiller ignores the budget."""
        source = at.source
        return source.train_count if self.ipc is None else self.ipc * source.spec.num_classes

    def inputs(self, at: Context) -> int:
        """Images that networks see of the set."""
        learned = getattr(self.method, "steps", None)
        factor = learned.factor if isinstance(learned, ImageSteps) else 1
        return self.images(at) * factor**2

    def work(self, at: Context) -> Work:
        """Steps on batches of images, what the method says itself, or a call that is timed."""
        method, images = self.method, self.images(at)
        size = images * pixels_of(at.source.spec)
        floats = isinstance(getattr(method, "steps", None), ImageSteps)
        less = "lower recover.batch or ipc"
        common = Work(bytes=size * (4 if floats else 1), host=CODED * size, less=less)
        if said := getattr(method, "work", None):
            return cast(Work, said(at))
        if isinstance(method, MatchingDistiller):
            return self._matching(method, at, common)
        passes: tuple[Passes, ...] = ()
        needs = self.asked(at)
        if teacher := next((need for need in needs.values() if need.made is Teacher), None):
            passes = (Passes("forward", arch_of(teacher, at), FORWARD_IMAGES, 0),)
        trial = Trial(self, at, code_of(self.code()))
        return replace(common, passes=passes, probes=((trial, 1),), held=self._compared(at))

    def _matching(self, method: MatchingDistiller, at: Context, common: Work) -> Work:
        recover, source, arch = method.recover, at.source, at.recipe.squeeze.arch
        steps = cast(int, self.steps(at))
        batch = -(-self.images(at) // max(1, steps // recover.iterations))
        probes: tuple[tuple[Probe, float], ...] = ()
        if set(method.feature_loss.needs) == {ClassFeatures}:
            comparison = Comparison(
                loss=method.feature_loss,
                batch=batch,
                per_class=at.ipc if method.grouping == "class-major" else 1,
                classes=source.spec.num_classes,
                real=max(1, source.train_count // source.spec.num_classes),
                dims=feature_dims(arch, source.spec, method.layer),
                draws=method.draws,
                code=code_of(self.code()),
            )
            probes = ((comparison, steps),)
        passes = (Passes("recover", arch, batch, steps),)
        return replace(common, passes=passes, probes=probes, held=self._compared(at))

    def _compared(self, at: Context) -> float:
        """Bytes of what the images are compared to, on the device."""
        made = {need.made for need in self.asked(at).values()}
        arch, spec = at.recipe.squeeze.arch, at.source.spec
        layers = [str(getattr(self.method, "layer", ""))] if ClassFeatures in made else []
        layers += at.recipe.observe.layers if Observation in made else ()
        return 4.0 * at.source.train_count * sum(feature_dims(arch, spec, n) for n in layers if n)
