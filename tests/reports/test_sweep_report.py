"""The report of a search as files and as a page, for whatever trials there are."""

import json
from collections.abc import Mapping
from dataclasses import replace
from html import unescape
from pathlib import Path

import pandas as pd
import pytest
from browser import needs_chromium, rendered
from sweep_frames import INFO, METHOD, frame, line

from bench.core.errors import BadValue
from reports.pages.sweep_page import build_sweep


@pytest.fixture(scope="module")
def files() -> Mapping[str, bytes]:
    """The files of the whole report."""
    return build_sweep(INFO, frame()).files


def test_the_best_setting_takes_one_line_where_lines_are_all_there_is(
    files: Mapping[str, bytes],
) -> None:
    setting = "bn_weight = 10, layer = layer-10"
    assert setting in build_sweep(INFO, frame()).terminal
    assert setting in files["tables.csv"].decode()
    assert setting.replace("_", "\\_") in files["report.md"].decode()


@pytest.mark.parametrize("runs", [1, 2, 3])
def test_bars_of_two_runs_are_said_to_be_wide(runs: int) -> None:
    lines = [line(k, [0.5, 0.6, 0.7][:runs]) for k in range(2)]
    page = build_sweep(INFO, pd.DataFrame(lines)).files["report.html"].decode()
    assert ("Some trials have two runs: their intervals are very wide." in page) == (runs == 2)


def test_every_promised_figure_is_drawn_in_both_forms(files: Mapping[str, bytes]) -> None:
    names = set(files)
    kinds = (
        "contour-wmdd",
        "history-wmdd",
        "importance-fanova-wmdd",
        "pareto-seconds",
        "slice-wmdd",
    )
    kinds += tuple(f"sensitivity-wmdd-{n}" for n in ("bn-weight", "layer", "recover-lr"))
    assert {f"figures/{kind}.{form}" for kind in kinds for form in ("svg", "png")} <= names


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


def test_a_frame_of_something_else_is_refused() -> None:
    with pytest.raises(BadValue, match="expected the columns"):
        build_sweep(INFO, pd.DataFrame([{"a": 1}]))


def points_of(page: str) -> list[dict[str, object]]:
    text = page.split('id="points">')[1].split("</script>")[0]
    return list(json.loads(text)["points"])


def test_pruned_trials_are_rings_that_say_at_what_length() -> None:
    trials = [line(0, [0.9, 0.8]), line(1, [0.3, 0.2], state="PRUNED", stopped=True, steps={33: 0})]
    trials += [line(2, [0.4], stopped=True), line(3, [], state="PRUNED")]
    info = replace(INFO, fidelity="relabel.epochs")
    page = build_sweep(info, pd.DataFrame(trials)).files["report.html"].decode()
    shown = [(p["pruned"], p["values"]["top-1, %"]) for p in points_of(page)]  # type: ignore[index]
    assert shown == [("", 85.0), ("pruned at relabel.epochs = 33", 25.0), ("pruned", 40.0)]
    assert "A ring is a pruned trial" in page


def test_without_pruned_trials_no_ring_is_explained(files: Mapping[str, bytes]) -> None:
    page = files["report.html"].decode()
    assert {point["pruned"] for point in points_of(page)} == {""}
    assert "A ring is" not in page


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
