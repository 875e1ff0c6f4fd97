"""Inputs that must be refused, one a line: what is typed, and what the one line must say.

To add one: put it under its command. Words are split as a shell would; `{long}` is a text of 5,000
characters, `{nl}` a line break, `{esc}` an escape sequence that would clear a screen. The files
that inputs may name are made by `files`.
"""

import os
from pathlib import Path

BROKEN = """
from bench import distiller
import no_such_module

@distiller("half-done")
def half_done():
    '''Never registered.'''
"""
NAMED = """
from bench import distiller

@distiller({name})
def mine():
    '''A distiller.'''
"""
STUDY = """
from bench import Row, Study
STUDY = Study({name!r}, "t", rows=(Row("a", "wmdd"),){more})
"""
SWEEP = """
from bench import Row
from bench.study.search import Sweep
SWEEP = Sweep({name!r}, "t", rows=(Row("a", "wmdd"),), parameters=("bn_weight",){more})
"""


def files(folder: Path) -> None:
    """Plugins, studies, sweeps and places that are wrong in one way each."""
    texts = {
        "broken.py": BROKEN,
        "taken.py": NAMED.format(name='"wmdd"'),
        "number.py": NAMED.format(name="5"),
        "path.py": NAMED.format(name='"../x"'),
        "twice.py": NAMED.format(name='"same"') + NAMED.format(name='"same"').replace("mine", "b"),
        "exits.py": "raise SystemExit(0)\n",
        "interrupts.py": "raise KeyboardInterrupt\n",
        "nothing.py": "x = 1\n",
        "raising.py": "1 / 0\n",
        "lines.py": "raise ValueError('one\\ntwo')\n",
        "syntax.py": "def (\n",
        "null.py": "x = '\0'\n",
        "wrongtype.py": "STUDY = 5\n",
        "same-label.py": STUDY.format(name="s", more="").replace(
            'Row("a", "wmdd"),', 'Row("a", "wmdd"), Row("a", "sre2l"),'
        ),
        "misspelt.py": STUDY.format(name="s", more="").replace("wmdd", "wmmd"),
        "unobserved.py": STUDY.format(name="s", more="").replace(
            '"wmdd")', '"wmdd", params={"layer": "layer-3"})'
        ),
        "field.py": STUDY.format(name="s", more="").replace('"wmdd")', '"wmdd", params={"x": 1})'),
        "key.py": STUDY.format(name="s", more="").replace(
            '"wmdd")', '"wmdd", overrides={"squeeze.epoch": 1})'
        ),
        "contrast.py": STUDY.format(
            name="s", more=', contrasts=(__import__("bench").Contrast("c", "a", "b"),)'
        ),
        "rowless.py": STUDY.format(name="s", more="").replace('(Row("a", "wmdd"),)', "()"),
        "repeats.py": STUDY.format(name="s", more=", repeats=0"),
        "negative.py": STUDY.format(name="s", more=", seeds=(-1,)"),
        "label.py": STUDY.format(name="s", more="").replace('Row("a"', 'Row("a\\nb"'),
        "sweep-rowless.py": SWEEP.format(name="s", more="").replace('(Row("a", "wmdd"),)', "()"),
        "sweep-sampler.py": SWEEP.format(name="s", more=', sampler="tpee"'),
        "sweep-parameter.py": SWEEP.format(name="s", more="").replace("bn_weight", "bn_wieght"),
    }
    names = {"up": "../../x", "empty": "", "blank": " ", "long": "n" * 400, "line": "a\nb",
             "hidden": ".x", "absolute": "/tmp/x", "back": "a\\b"}  # fmt: skip
    for key, name in names.items():
        texts[f"name-{key}.py"] = STUDY.format(name=name, more="")
        texts[f"sweep-name-{key}.py"] = SWEEP.format(name=name, more="")
    for name, text in texts.items():
        (folder / name).write_text(text)
    (folder / "bytes.py").write_bytes(b"\xff\xfe\x00")
    (folder / "folder.py").mkdir()
    (folder / "file").write_text("not a folder")
    (folder / "report.csv").write_text("a,b\n1,2\n")
    (folder / "empty" / "train").mkdir(parents=True)
    (folder / "link").symlink_to("link")
    os.mkfifo(folder / "fifo")


