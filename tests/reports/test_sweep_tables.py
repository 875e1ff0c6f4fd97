"""The tables of a search's report: known answers."""

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd
from sweep_frames import INFO, METHOD, frame, line

from reports.numbers.rank_correlation import fidelity_table
from reports.numbers.sweep_info import trials_of
from reports.pages.sweep_page import build_sweep
from reports.tables.sweep_tables import budget_table, winners_table
from reports.tables.sweep_trials import trials_table


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


def test_two_runs_are_said_to_be_few() -> None:
    few = [note for note in winners_table(INFO).notes if "very wide" in note]
    assert few == ["Some rows have two seeds: their intervals are very wide."]
    method = replace(METHOD, tested={}, default={})
    assert not [n for n in winners_table(replace(INFO, methods=(method,))).notes if "wide" in n]


def test_a_winner_that_was_not_tested_says_so() -> None:
    method = replace(METHOD, tested={}, default={})
    assert entries(winners_table(replace(INFO, methods=(method,))))["test, %"] == "not run"


def test_the_budget_counts_every_trial_once_and_what_was_spared() -> None:
    table = budget_table(INFO, trials_of(frame()))
    assert [e.text for e in table.lines[0].entries[1:5]] == ["24", "0", "1", "1"]
    assert "60.0 s were computed" in table.notes[1]
    assert "9.0 min were spared" in table.notes[1]


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
