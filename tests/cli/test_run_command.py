"""`bench run` computes what is missing, shows it, and writes the report."""

from collections.abc import Callable

import pytest
from cli_runs import Bench, Ended, Invoke

SHORT = [
    f"--set={setting}"
    for setting in (
        "seeds=1",
        "squeeze.epochs=2",
        "recover.iterations=5",
        "relabel.epochs=5",
        "solver_iterations=5",
    )
]
RUN = ("run", "ablation", "--profile", "smoke", *SHORT)
FILES = ("report.html", "report.md", "report.csv", "report.tex", "table.csv", "table.tex")
ROWS = ("Wass + PCBN", "CE + PCBN", "Wass + BN", "CE + BN", "Random real images", "Full real data")


@pytest.fixture(scope="module")
def ablated(new_bench: Callable[[], Bench]) -> tuple[Bench, Ended]:
    """The built-in ablation from an empty store, tracked as it is by default."""
    made = new_bench()
    return made, made.run(*RUN)


def test_ablation_ends_well_and_shows_plan_table_and_places(ablated: tuple[Bench, Ended]) -> None:
    bench, ended = ablated
    assert ended.code == 0, ended.err
    assert ended.out.startswith("ablation: 11 cells = 11 rows x digits x ipc 2 x 1 seeds")
    assert "to make" in ended.out
    assert [row for row in ROWS if row not in ended.out] == []
    assert "Teacher: " in ended.out
    assert f"report: {bench.store}/reports/ablation-smoke-" in ended.out
    assert f"MLflow: bench ui --store {bench.store}" in ended.out
    assert "Traceback" not in ended.err


def test_ablation_writes_every_report_file(ablated: tuple[Bench, Ended]) -> None:
    (folder,) = (ablated[0].store / "reports").iterdir()
    assert [name for name in FILES if not (folder / name).stat().st_size] == []
    assert list(folder.glob("grids/*.png"))
    assert list(folder.glob("figures/*.svg"))


def test_second_run_recomputes_nothing(ablated: tuple[Bench, Ended]) -> None:
    bench, first = ablated
    before = bench.objects()
    again = bench.run(*RUN)
    assert again.code == 0
    assert "all is in the store" in again.out
    assert bench.objects() == before
    table = first.out[first.out.index("Teacher: ") : first.out.index("report: ")]
    assert table in again.out


def test_plan_of_what_was_run_has_nothing_to_make(
    ablated: tuple[Bench, Ended], invoke: Invoke
) -> None:
    ended = invoke("plan", *RUN[1:], "--store", str(ablated[0].store))
    assert ended.code == 0
    assert "all is in the store" in ended.out


def test_quiet_run_prints_the_table_and_the_paths_alone(tiny_ran: Bench) -> None:
    ended = tiny_ran.run("run", "tiny.py", "--profile", "smoke", "--no-tracking", "--quiet")
    assert ended.code == 0
    assert "to make" not in ended.out
    assert "in the store" not in ended.out
    assert "barycenter" in ended.out
    assert "report: " in ended.out


def test_deterministic_algorithms_change_no_bit_on_a_cpu(
    tiny_ran: Bench, new_bench: Callable[[], Bench]
) -> None:
    bench = new_bench()
    ended = bench.run(
        "run", "tiny.py", "--profile", "smoke", "--no-tracking", "--quiet", "--deterministic"
    )
    assert ended.code == 0, ended.err
    assert bench.contents() == tiny_ran.contents()
