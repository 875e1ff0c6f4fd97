"""What is typed becomes a sweep, and is passed on to other workers unchanged."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

import bench.app.sweeping
from bench.app.arguments import SearchFlags, StudyArguments
from bench.app.running import RunOptions, again
from bench.app.sweep_options import SweepOptions
from bench.app.sweep_reporting import mark_of
from bench.cli.main import cli
from bench.core.errors import BadValue
from bench.plugin.space import Uniform
from bench.search.best import best_study, fresh_seeds
from bench.search.standings import Standing

WORDS = (
    "sweep lambda --profile smoke --set recover.iterations=7 --data somewhere --store here "
    "--trials 5 --budget-seconds 60 --seeds 6 --pruner wilcoxon --sampler gp --objective top1 "
    "--space bn_weight=1:10 --distiller wmdd --distiller wass-bn --workers 3 --device cpu "
    "--no-test --no-tracking"
)
SEARCH = SearchFlags(
    {
        "seeds": 6,
        "sampler": "gp",
        "seed": None,
        "pruner": "wilcoxon",
        "fidelity": None,
        "grid_points": None,
        "objectives": ("top1",),
    },
    ("bn_weight=1:10",),
    ("wmdd", "wass-bn"),
)
TYPED = SweepOptions(
    StudyArguments("lambda", "smoke", ("recover.iterations=7",), (), "here", "somewhere"),
    SEARCH,
    RunOptions("cpu", track=False, workers=3),
    trials=5,
    budget_seconds=60.0,
    test=False,
)


def typed(monkeypatch: pytest.MonkeyPatch, words: str) -> SweepOptions:
    seen: list[SweepOptions] = []
    monkeypatch.setattr(bench.app.sweeping, "run_sweep", lambda options: seen.append(options) or 0)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    result = CliRunner().invoke(cli, words.split())
    assert result.exit_code == 0, result.output
    (got,) = seen
    return got


def test_every_word_arrives_in_its_field(monkeypatch: pytest.MonkeyPatch) -> None:
    assert typed(monkeypatch, WORDS) == TYPED


def test_another_worker_gets_the_same_sweep_and_is_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["bench", *WORDS.split()])
    first, second = TYPED.run.others(3)
    assert first == second
    joined = typed(monkeypatch, " ".join(first))
    assert joined == replace(TYPED, run=replace(TYPED.run, join=True, quiet=True))


def test_spaces_and_numbers_change_the_declared_sweep() -> None:
    sweep = TYPED.declared()
    assert (sweep.seeds, sweep.sampler, sweep.trials) == (6, "gp", 5)
    assert sweep.space["bn_weight"].low == 1  # type: ignore[union-attr]
    assert [row.distiller for row in sweep.rows] == ["wmdd", "wass-bn"]


def on(data_root: Path, *settings: str) -> SweepOptions:
    """The sweep over its own distiller, with other settings, where the data are."""
    arguments = StudyArguments("lambda", "smoke", settings, data=str(data_root))
    search = SearchFlags({"seeds": 6}, ("bn_weight=1:10",))
    return SweepOptions(arguments, search, trials=3)


def test_distillers_without_the_parameter_search_their_own() -> None:
    options = replace(TYPED, search=SearchFlags(distillers=("wmdd", "random")))
    assert options.declared().parameters == ()


def test_overrides_reach_every_trial(data_root: Path) -> None:
    (search,) = on(data_root, "recover.iterations=7").searches()
    assert search.recipe.recover.iterations == 7
    assert search.parameters[0].space == Uniform(1.0, 10.0)


def test_what_is_searched_cannot_be_set(data_root: Path) -> None:
    options = on(data_root, "bn_weight=3")
    with pytest.raises(BadValue, match="expected bn_weight to be searched"):
        _ = options.searches()[0].parameters


def test_one_data_set_at_a_time(data_root: Path) -> None:
    options = on(data_root, "ipc=1,2")
    with pytest.raises(BadValue, match=r"expected one ipc, given \[1, 2\]"):
        options.searches()


def test_the_study_of_the_best_names_every_value(data_root: Path) -> None:
    (search,) = on(data_root, "recover.iterations=7").searches()
    winner = Standing({"bn_weight": 2.5}, (3, 4), (0.8, 0.9))
    text = best_study([(search, winner)], "bench sweep lambda", "bench run best.py")
    found: dict[str, object] = {}
    exec(text, found)
    study = found["STUDY"]
    best, default = study.rows  # type: ignore[attr-defined]
    assert (dict(best.params), dict(default.params)) == ({"bn_weight": 2.5}, {})
    assert best.overrides == {"recover.iterations": 7}
    assert study.seeds == fresh_seeds("smoke") == (1000, 1001)  # type: ignore[attr-defined]
    assert "mean top-1 85.00 %, trials 3, 4" in text
    assert study.name == "sweep-lambda-best"  # type: ignore[attr-defined]


def test_the_test_of_a_variant_carries_the_mark_of_its_report(data_root: Path) -> None:
    arguments = StudyArguments("lambda", "smoke", data=str(data_root))
    declared = SweepOptions(arguments)
    variants = [
        declared,
        SweepOptions(replace(arguments, settings=("recover.iterations=7",))),
        replace(declared, search=SearchFlags({"sampler": "gp"})),
        replace(declared, search=SearchFlags(spaces=("bn_weight=1:10",))),
    ]
    marks = [mark_of(options) for options in variants]
    assert marks[0] == ""
    assert len(set(marks)) == 4
    (search,) = variants[1].searches()
    winner = Standing({"bn_weight": 2.5}, (3,), (0.8,))
    text = best_study([(search, winner)], "bench sweep lambda", "bench run best.py", marks[1])
    assert f'name="sweep-lambda{marks[1]}-best"' in text.replace("'", '"')


def test_files_that_others_see_hold_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    given = ["sweep", "lambda", "--storage=postgresql+psycopg2://me:secret@db:5432/optuna"]
    monkeypatch.setattr("sys.argv", ["/bin/bench", *given])
    assert again() == "bench sweep lambda --storage=postgresql+psycopg2://db:5432/optuna"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("--budget-seconds -1", "--budget-seconds: expected a positive, finite number, given -1"),
        ("--workers 0", "--workers': 0 is not in the range 1<=x<=256"),
        ("--objective top1 --objective top1", "expected different objectives, given top1, top1"),
        ("--space bn_weight=10:1", "--space bn_weight=10:1: .* low < high, given 10:1"),
        ("--space bn_weight=0:1:log", "expected positive bounds on a logarithmic scale, given 0:1"),
        ("--space bn_weight=1.0:inf", "expected finite bounds"),
        ("--sampler tpee", "unknown sampler 'tpee' — did you mean 'tpe'"),
        ("--objective top", "unknown objective 'top' — did you mean 'top1'"),
        ("--pruner hyperbnad", "unknown pruner 'hyperbnad' — did you mean 'hyperband'"),
        ("--fidelity recover.iter", "did you mean 'recover.iterations'"),
    ],
)
def test_bad_options_are_one_line(words: str, text: str, tmp_path: Path, data_root: Path) -> None:
    place = ["--store", str(tmp_path), "--data", str(data_root), "--no-tracking"]
    result = CliRunner().invoke(cli, ["sweep", "lambda", *words.split(), *place])
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert re.search(text, line)
