"""Evaluate: a registered evaluator's score of a synthetic set, as a request."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from bench.artifacts.labels import Score, SoftLabels
from bench.artifacts.values import SyntheticSet, Teacher
from bench.artifacts.views import Reference
from bench.core.errors import BadValue
from bench.data.spec import Split
from bench.graph.request import APART, Context, Request, Run, artifact, asked
from bench.graph.work import (
    DRAWN,
    Passes,
    Work,
    arch_of,
    inputs_of,
    pixels_of,
    test_pass,
    weight_bytes,
)
from bench.models.outline import outline_for
from bench.plugin.contracts import Evaluator
from bench.plugin.recipes import Precision
from bench.plugin.registry import Registered


@artifact("evaluate", Score, version=3, own=True)
@dataclass(frozen=True)
class ScoreRequest(Request[Score]):
    """The score that an evaluator gives a synthetic set.

    Attributes:
        sections: the parts of the recipe that the evaluator reads, by name.
        params: values of its own fields that differ from its defaults, by name.
        seed: of the student and of its order of data.
        judge, plugin: the evaluator and its registration, which name and code stand for.
    """

    of: Request[SyntheticSet]
    evaluator: str
    sections: tuple[tuple[str, object], ...] = ()
    precision: Precision | None = None
    seed: int = 0
    params: tuple[tuple[str, object], ...] = ()
    judge: Evaluator | None = field(default=None, compare=False, metadata={APART: True})
    plugin: Registered | None = field(default=None, compare=False, metadata={APART: True})

    def _asked(self, at: Context) -> Mapping[Any, Request[Any]]:
        assert self.judge is not None
        try:
            return {need: asked(need, {}).filled(at) for need in self.judge.needs}
        except BadValue as error:
            raise BadValue(f"evaluator {self.evaluator!r}: {error}") from error

    def config(self, at: Context) -> Mapping[str, object]:
        fixed = {"evaluator": self.evaluator, "precision": self.precision}
        given = {"params": dict(self.params)} if self.params else {}
        return {**fixed, **dict(self.sections), **given}

    def needs(self, at: Context) -> tuple[Request[Any], ...]:
        return tuple(dict.fromkeys((self.of, *self._asked(at).values())))

    def reads(self) -> tuple[Split, ...]:
        return ("test",)

    def stream(self, at: Context) -> int | None:
        return self.seed

    def code(self) -> Path | None:
        return self.plugin.path if self.plugin else None

    def refuse(self, at: Context) -> None:
        """Refuses unknown students, and sets with fewer images per class than can be divided."""
        outline_for(at.recipe.student.arch, at.source.spec)
        least, ipc = getattr(self.judge, "least_ipc", 1), getattr(self.of, "ipc", None)
        if ipc is not None and ipc < least:
            raise BadValue(
                f"ipc: expected at least {least} for the evaluator {self.evaluator!r}, given "
                f"{ipc} for row {at.row!r}; raise ipc or choose another evaluator"
            )

    def make(self, have: Reference, at: Context, run: Run) -> Score:
        assert self.judge is not None
        reference = Reference({need: have[ask] for need, ask in self._asked(at).items()})
        test = run.split("test")
        return self.judge.evaluate(have[self.of], reference, test, at.recipe, self.seed, run.emit)

    def work(self, at: Context) -> Work:
        """A student on the recipe's batches, with the teachers that label on the spot; what is
        replayed and the stored labels of two epochs lie on the device."""
        assert self.judge is not None
        if said := getattr(self.judge, "work", None):
            return cast(Work, said(at))
        how, student, spec = at.recipe.relabel, at.recipe.student, at.source.spec
        images, size = inputs_of(self.of, at), pixels_of(spec)
        batch, seen = min(how.batch, images), how.epochs * images
        steps, needs = how.epochs * -(-images // batch), self._asked(at).values()
        guides = [arch_of(need, at) for need in needs if need.made is Teacher]
        stored = any(need.made is SoftLabels for need in needs)
        two_epochs = 4.0 * images * spec.num_classes if stored else 0.0
        moments = 1 if student.optimizer == "sgd" else 2
        return Work(
            passes=(
                Passes("train", student.arch, batch, steps, moments),
                *(Passes("forward", arch, batch, steps) for arch in guides),
                test_pass(student.arch, at.source.test_count),
            ),
            draws=0 if stored else seen,
            bytes=at.source.test_count,
            held=4 * batch * size
            + images * size
            + DRAWN * seen
            + two_epochs
            + sum(weight_bytes(arch, spec) for arch in guides),
            host=two_epochs + DRAWN * seen + images * size,
            less="lower relabel.batch or ipc",
        )

    def facts(self, meta: Mapping[str, Any], at: Context) -> Mapping[str, object]:
        return dict(meta["extra"]) | {k: meta[k] for k in ("top1", "updates", "label_bytes")}