SHORT = "--profile smoke"
STUDIES = [  # for every command that takes a study
    ("ablatio", "unknown study 'ablatio' — did you mean 'ablation'?"),
    ("''", "unknown study ''"),
    ("absent.py", "study absent.py: expected a Python file, but it does not exist"),
    ("folder.py", "study folder.py: expected a Python file"),
    ("{long}", "unknown study"),
    ("a{nl}b", "unknown study 'a\\nb'"),
    ("{esc}", "unknown study"),
    ("nothing.py", "expected a constant STUDY = Study(...), found none"),
    ("wrongtype.py", "expected a constant STUDY = Study(...), found none"),
    ("raising.py", "failed to import: ZeroDivisionError: division by zero"),
    ("lines.py", "failed to import: ValueError: one two"),
    ("syntax.py", "failed to import: SyntaxError"),
    ("null.py", "failed to import: SyntaxError"),
    ("bytes.py", "failed to import: SyntaxError"),
    ("exits.py", "failed to import: SystemExit: 0"),
    ("interrupts.py", "failed to import: KeyboardInterrupt"),
    ("same-label.py", "expected distinct row labels, twice: ['a']"),
    ("rowless.py", "expected at least one of rows"),
    ("repeats.py", "repeats: expected at least 1 student per set, given 0"),
    ("negative.py", "seeds: expected whole numbers from 0 to 2^32 - 1, given -1"),
    ("label.py", "expected a name without control characters"),
    ("name-up.py", "expected a name without / and \\"),
    ("name-absolute.py", "expected a name without / and \\"),
    ("name-back.py", "expected a name without / and \\"),
    ("name-empty.py", "expected a name of 1 to 100 characters"),
    ("name-blank.py", "expected a name of 1 to 100 characters"),
    ("name-long.py", "expected at most 100 characters"),
    ("name-line.py", "expected a name without control characters"),
    ("name-hidden.py", "expected a name without a leading dot"),
    ("contrast.py", "unknown row in contrast"),
]  # fmt: skip


