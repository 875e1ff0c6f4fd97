"""Spaces come from the distiller, the sweep or the command line, and become levels of a grid."""

from collections.abc import Callable

import pytest

from bench.app.session import find_spec
from bench.core.errors import BadValue, BenchError, UnknownName
from bench.plugin.space import Choice, Integer, Space, Uniform
from bench.search.settings import Search
from bench.search.spaces import Parameter, grid_of, layers_of, parameters_of, space_of
from bench.study.grid import Row
from bench.study.search import Sweep

DIGITS = find_spec("digits")
WMDD = Row("WMDD", "wmdd")


def found(*names: str, space: dict[str, Space] | None = None) -> dict[str, Space]:
    sweep = Sweep("s", "t", (WMDD,), names, space or {})
    parameters = parameters_of(sweep, WMDD, "convnet3-w64-bn", DIGITS)
    return {p.name: p.space for p in parameters}


@pytest.mark.parametrize(
    ("text", "space"),
    [
        ("bn_weight=0.1:1000:log", Uniform(0.1, 1000.0, log=True)),
        ("solver_iterations=1:100", Integer(1, 100)),
        ("layer=layer-5,layer-10", Choice(("layer-5", "layer-10"))),
        ("ce_weight=0,0.5", Choice((0, 0.5))),
    ],
)
def test_the_command_line_says_spaces(text: str, space: Space) -> None:
    assert space_of(text) == (text.split("=")[0], space)


@pytest.mark.parametrize("text", ["bn_weight", "=1:2", "bn_weight=", "bn_weight=a:b"])
def test_what_is_no_space_is_refused(text: str) -> None:
    with pytest.raises(BadValue, match="expected name=low:high"):
        space_of(text)


def test_lambda_is_declared_by_the_distiller_as_in_figure_5a() -> None:
    assert found("bn_weight") == {"bn_weight": Uniform(0.1, 1000.0, log=True)}


def test_no_names_mean_all_that_the_distiller_declares() -> None:
    assert list(found()) == ["bn_weight", "ce_weight", "solver", "solver_iterations"]


def test_the_sweep_goes_before_the_declaration() -> None:
    assert found("bn_weight", space={"bn_weight": Uniform(1.0, 2.0)})["bn_weight"].low == 1.0


def test_whole_bounds_of_a_real_field_bound_real_numbers() -> None:
    space = {"bn_weight": Integer(1, 9), "recover.lr": Integer(1, 2)}
    assert found("bn_weight", "recover.lr", space=space) == {
        "bn_weight": Uniform(1.0, 9.0),
        "recover.lr": Uniform(1.0, 2.0),
    }


def test_layers_are_those_of_table_6_or_all_of_a_smaller_network() -> None:
    table6 = tuple(f"layer-{n}" for n in (5, 10, 15, 16, 17, 18))
    assert layers_of("resnet18-w16", DIGITS) == table6
    assert found("layer")["layer"] == Choice(tuple(f"layer-{n}" for n in (1, 2, 3, 4)))


def test_unknown_parameters_and_missing_spaces_are_named() -> None:
    with pytest.raises(UnknownName, match="did you mean 'bn_weight'"):
        found("bn_weigth")
    with pytest.raises(UnknownName, match="declares no search space for it"):
        found("first_bn")


def test_a_grid_is_the_product_of_its_levels() -> None:
    parameters = (
        Parameter("a", Uniform(0.1, 1000.0, log=True)),
        Parameter("b", Integer(1, 3)),
        Parameter("c", Choice(("x", "y"))),
    )
    grid = grid_of(parameters, 5)
    assert sorted({p["a"] for p in grid}) == [0.1, 1.0, 10.0, 100.0, 1000.0]
    assert sorted({p["b"] for p in grid}) == [1, 2, 3]  # rounded levels, each once
    assert len(grid) == 5 * 3 * 2


@pytest.mark.parametrize(
    ("name", "space", "text"),
    [
        ("layer", Choice(("layer-2", "layer-33")), "'layer-33' — did you mean 'layer-3'"),
        ("solver", Choice(("uniform", "kmeanz")), "'kmeanz' — did you mean 'k-means'"),
        ("recover.lrr", Uniform(0.05, 0.5), "recipe key 'recover.lrr' — did you mean 'recover.lr'"),
        ("recover.batch", Integer(0, 5), "recover.batch: expected at least 1, given 0"),
        ("recover.lr", Choice(("a", "b")), "of recover.lr: .* valid number.*, given 'a'"),
        ("bn_weight", Choice(("a", 1)), "bn_weight: expected float, given 'a'"),
        ("recover.iterations", Uniform(1.0, 9.0), "expected whole bounds, given 1.0:9.0"),
    ],
)
def test_a_value_that_no_trial_could_run_is_told_before_the_first(
    searched: Callable[..., Search], name: str, space: Space, text: str
) -> None:
    with pytest.raises(BenchError, match=text) as caught:
        _ = searched(parameters=(name,), space={name: space}).parameters
    assert "\n" not in str(caught.value)


def test_a_parameter_that_the_row_fixes_cannot_be_searched(
    searched: Callable[..., Search],
) -> None:
    fixed = searched(rows=(Row("WMDD", "wmdd", params={"bn_weight": 3.0}),))
    with pytest.raises(BadValue, match="expected bn_weight to be searched"):
        _ = fixed.parameters


def test_one_pass_over_the_real_set_observes_every_layer(searched: Callable[..., Search]) -> None:
    search = searched(parameters=("layer",))
    plans = [search.plan({"layer": f"layer-{n}"}, (0,), "x").cells[0] for n in (1, 2)]
    assert plans[0].tasks["observe"].address == plans[1].tasks["observe"].address
    assert plans[0].tasks["barycenter"].address != plans[1].tasks["barycenter"].address


def test_trials_are_compared_only_where_nothing_else_differs(
    searched: Callable[..., Search],
) -> None:
    name = searched().name
    assert searched(trials=99).name == name  # a longer search goes on with what there is
    others = [
        searched(seeds=2),
        searched(ipc=2),
        searched(sampler="random"),
        searched(space={"bn_weight": Uniform(1.0, 2.0)}),
    ]
    assert len({name, *(other.name for other in others)}) == 5


def test_a_grid_that_is_cut_short_has_levels_of_every_parameter() -> None:
    parameters = (Parameter("a", Integer(1, 6)), Parameter("b", Integer(1, 6)))
    grid = grid_of(parameters, 6)
    assert [point["a"] for point in grid[:6]] != [1] * 6
    assert len({point["a"] for point in grid[:6]}) > 2
    assert len({point["b"] for point in grid[:6]}) > 2
    assert grid == grid_of(parameters, 6)  # as another process makes it, to go on with it
    assert grid != grid_of(parameters, 6, seed=1)
    assert {tuple(p.values()) for p in grid} == {(a, b) for a in range(1, 7) for b in range(1, 7)}
