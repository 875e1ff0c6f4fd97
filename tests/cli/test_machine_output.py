"""Output for scripts parses, and says the same in every format."""

import csv
import json
from io import StringIO
from pathlib import Path

import pytest
from cli_runs import Bench, Invoke

TINY = ("tiny.py", "--profile", "smoke")


def test_plan_as_json_lists_cells_and_tasks(invoke: Invoke, tiny_ran: Bench) -> None:
    fresh = json.loads(invoke("plan", *TINY, "--json").out)
    assert len(fresh["cells"]) == 6
    assert fresh["to_make"] == len(fresh["tasks"]) == 21
    assert fresh["seconds"] > 0
    held = json.loads(invoke("plan", *TINY, "--json", "--store", str(tiny_ran.store)).out)
    assert held["to_make"] == 0
    assert set(held["tasks"]) == set(fresh["tasks"]) == set(tiny_ran.objects())


def test_list_as_json_has_every_kind(invoke: Invoke) -> None:
    found = json.loads(invoke("list", "--json").out)
    kinds = {entry["kind"] for entry in found}
    assert kinds >= {"distillers", "evaluators", "datasets", "recipes", "studies"}
    assert {"wmdd", "fkd", "digits", "wmdd-code", "ablation"} <= {entry["name"] for entry in found}
    assert [entry for entry in found if entry["error"]] == []


@pytest.mark.parametrize("name", ["wmdd", "fkd", "digits", "wmdd-code", "ablation"])
def test_show_as_json_names_what_it_shows(name: str, invoke: Invoke) -> None:
    found = json.loads(invoke("show", name, "--json").out)
    assert name in str(next(iter(found.values()))) or found["name"] == name


def test_show_finds_an_artifact_by_the_start_of_its_address(
    invoke: Invoke, tiny_ran: Bench
) -> None:
    address = min(tiny_ran.objects())
    found = json.loads(invoke("show", address[:12], "--store", str(tiny_ran.store), "--json").out)
    assert found["address"] == address


def test_doctor_as_json_checks_this_machine(invoke: Invoke) -> None:
    ended = invoke("doctor", "--json")
    checks = json.loads(ended.out)
    assert ended.code == int(any(check["status"] == "fail" for check in checks))
    assert {"python", "store"} <= {check["name"] for check in checks}


@pytest.mark.parametrize(
    ("kind", "mark"),
    [("md", "| barycenter"), ("csv", "study,"), ("latex", r"\toprule"), ("html", "<!doctype html")],
)
def test_report_goes_to_a_file_or_to_standard_output(
    kind: str, mark: str, bench: Bench, invoke: Invoke, tiny_ran: Bench
) -> None:
    command = ("report", *TINY, "--store", str(tiny_ran.store), "--format", kind)
    shown = invoke(*command, "--out", "-")
    assert shown.code == 0, shown.err
    assert mark in shown.out.lower() or mark in shown.out
    written = invoke(*command, "--out", "there.txt")
    assert written.code == 0
    assert (bench.folder / "there.txt").read_text(encoding="utf-8") == shown.out


def test_csv_holds_one_line_per_cell_with_its_numbers(invoke: Invoke, tiny_ran: Bench) -> None:
    where = ("--store", str(tiny_ran.store))
    text = invoke("report", *TINY, *where, "--format", "csv", "--out", "-").out
    lines = list(csv.DictReader(StringIO(text)))
    assert [line["status"] for line in lines] == ["ok"] * 6
    assert len({line["top1"] for line in lines}) > 1
    assert all(0 <= float(line["top1"]) <= 1 for line in lines)
    named = {line[name] for line in lines for name in line if name.startswith("address")}
    assert named - {""} == set(tiny_ran.objects())


def test_command_of_a_cell_makes_it_again(bench: Bench, invoke: Invoke, tiny_ran: Bench) -> None:
    """The command that a report prints beside a number plans that very cell."""
    where = ("--store", str(tiny_ran.store))
    text = invoke("report", *TINY, *where, "--format", "csv", "--out", "-").out
    line = next(csv.DictReader(StringIO(text)))
    words = line["command"].split()
    assert words[:2] == ["bench", "run"]
    plan = json.loads(invoke("plan", *words[2:], "--json").out)
    assert line["address"] in {cell["address"] for cell in plan["cells"]}


def test_report_of_an_empty_store_says_not_run(invoke: Invoke, bench: Bench) -> None:
    ended = invoke("report", *TINY, "--format", "csv", "--out", "-")
    lines = list(csv.DictReader(StringIO(ended.out)))
    assert [line["status"] for line in lines] == ["not run"] * 6
    assert not Path(bench.store / "objects").exists()
