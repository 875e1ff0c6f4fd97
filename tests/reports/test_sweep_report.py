"""The report of a search: known answers in its tables, and figures for whatever there is."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from html import unescape
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from browser import needs_chromium, rendered
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from bench.errors import BadValue
from reports.rank_correlation import fidelity_table
from reports.sensitivity import draw_ours, levels, paper_curves, same_limits
from reports.sweep_info import MethodInfo, ParameterInfo, Shares, SweepInfo, trials_of
from reports.sweep_page import build_sweep
from reports.sweep_tables import budget_table, winners_table
from reports.sweep_trials import trials_table

LAMBDA = ParameterInfo("bn_weight", log=True, low=0.1, high=1000.0)
LAYER = ParameterInfo("layer", options=("layer-5", "layer-10"))
LR = ParameterInfo("recover.lr", log=True, low=0.01, high=1.0)
METHOD = MethodInfo(
    "WMDD",
    (LAMBDA, LAYER, LR),
    importances=(
        Shares("PED-ANOVA", 24, {"bn_weight": 0.7, "layer": 0.2, "recover.lr": 0.1}),
        Shares("fANOVA", 24, {"bn_weight": 0.3, "layer": 0.6, "recover.lr": 0.1}),
    ),
    best={"bn_weight": 10.0, "layer": "layer-10"},
    best_top1=(0.9, 0.92),
    tested={1000: 0.9, 1001: 0.88},
    default={1000: 0.89, 1001: 0.85},
)
INFO = SweepInfo(
    "joint",
    "A search of <everything>",
    "digits",
    (METHOD,),
    objectives=("top1", "seconds", "bytes"),
    paper_table="figure5a",
    facts={"trials": "24"},
    made=60.0,
    alone=600.0,
    command="bench sweep joint",
)


def line(number: int, scores: Sequence[float], **changes: object) -> dict[str, object]:
    """One trial; its parameters follow from its number."""
    seconds = 1.0 + number % 5
    return {
        "method": "WMDD", "trial": number, "state": "COMPLETE", "gone": "", "stopped": False,
        "retry_of": None, "error": "",
        "param:bn_weight": 0.1 * 10 ** (4 * (number % 12) / 11),
        "param:layer": LAYER.options[number % 2],
        "param:recover.lr": 0.01 * 10 ** (2 * (number * 7 % 24) / 23),
        "top1": float(np.mean(scores)) if len(scores) else None,
        "scores": list(scores), "seconds": seconds,
        "seconds_amortised": seconds + 1, "seconds_total": seconds + 10, "seconds_all": 2 * seconds,
        "bytes": 1000.0 + number, "peak_memory": 10**9, "steps": {},
    } | changes  # fmt: skip


def frame(count: int = 24) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    lines = [line(k, 0.6 + 0.2 * rng.random(3)) for k in range(count)]
    lost = line(count, [], state="FAIL", gone="its worker died")
    broken = line(count + 1, [], state="FAIL", error="<NaN>")
    return pd.DataFrame([*lines, lost, broken])


def entries(table: object) -> Mapping[str, str]:
    first = table.lines[0].entries  # type: ignore[attr-defined]
    columns = [column.name for column in table.columns]  # type: ignore[attr-defined]
    return {name: entry.text for name, entry in zip(columns, first, strict=True)}


def test_winners_stand_with_both_numbers_and_a_paired_difference() -> None:
    shown = entries(winners_table(INFO))
    assert shown["best setting"] == "bn_weight = 10,\nlayer = layer-10"
    assert shown["held out, %"] == "91.0 ± 1.4"  # 90 and 92: std is the root of 2
    assert shown["test, %"] == "89.0 ± 1.4"
    assert shown["not searched, %"] == "87.0 ± 2.8"
    assert shown["difference, points"] == "+2.0"  # 1 and 3


def test_the_best_setting_takes_one_line_where_lines_are_all_there_is(
    files: Mapping[str, bytes],
) -> None:
    setting = "bn_weight = 10, layer = layer-10"
    assert setting in build_sweep(INFO, frame()).terminal
    assert setting in files["tables.csv"].decode()
    assert setting.replace("_", "\\_") in files["report.md"].decode()


def test_two_runs_are_said_to_be_few() -> None:
    few = [note for note in winners_table(INFO).notes if "very wide" in note]
    assert few == ["Some rows have two seeds: their intervals are very wide."]
    method = replace(METHOD, tested={}, default={})
    assert not [n for n in winners_table(replace(INFO, methods=(method,))).notes if "wide" in n]


@pytest.mark.parametrize("runs", [1, 2, 3])
def test_bars_of_two_runs_are_said_to_be_wide(runs: int) -> None:
    lines = [line(k, [0.5, 0.6, 0.7][:runs]) for k in range(2)]
    page = build_sweep(INFO, pd.DataFrame(lines)).files["report.html"].decode()
    assert ("Some trials have two runs: their intervals are very wide." in page) == (runs == 2)


def test_a_winner_that_was_not_tested_says_so() -> None:
    method = replace(METHOD, tested={}, default={})
    assert entries(winners_table(replace(INFO, methods=(method,))))["test, %"] == "not run"


def test_the_budget_counts_every_trial_once_and_what_was_spared() -> None:
    table = budget_table(INFO, trials_of(frame()))
    assert [e.text for e in table.lines[0].entries[1:5]] == ["24", "0", "1", "1"]
    assert "60.0 s were computed" in table.notes[1]
    assert "9.0 min were spared" in table.notes[1]


def test_options_are_pooled_over_all_runs() -> None:
    lines = [line(0, [0.1, 0.3]), line(1, [0.5]), line(2, [0.2])]  # layers 5, 10, 5
    found = levels(trials_of(pd.DataFrame(lines)), LAYER)
    assert [(v.at, v.trials, v.sample.n) for v in found] == [("layer-5", 2, 3), ("layer-10", 1, 1)]
    assert found[0].sample.mean == pytest.approx(0.2)


def test_repeated_numbers_are_levels_and_scattered_ones_are_grouped() -> None:
    repeated = levels(trials_of(frame(18)), replace(LAMBDA, name="recover.lr"))
    assert len(repeated) == 6  # 18 numbers in groups of 3
    few = levels(trials_of(frame(5)), LAMBDA)
    assert [v.at for v in few] == sorted({0.1 * 10 ** (4 * k / 11) for k in range(5)})


def test_the_papers_curve_stands_beside_lambda_only() -> None:
    curves = paper_curves("figure5a", "bn_weight")
    assert curves["imagenette, IPC 10"] == [(0.1, 58.0), (10.0, 64.0), (1000.0, 64.0)]
    assert paper_curves("figure5a", "layer") == {}
    assert paper_curves("table6", "layer")["tiny-imagenet, IPC 10"][0] == ("layer-5", 2.4)


def test_kendalls_tau_is_one_where_ranks_agree_and_minus_one_where_they_reverse() -> None:
    same = [line(k, [0.1 * k], steps={100: 0.05 * k, 300: 0.1 * k}) for k in range(1, 7)]
    table = fidelity_table(replace(INFO, fidelity="relabel.epochs"), trials_of(pd.DataFrame(same)))
    assert table is not None
    assert [e.text for e in table.lines[0].entries[:3]] == ["relabel.epochs = 100", "6", "1.00"]
    turned = [line(k, [0.1 * k], steps={100: -0.05 * k, 300: 0.1 * k}) for k in range(1, 7)]
    table = fidelity_table(
        replace(INFO, fidelity="relabel.epochs"), trials_of(pd.DataFrame(turned))
    )
    assert table is not None
    assert table.lines[0].entries[2].text == "-1.00"


@pytest.fixture(scope="module")
def files() -> Mapping[str, bytes]:
    """The files of the whole report."""
    return build_sweep(INFO, frame()).files


def test_every_promised_figure_is_drawn_in_both_forms(files: Mapping[str, bytes]) -> None:
    names = set(files)
    kinds = ("contour-wmdd", "history", "importance-wmdd", "pareto", "slice-wmdd")
    kinds += tuple(f"sensitivity-wmdd-{n}" for n in ("bn-weight", "layer", "recover-lr"))
    assert {f"figures/{kind}.{form}" for kind in kinds for form in ("svg", "png")} <= names


@pytest.mark.parametrize("one", ["recover.lr", "bn_weight", "both"])
def test_trials_on_one_line_have_no_contour(one: str) -> None:
    lines = frame().to_dict("records")
    for number, row in enumerate(lines):
        place = {"recover.lr": (number, 0), "bn_weight": (0, number), "both": (number, number)}[one]
        row["param:bn_weight"], row["param:recover.lr"] = 0.1 * 1.3 ** place[0], 1.3 ** place[1]
    names = set(build_sweep(INFO, pd.DataFrame(lines)).files)
    assert "figures/slice-wmdd.png" in names
    assert "figures/contour-wmdd.png" not in names


def test_one_trial_or_none_makes_a_report_without_figures() -> None:
    for count in (0, 1):
        method = replace(METHOD, best={}, best_top1=(), importances=())
        report = build_sweep(replace(INFO, methods=(method,)), frame(count))
        assert not [name for name in report.files if name.startswith("figures/sens")]
        assert "no complete trial" in report.terminal


def test_the_same_trials_make_the_same_bytes(files: Mapping[str, bytes]) -> None:
    assert build_sweep(INFO, frame()).files == files


def test_hostile_names_stay_text(files: Mapping[str, bytes]) -> None:
    page = files["report.html"].decode()
    assert "A search of &lt;everything&gt;" in page
    assert 'title="&lt;NaN&gt;"' in page


def test_states_are_told_apart() -> None:
    shown = [entry.entries[1].text for entry in trials_table(INFO, trials_of(frame())).lines[-2:]]
    assert shown == ["given up", "fail"]


def test_a_pruned_score_names_its_length_and_is_called_pruned_everywhere() -> None:
    lines = [
        line(0, [0.8]),
        line(1, [0.5], state="PRUNED", stopped=True, steps={3: 0.4, 9: 0.5}),
        line(2, [0.4], stopped=True),  # by Wilcoxon's test: fewer seeds of the full length
    ]
    info, trials = replace(INFO, fidelity="relabel.epochs"), trials_of(pd.DataFrame(lines))
    table = trials_table(info, trials)
    column = [c.name for c in table.columns].index("top-1, %")
    assert [ln.entries[1].text for ln in table.lines] == ["complete", "pruned", "pruned"]
    assert [ln.entries[column].text for ln in table.lines] == ["80.0", "50.0 at 9", "40.0"]
    assert "At n: a pruned trial's score, taken at relabel.epochs = n." in table.notes
    budget = budget_table(info, trials)
    pruned = [c.name for c in budget.columns].index("pruned")
    assert budget.lines[0].entries[pruned].text == "2"
    page = build_sweep(info, pd.DataFrame(lines)).files["report.html"]
    assert b"stopped early" not in page


def test_the_reason_of_a_failure_is_written_once() -> None:
    lines = [line(k, [], state="FAIL", error="no\nmemory") for k in (1, 2)]
    text = build_sweep(INFO, pd.DataFrame([line(0, [0.5]), *lines])).files["report.md"].decode()
    assert text.count("Failed: trial 1, 2: no memory") == 1


def test_the_papers_values_are_explained_at_their_figure(files: Mapping[str, bytes]) -> None:
    text, page = files["report.md"].decode(), files["report.html"].decode()
    parts = text.split("![")
    (shown,) = [part for part in parts if "Values of Figure 5a" in part]
    assert "figures/sensitivity-wmdd-bn-weight.svg" in shown
    (caption,) = [c for c in page.split("<figcaption>") if "Values of Figure 5a" in c]
    assert caption.startswith("Sensitivity, WMDD: bn_weight<br>Values of Figure 5a")


def drawn(scores: Sequence[Sequence[float]]) -> Axes:
    """Our panel of the sensitivity to lambda for trials with these runs."""
    trials = trials_of(pd.DataFrame([line(k, runs) for k, runs in enumerate(scores)]))
    axes = Canvas().add_subplot()
    draw_ours(axes, trials, LAMBDA, levels(trials, LAMBDA))
    return axes


def test_single_runs_are_points_without_a_line_between_them() -> None:
    single = drawn([[0.5], [0.7], [0.4], [0.6]])
    assert [mark.get_label() for mark in single.lines] == ["one trial"]
    several = drawn([[0.5, 0.6], [0.7, 0.8], [0.4, 0.5], [0.6, 0.7]])
    assert [m.get_label() for m in several.lines] == ["one trial", "mean and 95 % CI of runs"]


def test_intervals_that_leave_the_picture_are_told() -> None:
    (text,) = drawn([[0.5, 0.9], [0.6, 0.8]]).texts
    assert text.get_text() == "intervals of two runs are very wide and leave the picture"
    assert not drawn([[0.60, 0.61, 0.62], [0.2, 0.21, 0.22]]).texts


def test_ours_and_the_papers_panel_share_the_limits() -> None:
    canvas = Canvas()
    panels = canvas.subplots(1, 2)
    panels[0].plot([1, 10], [0, 1])
    panels[1].plot([0.1, 1000], [0, 1])
    same_limits(panels, LAMBDA)
    assert panels[0].get_xlim() == panels[1].get_xlim()
    assert panels[0].get_xlim()[1] >= 1000


def test_a_frame_of_something_else_is_refused() -> None:
    with pytest.raises(BadValue, match="expected the columns"):
        build_sweep(INFO, pd.DataFrame([{"a": 1}]))


PROBE = """
<script>
const seen = { dots: document.querySelectorAll("#plot circle").length };
document.querySelector("#plot circle").dispatchEvent(new Event("pointerenter"));
seen.pointed = document.getElementById("pointed").textContent;
const up = document.getElementById("up");
up.value = "seconds"; up.dispatchEvent(new Event("change"));
seen.again = document.querySelectorAll("#plot circle").length;
seen.wide = document.documentElement.scrollWidth > innerWidth;
document.body.dataset.seen = JSON.stringify(seen);
</script>
"""


@pytest.mark.chromium
@needs_chromium
def test_the_plot_of_the_page_can_be_explored(tmp_path: Path, files: Mapping[str, bytes]) -> None:
    page = tmp_path / "report.html"
    text = files["report.html"].decode()
    page.write_text(text.replace("</body>", f"{PROBE}</body>"), encoding="utf-8")
    dom = rendered(page.as_uri(), tmp_path / "profile")
    found = dom.split('data-seen="')[1].split('"')[0]
    seen = json.loads(unescape(found))
    assert (seen["dots"], seen["again"], seen["wide"]) == (24, 24, False)
    assert seen["pointed"].startswith("WMDD · trial 0 · top-1, %")
