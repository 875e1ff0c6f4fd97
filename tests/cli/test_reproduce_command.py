"""`bench reproduce` and its price: one page from one store, partial or whole, or one clear line."""

import json
import re
from html import unescape

import pytest
from cli_runs import ADDED, Bench, Invoke

FAST = [
    f"--set={text}"
    for text in (
        "squeeze.arch=convnet3-w16-bn",
        "squeeze.epochs=2",
        "squeeze.batch=128",
        "recover.iterations=5",
        "relabel.epochs=3",
        "seeds=1",
        "ipc=1",
    )
]


@pytest.mark.slow
def test_two_items_share_their_stages_and_one_page(bench: Bench) -> None:
    first = bench.run("reproduce", "--table=3", "--scale=smoke", "--no-tracking", *FAST)
    assert first.code == 0, first.err
    made = bench.objects()
    both = ("reproduce", "wmdd", "--table=3", "--figure=5", "--figure=1", "--scale=smoke", *FAST)

    partial = bench.run(*both, "--report-only")
    assert partial.code == 0, partial.err
    assert re.search(r"Table 3 .* 5 of 5", partial.out)
    assert re.search(r"Figures 5a–5b .* 1 of 5", partial.out)  # lambda 10 is WMDD's own
    assert bench.objects() == made

    folders = {path.name.split("-", 3)[3] for path in (bench.store / "reports").iterdir()}
    assert any(name.endswith("table3") for name in folders)
    assert any(name.endswith("table3-figure1-figure5a-figure5b") for name in folders), folders

    whole = bench.run(*both, "--no-tracking", "--quiet")
    assert whole.code == 0, whole.err
    assert re.search(r"Figures 5a–5b .* 5 of 5", whole.out)
    assert made.items() <= bench.objects().items()
    (folder,) = [path.parent for path in bench.store.glob("reports/*/figure5a")]
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert page.count('<article class="chapter"') == 3
    assert (folder / "figure1" / "figures" / "figure1.png").stat().st_size > 0
    for name in ("report.md", "report.csv", "report.tex", "table.csv", "table.tex"):
        assert (folder / name).stat().st_size > 0


def test_a_plugin_stands_in_table_1_and_in_the_command_that_makes_it_again(bench: Bench) -> None:
    (bench.folder / "my method.py").write_text(ADDED, encoding="utf-8")
    words = ("reproduce", "--table=1", "--scale=smoke", "--plugin", "my method.py")
    ended = bench.run(*words, "--report-only")
    assert ended.code == 0, ended.err
    assert re.search(r"^added +not run", ended.out, re.MULTILINE), ended.out
    (page,) = bench.store.glob("reports/*/report.html")
    again = "bench reproduce wmdd --table 1 --scale smoke --plugin 'my method.py'"
    assert again in unescape(page.read_text(encoding="utf-8"))


@pytest.mark.slow
def test_the_paper_is_priced_where_its_data_is_not(bench: Bench) -> None:
    ended = bench.run("plan", "reproduce", "--scale=smoke", "--json", "--set=dataset=imagenette@16")
    assert ended.code == 0, ended.err
    priced = json.loads(ended.out)
    assert [item["item"] for item in priced["items"]][:3] == ["Table 1", "Table 2", "Table 3"]
    assert priced["seconds"] > 0
    assert priced["flops"] > 0
    assert len(priced["missing"]) == 1
    assert "imagenette" in priced["missing"][0]


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (("--table=9",), "table of the paper '9'"),
        (("--figure=2",), "figure of the paper '2'"),
        (("--table=3", "--set=lambda=1"), "unknown key 'lambda'"),
        (("--table=3", "--dataset=digit"), "did you mean 'digits'"),
    ],
)
def test_a_wrong_word_is_one_line(invoke: Invoke, given: tuple[str, ...], line: str) -> None:
    ended = invoke("reproduce", "--scale=smoke", *given)
    assert ended.code == 2
    assert line in ended.err
    assert "Traceback" not in ended.err
