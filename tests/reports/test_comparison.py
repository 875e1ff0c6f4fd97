"""Run against run: paired by seed, and what changed."""

import pytest
from report_frames import ablation_frame

from reports.formats.console import terminal
from reports.tables.comparison import compare


def test_the_same_run_differs_by_nothing() -> None:
    frame = ablation_frame()
    table = compare(frame, frame)
    by_name = [
        dict(zip((c.name for c in table.columns), line.entries, strict=True))
        for line in table.lines
    ]
    assert {e["difference, points"].text for e in by_name} == {"0.0"}
    assert {e["what changed"].text for e in by_name} == {"nothing: same addresses"}


def test_a_gain_of_one_point_on_every_seed() -> None:
    before = ablation_frame()
    after = before.assign(top1=before["top1"] + 0.01, address="", recipe="wmdd-paper·quick@000000")
    line = compare(after, before, "new", "old").lines[0]
    shown = [entry.text for entry in line.entries]
    assert shown[3:5] == ["+1.0", "[+1.0, +1.0]"]
    assert shown[-1] == "recipe wmdd-paper·quick@000000 / wmdd-code·quick@3fa21c"


def test_numbers_that_moved_under_their_address_are_named() -> None:
    before = ablation_frame()
    after = before.assign(top1=before["top1"] - 0.01)
    changed = {line.entries[-1].text for line in compare(before, after).lines}
    assert changed == {"numbers, under the same addresses"}


def test_a_numerics_class_that_differs_is_named_where_numbers_do() -> None:
    a = ablation_frame().assign(numerics_instructions="AVX512", numerics_threads="1")
    b = a.assign(numerics_instructions="AVX2 | AVX512")
    moved = b.assign(top1=b["top1"] - 0.01)
    changed = {line.entries[-1].text for line in compare(a, moved).lines}
    assert changed == {
        "numbers, under the same addresses; numerics class (instructions: AVX512 / AVX2 | AVX512)"
    }
    assert {line.entries[-1].text for line in compare(a, b).lines} == {"nothing: same addresses"}
    older = moved.drop(columns=["numerics_instructions", "numerics_threads"])
    assert {line.entries[-1].text for line in compare(a, older).lines} == {
        "numbers, under the same addresses"
    }


def test_rows_of_one_run_only_are_listed() -> None:
    a = ablation_frame()
    table = compare(a[a["row"] != "CE + BN"], a[a["row"] != "Wass + BN"])
    changed = {line.entries[0].text: line.entries[-1].text for line in table.lines}
    assert changed["CE + BN"] == changed["Wass + BN"] == "only in one run"
    assert len(changed) == 10


def test_it_prints() -> None:
    shown = terminal(compare(ablation_frame(), ablation_frame(seeds=3), "new", "old"))
    assert "new, top-1 % (mean ± std)" in shown
    assert "n = 3: no rank test can reach 0.05" in shown


@pytest.mark.parametrize("order", [1, -1])
def test_an_empty_run_is_a_run(order: int) -> None:
    frames = [ablation_frame(), ablation_frame().head(0)][::order]
    assert all(line.entries[-1].text == "only in one run" for line in compare(*frames).lines)
