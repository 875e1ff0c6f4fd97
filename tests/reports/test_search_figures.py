"""The figures of a search as Optuna draws them: which study they are made of, and when."""

import pandas as pd
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.importance import FanovaImportanceEvaluator, get_param_importances
from optuna.trial import TrialState
from sweep_frames import INFO, LAYER, LR, METHOD, frame, line

from reports.figures.search_figures import (
    costs_of,
    interactive,
    pareto_figures,
    search_figures,
    study_of,
    two_that_matter,
)
from reports.numbers.sweep_info import MethodInfo, SweepInfo, TrialInfo, trials_of

COSTS = SweepInfo("s", "t", "digits", (MethodInfo("WMDD", ()),), objectives=("top1", "seconds"))


def costly() -> tuple[TrialInfo, ...]:
    """Trial 1 is dominated by its own seconds, but not by the amortised ones."""
    rows = [(0.7, 2.0, 9.0), (0.6, 3.0, 4.0), (0.9, 5.0, 10.0)]
    lines = [
        line(number, [top1], seconds=own, seconds_amortised=amortised)
        for number, (top1, own, amortised) in enumerate(rows)
    ]
    return trials_of(pd.DataFrame(lines))


def test_a_study_has_the_trials_of_the_frame_in_percent() -> None:
    lines = [line(0, [0.5, 0.7]), line(1, [0.25], state="PRUNED", steps={3: 0.25})]
    lines.append(line(2, [], state="FAIL"))
    study = study_of(METHOD, trials_of(pd.DataFrame(lines)))
    whole, pruned = study.trials
    assert whole.values == pytest.approx([60.0])
    assert whole.params["layer"] == "layer-5"
    assert whole.distributions["layer"] == CategoricalDistribution(LAYER.options)
    assert whole.distributions["recover.lr"] == FloatDistribution(LR.low, LR.high, log=True)  # type: ignore[arg-type]
    assert pruned.state == TrialState.PRUNED
    assert pruned.intermediate_values == {3: 25.0}


def test_a_setting_outside_its_declared_range_is_drawn_and_widens_it() -> None:
    trials = trials_of(pd.DataFrame([line(0, [0.5], **{"param:recover.lr": 5.0})]))
    (trial,) = study_of(METHOD, trials).trials
    assert trial.distributions["recover.lr"] == FloatDistribution(0.01, 5.0, log=True)


def test_own_seconds_have_the_amortised_ones_beside_them() -> None:
    assert costs_of(COSTS) == ["seconds", "seconds_amortised"]


@pytest.mark.parametrize(("cost", "front"), [("seconds", {0, 2}), ("seconds_amortised", {0, 1, 2})])
def test_the_front_is_of_high_accuracy_and_low_cost(cost: str, front: set[int]) -> None:
    study = study_of(METHOD, costly(), cost)
    assert {trial.user_attrs["number"] for trial in study.best_trials} == front


def test_a_figure_per_cost_names_it_and_the_trials_of_the_front() -> None:
    own, amortised = pareto_figures(COSTS, costly())
    assert b"device seconds of one more cell" in own.svg
    assert b"with its part of what trials share" in amortised.svg
    numbers = [n for n in (b">0<", b">1<", b">2<") if n in own.svg]
    assert numbers == [b">0<", b">2<"]


def test_pruned_trials_have_a_figure_of_their_scores_on_the_way() -> None:
    lines = [line(k, [0.5 + k / 10], steps={1: 0.4, 2: 0.5}) for k in range(3)]
    lines.append(line(3, [0.1], state="PRUNED", steps={1: 0.1}))
    keys = [f.key for f in search_figures("wmdd", METHOD, trials_of(pd.DataFrame(lines)))]
    assert "intermediate-wmdd" in keys
    assert "intermediate-wmdd" not in [
        f.key for f in search_figures("wmdd", METHOD, trials_of(frame()))
    ]


def test_the_contour_is_over_the_two_numbers_with_the_largest_shares() -> None:
    assert two_that_matter(METHOD, ["bn_weight", "layer", "recover.lr"]) == [
        "bn_weight",
        "recover.lr",
    ]
    assert two_that_matter(METHOD, ["bn_weight", "layer"]) == []


def test_bars_of_importance_are_the_shares_of_the_trials_that_are_shown() -> None:
    trials = trials_of(frame())
    study = study_of(METHOD, trials)
    shares = get_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=0))
    (figure,) = (f for f in search_figures("wmdd", METHOD, trials) if "fanova" in f.key)
    for share in shares.values():
        assert f">{share:.2f}<" in figure.svg.decode()


def test_the_page_to_point_at_needs_no_network_and_escapes_names() -> None:
    page = interactive(INFO, trials_of(frame()))
    assert page is not None
    assert b"A search of &lt;everything&gt;" in page
    assert b'<script src="' not in page
    assert page.count(b"Plotly.newPlot(") >= 7
    assert interactive(INFO, trials_of(frame(1))) is None