SETTINGS = [  # for `--set`
    ("ipc", "expected key=value, for example --set ipc=10"),
    ("=3", "expected key=value"),
    ("''", "expected key=value"),
    ("' = '", "expected key=value"),
    ("bn_wieght=3", "unknown key 'bn_wieght' — did you mean 'bn_weight'?"),
    ("bn_weight=heavy", "expected float"),
    ("bn_weight=nan", "expected float"),
    ("bn_weight=inf", "expected float"),
    ("bn_weight=", "expected float"),
    ("recover.codec=gif", "expected one of jpeg-q75, png, given 'gif'"),
    ("precision=fp8", "expected one of fp32, bf16, given 'fp8'"),
    ("squeeze=1", "unknown key 'squeeze'"),
    ("squeeze.epoch=1", "did you mean 'squeeze.epochs'?"),
    ("rded.bn_weight=1", "unknown key 'rded.bn_weight'"),
    ("ipc=0", "ipc: expected at least 1 image per class, given 0"),
    ("ipc=-1", "ipc: expected at least 1 image per class, given -1"),
    ("ipc=1000", "ipc: expected at most "),
    ("ipc=none", "expected int, given 'none'"),
    ("ipc=1.5", "expected int, given '1.5'"),
    ("ipc=", "expected int, given ''"),
    ("ipc=1,", "expected int, given ''"),
    ("ipc=1,1", "ipcs: expected each once, given twice: 1"),
    ("seeds=0", "expected at least 1 seed, given 0"),
    ("seeds=-3", "expected at least 1 seed, given -3"),
    ("seeds=1000000000", "expected at most 10000 seeds, given 1000000000"),
    ("seeds=99999999999999999999999999", "expected at most 10000 seeds"),
    ("seeds=5000", "expected at most 10000 cells"),
    ("seeds=1,-1", "seeds: expected whole numbers from 0 to 2^32 - 1, given -1"),
    ("seeds=1,4294967296", "given 4294967296"),
    ("seeds=3,3", "seeds: expected each once, given twice: 3"),
    ("seeds=a", "expected int, given 'a'"),
    ("seeds=", "expected int, given ''"),
    ("repeats=0", "repeats: expected at least 1 student per set, given 0"),
    ("repeats=-1", "repeats: expected at least 1"),
    ("repeats=1000000000", "expected at most 10000 cells"),
    ("repeats=x", "expected int, given 'x'"),
    ("dataset=digitz", "unknown dataset 'digitz' — did you mean 'digits'?"),
    ("dataset=digits,digits", "datasets: expected each once, given twice: digits"),
    ("dataset=imagenette", "data prepare imagenette --download"),
    ("dataset=./empty", "at least two class folders"),
    ("dataset=./nowhere", "/nowhere does not exist; arrange the images as"),
    ("recipe=wmdd-cod", "unknown recipe 'wmdd-cod' — did you mean 'wmdd-code'?"),
    ("recipe=", "unknown recipe ''"),
    ("evaluator=fdk", "unknown evaluator 'fdk' — did you mean 'fkd'?"),
    ("evaluator=fkd,fkd", "evaluators: expected each once, given twice: fkd"),
    ("evaluator=", "unknown evaluator ''"),
    ("student=resnet19", "did you mean 'resnet18'?"),
    ("student=teacher,teacher", "students: expected each once, given twice: teacher"),
    ("layer=layer-9", "'layer-9' — did you mean 'layer-4'?"),
    ("layer=layer-2", "add --set observe.layers=penultimate,layer-2"),
    ("squeeze.arch=resnet", "did you mean"),
    ("a{nl}b=1", "unknown key"),
    ("{long}=1", "unknown key"),
    ("{esc}=1", "unknown key"),
]
PLUGINS = [  # for `--plugin`, in every command that takes one
    ("absent.py", "expected a Python file, but it does not exist"),
    ("''", "expected a Python file, but it does not exist"),
    ("folder.py", "expected a Python file, but it does not exist"),
    ("{long}", "expected a Python file, but"),
    ("fifo", "expected a Python file, but it does not exist"),
    ("broken.py", "No module named 'no_such_module'"),
    ("nothing.py", "found none"),
    ("taken.py", "rename the one in taken.py"),
    ("number.py", 'distiller 5: expected @distiller("name")'),
    ("path.py", 'expected @distiller("name") with a name of at most 100'),
    ("twice.py", "two distillers are named 'same' in"),
    ("exits.py", "failed to import: SystemExit: 0"),
    ("interrupts.py", "failed to import: KeyboardInterrupt"),
    ("syntax.py", "failed to import: SyntaxError"),
    ("bytes.py", "failed to import: SyntaxError"),
    ("file", "expected a .py file"),
]
PLACES = [  # of a store
    ("''", "store: expected a folder or a URL, given ''"),
    ("' '", "store: expected a folder or a URL"),
    ("file", "expected a folder, given a file"),
    ("~nosuchuser/x", "store ~nosuchuser/x: expected a folder, but"),
    ("{long}", "a part of its path is too long"),
    ("nonsense://x", "expected a URL that fsspec can open"),
]
TRACKERS = [  # tracking URIs
    ("''", "tracking URI: expected a database or a server, given the folder ''"),
    ("./runs", "use sqlite:///"),
    ("file:///tmp/x", "use sqlite:///"),
    ("gopher://x", "tracking URI: expected one of http, https"),
    ("http://127.0.0.1:99999", "port out of range 0-65535"),
    ("http://127.0.0.1:-1", "port"),
    ("http://127.0.0.1:0", "expected a host and a port from 1 to 65535"),
    ("http://127.0.0.1:port", "tracking URI: expected an address"),
    ("'http://[::1'", "invalid ipv6 url"),
    ("http://", "expected a host and a port from 1 to 65535"),
    ("sqlite://", "expected a SQLite file"),
    ("sqlite:///:memory:", "expected a SQLite file"),
]
OUTS = [  # for --out
    (".", "expected a file that can be written, given a folder"),
    ("..", "given a folder"),
    ("''", "--out: expected a file or - for standard output, given ''"),
    ("fifo", "given a named pipe"),
    ("/dev/null", "given a device"),
    ("new/", "given a folder"),
    ("link", "given a link that leads back to itself"),
    ("{long}", "a part of its path is too long"),
]
FLAGS = [  # of `sweep`, with a sweep before them
    ("--trials 0", "trials: expected at least 1, given 0"),
    ("--trials -1", "trials: expected at least 1, given -1"),
    ("--trials 1000000000", "trials: expected at most 100000"),
    ("--trials x", "is not a valid integer"),
    ("--budget-seconds 0", "--budget-seconds: expected a positive, finite number"),
    ("--budget-seconds nan", "--budget-seconds: expected a positive, finite number"),
    ("--budget-seconds inf", "--budget-seconds: expected a positive, finite number"),
    ("--seeds 0", "seeds: expected at least 1, given 0"),
    ("--seeds 1000000000", "seeds: expected at most 1000"),
    ("--sampler tpee", "unknown sampler 'tpee' — did you mean 'tpe'?"),
    ("--sampler-seed -1", "sampler seed: expected at least 0, given -1"),
    ("--sampler-seed 99999999999", "sampler seed: expected at most 4294967295"),
    ("--pruner wilcoxn", "unknown pruner 'wilcoxn' — did you mean 'wilcoxon'?"),
    ("--fidelity epochs", "unknown fidelity 'epochs'"),
    ("--grid-points 1", "grid points: expected at least 2, given 1"),
    ("--grid-points 1000000000", "grid points: expected at most 1000"),
    ("--objective top2", "unknown objective 'top2' — did you mean 'top1'?"),
    ("--objective seconds", "expected top1 as the first objective"),
    ("--objective top1 --objective top1", "expected different objectives"),
    ("--space bn_weight", "expected"),
    ("--space bn_weight=5:1", "expected"),
    ("--space bn_weight=0:1:log", "expected"),
    ("--space bn_weight=", "expected"),
    ("--space bn_wieght=1:2", "did you mean 'bn_weight'?"),
    ("--distiller wmmd", "unknown distiller 'wmmd' — did you mean 'wmdd'?"),
    ("--storage trials.db", "--storage: expected a database URL"),
    ("--storage nonsense://x", "--storage nonsense://x: cannot be used"),
    ("--workers 0", "0 is not in the range"),
    ("--workers 1000000", "1000000 is not in the range"),
    ("--device tpu", "device: expected auto, cpu"),
    ("--profile long", "'long' is not one of"),
    ("--tracking-uri 'http://[::1'", "invalid ipv6 url"),
    ("--set ipc=1,10", "expected one ipc, given [1, 10]"),
]
OTHERS = [
    ("rn ablation", "no command 'rn' — did you mean 'run'?"),
    ("''", "no command ''"),
    ("--verison", "No such option"),
    ("run", "Missing argument 'STUDY'"),
    ("run tiny.py --profile long", "'long' is not one of"),
    ("run tiny.py --nonsense", "No such option"),
    ("run tiny.py extra", "Got unexpected extra argument"),
    ("run tiny.py --device tpu", "device: expected auto, cpu"),
    ("run tiny.py --device ''", "device: expected auto, cpu"),
    ("run tiny.py --device cuda:99", "device"),
    ("run tiny.py --workers 0", "0 is not in the range"),
    ("run tiny.py --workers 1000000", "1000000 is not in the range"),
    ("run tiny.py --workers x", "'x' is not a valid integer range"),
    ("run tiny.py --store file/store", "expected a folder"),
    ("run misspelt.py", "unknown distiller 'wmmd' — did you mean 'wmdd'?"),
    ("run unobserved.py", "row 'a': layer: expected one of those that are observed"),
    ("run field.py", "row 'a': distiller 'wmdd' has no field 'x'"),
    ("run key.py", "row override: unknown recipe key 'squeeze.epoch'"),
    ("preregister nosuch", "unknown study 'nosuch'"),
    ("preregister tiny.py", "expected contrasts to register, found none"),
    ("preregister tiny.py --set ipc=0", "at least 1"),
    ("plan tiny.py --device tpu", "device: expected auto, cpu"),
    ("report ablation --out x.csv", "--out needs --format"),
    ("report ablation --out ''", "--out needs --format"),
    ("report ablation --format pdf", "'pdf' is not one of"),
    ("reproduce wmd", "'wmd' is not 'wmdd'"),
    ("reproduce --table 9", "unknown"),
    ("reproduce --figure 99", "unknown"),
    ("reproduce --table ''", "unknown"),
    ("reproduce --scale long", "'long' is not one of"),
    ("reproduce --set seeds=1000000000", "expected at most 10000 seeds"),
    ("reproduce --table 4 --tracking-uri http://127.0.0.1:99999", "port out of range"),
    ("reproduce --table 4 --dataset digitz", "unknown dataset 'digitz'"),
    ("compare", "Missing argument 'A'"),
    ("compare a", "Missing argument 'B'"),
    ("compare nowhere nothing", "nowhere: expected a report's folder"),
    ("compare report.csv report.csv", "expected the report.csv of a report"),
    ("compare file file", "expected the report.csv of a report"),
    ("compare . .", "expected the report.csv of a report"),
    ("compare a b --format pdf", "'pdf' is not one of"),
    ("list things", "'things' is not one of"),
    ("show", "Missing argument 'NAME'"),
    ("show wmddd", "unknown name 'wmddd' — did you mean 'wmdd'?"),
    ("show ''", "unknown name ''"),
    ("show abcdef123", "found 0; `bench store ls` lists them"),
    ("show absent.py", "expected a Python file, but it does not exist"),
    ("show raising.py", "failed to import: ZeroDivisionError"),
    ("show wmdd-code --ipc -1", "-1 is not in the range"),
    ("show wmdd-code --ipc 0", "0 is not in the range"),
    ("show wmdd-code --ipc x", "'x' is not a valid integer range"),
    ("show wmdd-code --profile long", "'long' is not one of"),
    ("show wmdd-code --dataset digitz", "unknown dataset 'digitz'"),
    ("show digits@x", "unknown dataset 'digits@x' — did you mean 'digits'?"),
    ("check", "Missing argument 'FILE'"),
    ("check wmmd", "unknown distiller 'wmmd' — did you mean 'wmdd'?"),
    ("check ''", "unknown distiller ''"),
    ("data lst", "No such command 'lst'"),
    ("data prepare", "Missing argument 'NAME'"),
    ("data prepare digitz", "unknown dataset 'digitz' — did you mean 'digits'?"),
    ("data verify digitz", "unknown dataset 'digitz' — did you mean 'digits'?"),
    ("store gc --keep-study ablatio", "unknown study 'ablatio'"),
    ("store gc --keep-study tiny.py --plugin absent.py", "it does not exist"),
    ("doctor extra", "Got unexpected extra argument"),
    ("ui --port -1", "-1 is not in the range"),
    ("ui --port 0", "0 is not in the range"),
    ("ui --port 99999", "99999 is not in the range"),
    ("ui --port http", "'http' is not a valid integer range"),
    ("track import ablatio", "unknown study or sweep 'ablatio'"),
    ("track import tiny.py", "expected finished cells of tiny (quick)"),
    ("track import ablation --trials 3", "No such option"),
    ("track import tiny.py --sampler tpe", "expected a sweep for options of `bench sweep`"),
    ("sweep lambd", "unknown sweep 'lambd' — did you mean 'lambda'?"),
    ("sweep ''", "unknown sweep ''"),
    ("sweep tiny.py", "expected a constant SWEEP = Sweep(...), found none"),
    ("sweep sweep-rowless.py", "expected at least one row, given none"),
    ("sweep sweep-sampler.py", "unknown sampler 'tpee'"),
    ("sweep sweep-parameter.py", "did you mean 'bn_weight'?"),
    ("sweep sweep-name-up.py", "expected a name without / and \\"),
    ("sweep sweep-name-empty.py", "expected a name of 1 to 80 characters"),
    ("sweep sweep-name-long.py", "expected at most 80 characters"),
    ("sweep sweep-name-line.py", "expected a name without control characters"),
]


