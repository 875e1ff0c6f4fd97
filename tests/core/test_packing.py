"""Every artifact comes back as it was packed; its digest depends on all of its content."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

import pytest
import torch

from bench.artifacts.labels import Draws, Score, SoftLabels
from bench.artifacts.values import (
    Barycenter,
    ClassFeatures,
    ClassMeans,
    ClassStats,
    GlobalStats,
    Observation,
    RealSet,
    SyntheticSet,
    Teacher,
)
from bench.artifacts.views import Moments, View
from bench.core.errors import BadValue, CorruptArtifact
from bench.storage.packing import content_digest, pack, plain, unpack

X = torch.arange(6.0).reshape(2, 3)
IDS = torch.arange(2)
ORDER, CROPS = torch.arange(4).reshape(2, 2), torch.rand(2, 2, 4, generator=torch.Generator())
FLIPS, BOXES = torch.tensor([[True, False], [False, False]]), torch.zeros(2, 1, 4).long()
ARTIFACTS = [
    RealSet("digits", X.byte(), IDS, ("0", "1"), 8, (0.5,), (0.25,), "ab", "small"),
    Teacher("resnet18", 10, 1, 8, {"layer1.0.weight": X, "fc.bias": IDS}, 0.971),
    GlobalStats((X, IDS), (X,)),
    GlobalStats((), ()),
    ClassStats((X,), (X + 1,)),
    ClassFeatures(X, IDS),
    ClassMeans(X),
    Observation({"penultimate": X, "layer 1": X + 1}, IDS, (X,), (X, X), (), X[0]),
    Barycenter(X[None], X),
    Barycenter(X[None], X, X[0], IDS),
    SyntheticSet(X.byte(), IDS, IDS, X[0], 123, {"total": X[0], "": torch.empty(0)}),
    SyntheticSet(X, IDS, IDS, X[0], 123, soft=X, lr=0.02, factor=2),
    Draws(ORDER, CROPS, FLIPS, ORDER, BOXES, 2),
    SoftLabels(X.half(), ORDER, CROPS, FLIPS, ORDER, BOXES, 2),
    Score(0.5, IDS, IDS, 7, 1234567890123, {"top5": 0.9, "epochs": 3.0}),
    Moments(X.bfloat16(), torch.tensor(1.0)),
]


def same(a: object, b: object) -> bool:
    if isinstance(a, torch.Tensor):
        return isinstance(b, torch.Tensor) and a.dtype == b.dtype and torch.equal(a, b)
    if isinstance(a, Mapping):
        return isinstance(b, Mapping) and list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, tuple):
        return isinstance(b, tuple) and len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b


@pytest.mark.parametrize("artifact", ARTIFACTS, ids=lambda a: type(a).__name__)
def test_every_artifact_comes_back(artifact: object) -> None:
    back = unpack(type(artifact), *pack(artifact))
    for field in fields(artifact):  # type: ignore[arg-type]
        assert same(getattr(artifact, field.name), getattr(back, field.name)), field.name


@pytest.mark.parametrize("artifact", ARTIFACTS, ids=lambda a: type(a).__name__)
def test_packed_tensors_own_their_memory(artifact: object) -> None:
    tensors, _ = pack(artifact)
    owned = [t.untyped_storage().data_ptr() for t in tensors.values() if t.numel()]
    assert len(set(owned)) == len(owned)
    assert all(t.is_contiguous() for t in tensors.values())
    assert all(t.untyped_storage().nbytes() == t.nbytes for t in tensors.values())


def test_the_names_of_packed_tensors() -> None:
    tensors, values = pack(Teacher("resnet18", 10, 1, 8, {"fc.bias": IDS}, 0.5))
    assert list(tensors) == ["state.fc.bias"]
    assert plain(values) == {
        "arch": "resnet18",
        "num_classes": 10,
        "channels": 1,
        "resolution": 8,
        "top1": 0.5,
        "stem": "auto",
    }
    assert list(pack(GlobalStats((X, X), (X,)))[0]) == ["means.0", "means.1", "variances.0"]


def test_values_are_coerced_to_their_declared_types() -> None:
    back = unpack(Score, *pack(Score(1, IDS, IDS, 7.0, 0, {"top5": 1})))  # type: ignore[arg-type]
    assert isinstance(back.top1, float)
    assert isinstance(back.updates, int)
    assert isinstance(back.extra["top5"], float)


def test_strided_and_shared_tensors_keep_their_values() -> None:
    whole = torch.arange(24.0).reshape(2, 3, 2, 2)
    turned = whole.to(memory_format=torch.channels_last)
    made = GlobalStats((whole[0], whole[:, 1], whole.t() if whole.dim() == 2 else turned), (whole,))
    back = unpack(GlobalStats, *pack(made))
    assert all(map(torch.equal, made.means, back.means))


GOLDEN = "a4d664288046d364233159ff77c62f6ae03411339a533febc8b640d1281e9a6a"


def test_golden_digest() -> None:
    assert content_digest(*pack(Barycenter(X[None], X))) == GOLDEN


@pytest.mark.parametrize(
    "other",
    [
        replace(ARTIFACTS[1], top1=0.972),
        replace(ARTIFACTS[1], state={"layer1.0.weight": X, "fc.bias": IDS + 1}),
        replace(ARTIFACTS[1], state={"layer1.0.weight": X, "fc.biases": IDS}),
        replace(ARTIFACTS[1], state={"layer1.0.weight": X.reshape(3, 2), "fc.bias": IDS}),
        replace(ARTIFACTS[1], state={"layer1.0.weight": X, "fc.bias": IDS.int()}),
        replace(ARTIFACTS[1], state={"layer1.0.weight": X}),
    ],
)
def test_the_digest_depends_on_all_content(other: object) -> None:
    assert content_digest(*pack(other)) != content_digest(*pack(ARTIFACTS[1]))


def test_bytes_that_move_between_tensors_change_the_digest() -> None:
    one = {"a": torch.tensor([1, 2], dtype=torch.uint8), "b": torch.tensor([3], dtype=torch.uint8)}
    two = {"a": torch.tensor([1], dtype=torch.uint8), "b": torch.tensor([2, 3], dtype=torch.uint8)}
    assert content_digest(one, {}) != content_digest(two, {})


@dataclass(frozen=True)
class Odd:
    thing: object


@pytest.mark.parametrize(
    ("artifact", "message"),
    [
        (3, "expected an artifact"),
        (Odd(object()), r"Odd\.thing: expected numbers"),
        (ClassMeans([1.0]), r"ClassMeans\.means: expected a tensor, given list"),
        (GlobalStats((X, 1.0), ()), r"GlobalStats\.means\.1: expected a tensor, given float"),
        (Score(float("nan"), IDS, IDS, 1, 0), r"Score\.top1: expected a finite number, given nan"),
        (View(X, X, (Moments(X, X),), IDS, IDS), r"View\.moments\[0\]\.mean: expected numbers"),
    ],
)
def test_what_cannot_be_stored_is_named(artifact: object, message: str) -> None:
    with pytest.raises(BadValue, match=message):
        pack(artifact)


def test_a_missing_part_is_named() -> None:
    tensors, values = pack(ClassFeatures(X, IDS))
    with pytest.raises(
        CorruptArtifact, match="expected a ClassFeatures, found none of its 'labels'"
    ):
        unpack(ClassFeatures, {"features": tensors["features"]}, values)
    with pytest.raises(CorruptArtifact, match="expected a Score, found none of its 'top1'"):
        unpack(Score, tensors, values)


def test_a_field_added_later_changes_nothing_at_its_default() -> None:
    plain_set = SyntheticSet(X.byte(), IDS, IDS, X[0], 123)
    tensors, values = pack(plain_set)
    assert sorted(tensors) == ["images", "labels", "slots", "weights"]
    assert not {"soft", "lr", "factor"} & set(values)
    assert set(pack(replace(plain_set, lr=0.5))[1]) - set(values) == {"lr"}
