"""Names, params and metrics as MLflow takes them."""

import math

import pytest

from bench.tracking.layout import (
    clean_tags,
    file_name,
    final_metrics,
    metric_name,
    points,
    split_params,
    study_address,
    summarise,
    summary_metrics,
)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("recover/feature", "recover/feature"),
        ("top1", "top1"),
        ("summary/CE + BN · digits_ipc1_mean", "summary/CE_BN_digits_ipc1_mean"),
        ("acc@1", "acc_1"),
        ("a(b)", "a_b"),
        ("../x", "x"),
        ("a/ b /c", "a/b/c"),
        ("", "unnamed"),
        ("·", "unnamed"),
    ],
)
def test_names_keep_what_mlflow_allows(text: str, name: str) -> None:
    assert metric_name(text) == name


def test_long_names_are_cut() -> None:
    assert len(metric_name("x" * 1000)) == 200


def test_final_numbers_go_to_sections() -> None:
    given = {"top1": 0.5, "teacher_top1": 0.9, "seconds_recover": 2.0, "ipc": 1.0, "a/b": 3.0}
    given |= {"recover_steps": 200.0}
    assert final_metrics(given) == {
        "evaluate/top1": 0.5,
        "squeeze/top1": 0.9,
        "resources/seconds_recover": 2.0,
        "resources/recover_steps": 200.0,
        "a/b": 3.0,
    }


def test_summary_is_mean_std_and_n_over_seeds() -> None:
    row = {"row": "wmdd", "dataset": "digits", "ipc": 2}
    rows = [{**row, "seed": s, "top1": t} for s, t in enumerate((0.6, 0.8))]
    rows += [{**row, "seed": 2, "top1": None}, {**row, "seed": 3, "top1": math.nan}]
    found = summarise([*rows, {**row, "ipc": 5, "top1": 1.0}])
    assert found == {
        "summary/wmdd_digits_ipc2_mean": pytest.approx(0.7),
        "summary/wmdd_digits_ipc2_std": pytest.approx(0.02**0.5),
        "summary/wmdd_digits_ipc2_n": 2,
        "summary/wmdd_digits_ipc5_mean": 1.0,
        "summary/wmdd_digits_ipc5_n": 1,
    }
    assert summary_metrics({"best": 1.0, "resources/x": 2.0}) == {
        "summary/best": 1.0,
        "resources/x": 2.0,
    }


def test_infinities_become_nan_and_are_reported() -> None:
    found, diverged = points({"a": math.inf, "b": 1.0}, step=3, millis=9)
    assert diverged
    assert math.isnan(found[0][1])
    assert found[1] == ("b", 1.0, 3, 9)
    assert points({"b": 1.0}, 3, 9) == ([("b", 1.0, 3, 9)], False)


def test_long_params_are_kept_apart() -> None:
    short, long = split_params({"lr": 0.1, "text": "x" * 501, "none": None, "odd key": 1})
    assert short == {"lr": "0.1", "none": "None", "odd_key": "1"}
    assert long == {"text": "x" * 501}


def test_empty_tags_are_left_out_and_long_ones_cut() -> None:
    assert clean_tags({"a": "", "b": 1, "c": "x" * 9000}) == {"b": "1", "c": "x" * 5000}


def test_study_address_depends_on_cells_and_params_but_not_on_their_order() -> None:
    one = study_address("s", ["a", "b"], {"x": 1, "y": 2})
    assert one == study_address("s", ["b", "a"], {"y": 2, "x": 1})
    assert one != study_address("s", ["a"], {"x": 1, "y": 2})
    assert one != study_address("s", ["a", "b"], {"x": 1, "y": 3})


def test_file_names_are_plain() -> None:
    assert file_name("bench/my study·1") == "bench-my-study-1"
    assert file_name("../..") == "unnamed"