def turns(words: list[str], lines: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Lines under commands that take them, in turns; `*` in a command is where the input goes."""
    return [
        (words[number % len(words)].replace("*", typed), message)
        for number, (typed, message) in enumerate(lines)
    ]


EXCHANGE = [
    ("score absent.pt --dataset digits", "absent.pt"),
    ("export absent --dataset digits --out out", "absent"),
    ("merge absent.json other.json", "absent.json"),
    ("board absent --out board.html", "absent"),
    ("submit tiny.py --engine slrm", "slrm"),
    ("submit tiny.py --engine slurm --workers 0", "0"),
]
TABLE: list[tuple[str, str]] = [
    *turns(["plan *", "run *", "report *"], STUDIES),
    *turns(["plan tiny.py --set *", "run tiny.py --set *"], SETTINGS),
    *turns(["run tiny.py --plugin *", "list --plugin *"], PLUGINS[:5]),
    *turns(["run tiny.py --plugin *", "check *", "reproduce --plugin *"], PLUGINS[5:-1]),
    *turns(["run tiny.py --plugin *"], PLUGINS[-1:]),
    *turns(["run tiny.py --store *", "store ls --store *", "store verify --store *"], PLACES),
    *turns(["run tiny.py --tracking-uri *", "sweep lambda --tracking-uri *"], TRACKERS),
    *turns(["ui --tracking-uri *"], TRACKERS[1:]),
    *turns(["report tiny.py --format md --out *", "compare a b --out *"], OUTS),
    *turns(["sweep lambda --profile smoke *"], FLAGS),
    *OTHERS,
    *EXCHANGE,
]
