"""The prepared charts are what MLflow's own button "Share" would keep."""

import base64
import json
import zlib

import pytest

from bench.tracking.comparison import Comparison
from bench.tracking.connection import Refused, connect
from bench.tracking.shared_view import BARS, LINES, TAG, packed, share_view, view
from bench.tracking.tracker import Tracker

METRICS = ("evaluate/top1", "resources/seconds_recover", "recover/total", "evaluate/loss")


def test_a_view_selects_its_runs_and_shows_scores_and_curves() -> None:
    state = view(["a", "b"], METRICS)
    assert state["searchFilter"] == "attributes.run_id IN ('a','b')"
    cards = {card["metricKey"]: card["metricSectionId"] for card in state["compareRunCharts"]}
    names = {part["uuid"]: part["name"] for part in state["compareRunSections"] if part["display"]}
    assert names[cards["evaluate/top1"]] == "Scores"
    assert names[cards["recover/total"]] == "Curves"
    assert "recover/batch_norm" not in cards


def test_runs_without_curves_get_no_section_for_them() -> None:
    state = view(["a"], ["evaluate/top1", "squeeze/top1"])
    assert [card["metricKey"] for card in state["compareRunCharts"]] == ["evaluate/top1"]
    assert [part["name"] for part in state["compareRunSections"] if part["display"]] == ["Scores"]


def test_a_packed_view_is_deflated_json() -> None:
    kind, text = packed(view(["a"], METRICS)).split(";")
    assert kind == "deflate"
    assert json.loads(zlib.decompress(base64.b64decode(text))) == view(["a"], METRICS)


def test_the_largest_view_fits_into_a_tag() -> None:
    runs = [f"{k * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128:032x}" for k in range(100)]
    assert (
        len(packed(view(runs, (*BARS, *LINES)))) < 5000
    )  # 20 rows of 5 seeds, ids as good as random


def test_a_view_is_kept_in_its_experiment_once(tracker: Tracker) -> None:
    client = connect(tracker.uri)
    place = client.create_experiment("bench/any")
    keys = {share_view(client, tracker.uri, Comparison(place, ("a",), ("a",))) for _ in range(2)}
    tags = client.get_experiment(place).tags
    assert {f"{TAG}{key}" for key in keys} == {tag for tag in tags if tag.startswith(TAG)}
    assert len(keys) == 1


def test_a_view_for_an_experiment_that_is_gone_is_refused(tracker: Tracker) -> None:
    with pytest.raises(Refused, match="9"):
        share_view(connect(tracker.uri), tracker.uri, Comparison("9", ("a",), ("a",)))
