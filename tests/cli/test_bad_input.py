"""Bad input ends with exit code 2 and one line that says what to do; no traceback, no artifact."""

from pathlib import Path

import pytest
from cli_runs import Bench, Invoke

BROKEN = """
from bench import distiller
import no_such_module

@distiller("half-done")
def half_done():
    '''Never registered.'''
"""
TAKEN = """
from bench import distiller

@distiller("wmdd")
def mine():
    '''A name that is taken.'''
"""


def files(folder: Path) -> None:
    """Plugins, studies and data that are wrong in one way each."""
    (folder / "broken.py").write_text(BROKEN)
    (folder / "taken.py").write_text(TAKEN)
    (folder / "nothing.py").write_text("x = 1\n")
    (folder / "raising.py").write_text("1 / 0\n")
    (folder / "contradiction.py").write_text(
        "from bench import Row, Study\n"
        "STUDY = Study('s', 't', rows=(Row('a', 'wmdd'), Row('a', 'sre2l')))\n"
    )
    (folder / "misspelt.py").write_text(
        "from bench import Row, Study\nSTUDY = Study('s', 't', rows=(Row('a', 'wmmd'),))\n"
    )
    (folder / "unobserved.py").write_text(
        "from bench import Row, Study\n"
        "STUDY = Study('s', 't', rows=(Row('third', 'wmdd', params={'layer': 'layer-3'}),))\n"
    )
    (folder / "empty" / "train").mkdir(parents=True)
    (folder / "file").write_text("not a folder")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ("run ablatio", "unknown study 'ablatio' — did you mean 'ablation'?"),
        ("run absent.py", "study absent.py: expected a Python file, but it does not exist"),
        ("run nothing.py", "expected a constant STUDY = Study(...), found none"),
        ("run raising.py", "failed to import: ZeroDivisionError: division by zero"),
        ("run contradiction.py", "expected distinct row labels, twice: ['a']"),
        ("run misspelt.py", "unknown distiller 'wmmd' — did you mean 'wmdd'?"),
        ("run tiny.py --set dataset=digitz", "unknown dataset 'digitz' — did you mean 'digits'?"),
        ("run tiny.py --set dataset=imagenette", "data prepare imagenette --download"),
        ("run tiny.py --set dataset=./nowhere", "/nowhere does not exist; arrange the images as"),
        ("run tiny.py --set dataset=./empty", "at least two class folders"),
        ("run tiny.py --set recipe=wmdd-cod", "unknown recipe 'wmdd-cod' — did you mean"),
        ("run tiny.py --set evaluator=fdk", "unknown evaluator 'fdk' — did you mean 'fkd'?"),
        ("run tiny.py --set student=resnet19", "did you mean 'resnet18'?"),
        ("run tiny.py --set bn_wieght=3", "unknown key 'bn_wieght' — did you mean 'bn_weight'?"),
        ("run tiny.py --set bn_weight=heavy", "--set bn_weight=heavy: expected float"),
        ("run tiny.py --set recover.codec=gif", "expected one of jpeg-q75, png, given 'gif'"),
        ("run tiny.py --set ipc", "expected key=value, for example --set ipc=10"),
        ("run tiny.py --set ipc=0", "ipc: expected at least 1 image per class, given 0"),
        ("run tiny.py --set ipc=1000", "ipc: expected at most "),
        ("run tiny.py --quiet --set layer=layer-9", "'layer-9' — did you mean 'layer-4'?"),
        ("plan tiny.py --set layer=layer-9", "'layer-9' — did you mean 'layer-4'?"),
        ("run tiny.py --set layer=layer-2", "add --set observe.layers=penultimate,layer-2"),
        ("run unobserved.py --quiet", "row 'third': layer: expected one of those that are obs"),
        ("run tiny.py --plugin absent.py", "expected a Python file, but it does not exist"),
        ("run tiny.py --plugin broken.py", "No module named 'no_such_module'"),
        ("run tiny.py --plugin nothing.py", "found none"),
        ("run tiny.py --plugin taken.py", "rename the one in taken.py"),
        ("run tiny.py --device tpu", "device: expected auto, cpu"),
        ("run tiny.py --store file/store", "expected a folder"),
        ("run tiny.py --tracking-uri gopher://x", "tracking URI: expected one of http, https"),
        ("run tiny.py --tracking-uri ./runs", "use sqlite:///"),
        ("plan tiny.py --set ipc=none", "expected int, given 'none'"),
        ("report tinny", "unknown study 'tinny'"),
        ("report ablation --out x.csv", "--out needs --format"),
        ("show wmddd", "unknown name 'wmddd' — did you mean 'wmdd'?"),
        ("show abcdef123", "found 0; `bench store ls` lists them"),
        ("check wmmd", "unknown distiller 'wmmd' — did you mean 'wmdd'?"),
        ("check absent.py", "expected a Python file, but it does not exist"),
        ("data prepare digitz", "unknown dataset 'digitz' — did you mean 'digits'?"),
        ("rn ablation", "no command 'rn' — did you mean 'run'?"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    args: str, message: str, bench: Bench, invoke: Invoke
) -> None:
    files(bench.folder)
    ended = invoke(*args.split())
    assert ended.code == 2, ended
    assert message in ended.err
    lines = [line for line in ended.err.splitlines() if "rror" in line]
    assert len(lines) == 1
    assert "Traceback" not in ended.err
    assert bench.objects() == {}


def test_a_real_process_prints_one_line(bench: Bench) -> None:
    ended = bench.run("run", "ablatio")
    assert ended.code == 2
    assert ended.out == ""
    assert len(ended.err.splitlines()) == 1
    assert ended.err.startswith("error: unknown study 'ablatio' — did you mean 'ablation'?")


def test_listing_names_a_broken_plugin_and_keeps_the_others(bench: Bench, invoke: Invoke) -> None:
    files(bench.folder)
    ended = invoke("list", "distillers", "--plugin", "broken.py")
    assert ended.code == 0
    lines = {line.split()[1]: line for line in ended.out.splitlines() if line}
    assert "BROKEN" in lines["broken"]
    assert "No module named 'no_such_module'" in lines["broken"]
    assert "BROKEN" not in lines["wmdd"]
