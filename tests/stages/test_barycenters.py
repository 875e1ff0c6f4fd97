"""The stage solves every class, alike in any number of threads, and refuses what it cannot."""

import subprocess
import sys
import threading

import numpy as np
import pytest
import torch

from bench.artifacts.values import ClassFeatures
from bench.core.errors import BadValue, CellFailed, StopRun, UnknownName
from bench.core.events import Event, Step
from bench.stages.barycenter import Solve, barycenters
from bench.transport.exact import uniform_barycenter
from bench.transport.solvers import SOLVERS

SIZES = (20, 33, 1, 50)


def features_of(*sizes: int) -> ClassFeatures:
    rng = torch.Generator().manual_seed(0)
    labels = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))
    return ClassFeatures(torch.rand(len(labels), 6, generator=rng), labels)


def test_one_image_per_class_is_the_class_mean_also_of_a_single_image() -> None:
    features = features_of(*SIZES)
    solved = barycenters(features, 1, Solve(), seed=0)
    parts = features.features.split(SIZES)
    expected = torch.stack([part.mean(dim=0) for part in parts])
    torch.testing.assert_close(solved.support[:, 0], expected)
    torch.testing.assert_close(solved.weights, torch.ones(4, 1))
    variance = torch.stack([part.var(dim=0, unbiased=False).sum() for part in parts])
    torch.testing.assert_close(solved.cost, variance, atol=1e-6, rtol=1e-5)


def test_two_diracs_per_class_are_found() -> None:
    points = torch.tensor([[-1.0], [1.0], [3.0], [5.0]])
    solved = barycenters(ClassFeatures(points, torch.tensor([0, 0, 1, 1])), 2, Solve(), seed=0)
    torch.testing.assert_close(solved.support.sort(dim=1).values[..., 0], points.reshape(2, 2))


def test_each_class_draws_its_start_from_the_seed_and_its_id() -> None:
    features = features_of(30, 40)
    solved = barycenters(features, 5, Solve(), seed=3)
    points = features.features[30:].double().numpy()
    start = np.random.default_rng([3, 1]).standard_normal((5, 6))
    alone = uniform_barycenter(points, start)
    np.testing.assert_allclose(solved.support[1], alone.support, rtol=1e-6)
    assert solved.iterations[1] == alone.iterations


@pytest.mark.parametrize("solver", SOLVERS)
def test_threads_change_nothing(solver: str) -> None:
    features, solve = features_of(30, 41, 52, 35), Solve(solver, iterations=20)
    serial = barycenters(features, 7, solve, seed=0, workers=1)
    threaded = barycenters(features, 7, solve, seed=0, workers=4)
    for field in ("support", "weights", "cost", "iterations"):
        torch.testing.assert_close(getattr(serial, field), getattr(threaded, field), atol=0, rtol=0)


def test_artifact_has_its_shapes_and_types() -> None:
    solved = barycenters(features_of(30, 41), 7, Solve("k-means"), seed=0)
    assert solved.support.shape == (2, 7, 6)
    assert solved.support.dtype == solved.weights.dtype == torch.float32
    assert solved.iterations.dtype == torch.int64
    torch.testing.assert_close(solved.weights.sum(dim=1), torch.ones(2))


def test_every_class_is_announced_once_from_the_calling_thread() -> None:
    """In the order of classes, so that a curve is the same in every run."""
    heard: list[tuple[Event, int]] = []
    found = barycenters(
        features_of(20, 33, 50),
        4,
        Solve(),
        seed=0,
        emit=lambda event: heard.append((event, threading.get_ident())),
    )
    steps = [event for event, _ in heard if isinstance(event, Step)]
    assert [(s.stage, s.step, s.total) for s in steps] == [
        ("barycenter", done, 3) for done in (1, 2, 3)
    ]
    assert all(0.0 < s.values["variance_explained"] < 1.0 for s in steps)
    assert all(s.values["cost"] > 0.0 for s in steps)
    assert [s.values["cost"] for s in steps] == pytest.approx(found.cost.tolist(), rel=1e-6)
    assert {ident for _, ident in heard} == {threading.get_ident()}


def test_a_wish_to_stop_leaves_the_stage() -> None:
    def stop(event: Event) -> None:
        raise StopRun("enough")

    with pytest.raises(StopRun, match="enough"):
        barycenters(features_of(*[20] * 8), 4, Solve(), seed=0, emit=stop)


@pytest.mark.parametrize("ipc", [0, -1])
def test_no_images_per_class_are_refused(ipc: int) -> None:
    with pytest.raises(BadValue, match=f"expected ipc to be at least 1, but got {ipc}"):
        barycenters(features_of(20), ipc, Solve(), seed=0)


def test_more_images_than_a_class_has_are_refused_with_its_size() -> None:
    with pytest.raises(BadValue, match="at most 33, the number of images of class 1, but got 40"):
        barycenters(features_of(50, 33), 40, Solve(), seed=0)


def test_features_that_are_not_finite_fail_the_cell() -> None:
    features = features_of(20, 20)
    features.features[25, 2] = torch.nan
    with pytest.raises(CellFailed, match="class 1 has NaN"):
        barycenters(features, 2, Solve(), seed=0)


def test_no_features_are_refused() -> None:
    empty = ClassFeatures(torch.empty(0, 6), torch.empty(0, dtype=torch.int64))
    with pytest.raises(BadValue, match="at least one class"):
        barycenters(empty, 1, Solve(), seed=0)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("iterations", 0, "iterations: expected at least 1, given 0"),
        ("tolerance", -1.0, "tolerance"),
        ("init", "zeros", "expected init to be 'normal' or 'real', but got 'zeros'"),
        ("step", 2.0, "step"),
        ("slices", 0, "slices"),
        ("regularization", 0.0, "regularization"),
    ],
)
def test_settings_outside_their_range_are_refused(field: str, value: object, said: str) -> None:
    with pytest.raises(BadValue, match=said):
        Solve(**{field: value})  # type: ignore[arg-type]


def test_unknown_solver_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="did you mean 'uniform'"):
        Solve("unifrom")


def test_declaring_a_solve_does_not_import_the_transport_library() -> None:
    code = (
        "import sys; from bench.stages.barycenter import Solve; Solve(); "
        "sys.exit('ot' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
