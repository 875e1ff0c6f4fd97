"""Files of strangers, and what is typed for the commands that exchange sets and results.

A table as in hostile.py; `files` makes what the lines name. Nothing in a file is ever executed: an
executed one would leave a folder, which the test of the table sees.
"""

import json
import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from PIL import Image

ROW = {"address": "a" * 64, "top1": 0.5, "dataset": "digits", "ipc": 1, "row": "r", "seed": 0,
       "evaluator": "fkd", "student": "s", "recipe": "p"}  # fmt: skip
RESULTS: dict[str, dict[str, object]] = {
    "good": {}, "inf": {"top1": float("inf")}, "text": {"top1": "high"}, "big": {"top1": 81.4},
    "neg": {"top1": -0.5}, "ipc": {"ipc": "many"}, "ipc0": {"ipc": 0}, "noneipc": {"ipc": None},
    "ipcnan": {"ipc": float("nan")}, "list": {"row": ["a"]},
}  # fmt: skip
TEXTS = {
    "schema.json": '{"schema": 99, "rows": []}',
    "rows.json": '{"schema": 1, "rows": 5}',
    "rowlist.json": '{"schema": 1, "rows": [1, 2]}',
    "array.json": "[1]",
    "empty.json": "",
    "deep.json": "[" * 100_000,
    "half.json": '{"schema": 1, "rows": [{"address"',
    "schematext.json": '{"schema": "one", "rows": []}',
    "two.json": json.dumps({"schema": 1, "rows": [ROW, {"address": "b" * 64}]}),
    "bad.parquet": "PAR1xxxxPAR1",
    "zero.parquet": "",
    "short.csv": f"{','.join(ROW)}\na,0.5,digits\n",
    "nul.csv": "address,top1\0\n1,2\n",
    "zero.pt": "",
    "zero.npz": "",
}
COLUMNS = "method,dataset,ipc,evaluator,student,top1_percent,error_percent,kind,source,note\n"
CLAIMS = {
    "claims": "dc,digits,1,e,s,1,,rumour,x,", "claimshort": "dc,digits",
    "claimnan": "dc,digits,1,e,s,nan,,paper,x,", "claimneg": "dc,digits,1,e,s,-5,,paper,x,",
    "claim999": "dc,digits,0,e,s,999,,paper,x,",
}  # fmt: skip


class Malicious:
    """A pickle of it makes a folder when it is loaded."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("was-executed",)


def files(folder: Path) -> None:
    """Results, ledgers and synthetic sets that are wrong in one way each; good.json and fine.pt."""
    for name, wrong in RESULTS.items():
        text = json.dumps({"schema": 1, "rows": [{**ROW, **wrong}]})
        (folder / f"{name}.json").write_text(text)
    for name, text in TEXTS.items():
        (folder / name).write_text(text)
    for name, text in CLAIMS.items():
        (folder / f"{name}.csv").write_text(f"{COLUMNS}{text}\n")
    (folder / "bin.json").write_bytes(b"\xff\xfe\0\1")
    (folder / "claimbin.csv").write_bytes(b"\xff\xfe")
    _tensors(folder)
    _arrays(folder)
    _tables(folder)
    _images(folder)
    (folder / "fkd" / "epoch_0").mkdir(parents=True)
    (folder / "fkd" / "epoch_0" / "batch_0.tar").write_bytes(pickle.dumps(Malicious()))
    headers = {"own": b"\xff" * 100, "own2": (2**60).to_bytes(8, "little") + b"{}"}
    shape = {"dtype": "U8", "shape": [10**9, 10**9], "data_offsets": [0, 10]}
    text = json.dumps({"__metadata__": {"json": "{}"}, "images": shape})
    headers["own3"] = len(text).to_bytes(8, "little") + text.encode() + bytes(10)
    for name, content in headers.items():
        (folder / name).mkdir()
        (folder / name / "data.safetensors").write_bytes(content)


def _tensors(folder: Path) -> None:
    images, labels = torch.rand(10, 1, 8, 8), torch.arange(10)
    one = torch.zeros(1)
    sets: dict[str, object] = {
        "fine": [images, labels],
        "evil": [images, Malicious()],
        "nanimg": [torch.full((10, 1, 8, 8), float("nan")), labels],
        "large": [images * 1e30, labels],
        "outlabel": [images, labels + 5],
        "neglabel": [images, -labels],
        "halflabel": [images, labels + 0.5],
        "hugelabel": [images, torch.full((10,), 2**40)],
        "clabel": [images, labels.to(torch.complex64)],
        "nonelabel": [images, None],
        "none": [torch.zeros(0, 1, 8, 8), labels[:0]],
        "short": [images, labels[:5]],
        "complex": [images.to(torch.complex64), labels],
        "nansoft": [images, torch.full((10, 10), float("nan"))],
        "soft7": [images, torch.rand(10, 7)],
        "expanded": [one.expand(10, 1, 8, 8), labels],
        "hugeview": [one.expand(10**6, 1, 1000, 1000)[:10], labels],
        "huge": [one.expand(10**6, 1, 10**4, 10**4), one.long().expand(10**6)],
        "zerosize": [torch.rand(10, 1, 0, 0), labels],
        "five": 5,
        "dict": {"a": 1},
        "strings": [["a"], ["b"]],
        "intkey": {5: images, "images": images},
        "res_empty": {"data": []},
        "res_five": {"data": [5]},
        "res_one": {"data": [[images]]},
        "res_accs": {"data": [[images, labels]], "accs_all_exps": {"a": "text"}},
        "res_accs5": {"data": [[images, labels]], "accs_all_exps": {"a": 5}},
        "res_list": [1],
    }
    for name, content in sets.items():
        torch.save(content, folder / f"{name}.pt")
    (folder / "trunc.pt").write_bytes((folder / "fine.pt").read_bytes()[:900])
    for name in ("mtt", "dd", "mttlr", "mttlr2"):
        (folder / name).mkdir()
        torch.save(images, folder / name / ("images.pt" if name == "dd" else "images_best.pt"))
    for name, rate in (("mttlr", torch.tensor(float("nan"))), ("mttlr2", torch.ones(5))):
        torch.save(labels, folder / name / "labels_best.pt")
        torch.save(rate, folder / name / "lr_best.pt")


def _arrays(folder: Path) -> None:
    images, labels = np.random.default_rng(0).random((10, 1, 8, 8), np.float32), np.arange(10)
    wrong = {
        "object": np.array([Malicious()], dtype=object), "strings": np.array(["a"] * 10),
        "u16": (images * 65535).astype(np.uint16), "struct": np.zeros(10, dtype=[("a", "f4")]),
    }  # fmt: skip
    for name, array in wrong.items():
        np.savez(folder / f"{name}.npz", images=array, labels=labels)
    np.savez(folder / "nolabels.npz", images=images)
    declared = {"hugedecl": "(1000000, 1, 100000, 100000)", "negdecl": "(-5, 1, 8, 8)"}
    for name, shape in {**declared, "slip": "(10,)"}.items():
        text = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}"
        text += " " * (-(len(text) + 11) % 64) + "\n"
        header = b"\x93NUMPY\1\0" + len(text).to_bytes(2, "little") + text.encode()
        with zipfile.ZipFile(folder / f"{name}.npz", "w") as archive:
            entry = "../../slipped.npy" if name == "slip" else "images.npy"
            archive.writestr(entry, header + bytes(40))


def _tables(folder: Path) -> None:
    pixel = pa.table({"label": [1], "tensor": [b"12345"]})
    tables = {
        "noimg": pa.table({"label": [1, 2]}),
        "textlabel": pa.table({"label": ["a"], "image": [b"x"]}),
        "textimg": pa.table({"label": [1], "image": ["x"]}),
        "noshape": pixel,
        "badshape": pixel.replace_schema_metadata({"ddbench": '{"shape": [1, 8, 8]}'}),
        "nojson": pixel.replace_schema_metadata({"ddbench": "nojson"}),
        "nullimg": pa.table({"label": [None], "image": [None]}),
        "emptyset": pa.table(
            {"label": pa.array([], pa.int64()), "image": pa.array([], pa.binary())}
        ),
    }
    for name, table in tables.items():
        pq.write_table(table, folder / f"{name}.parquet")
    (folder / "pq").mkdir()
    for name in ("image", "other"):
        pq.write_table(pa.table({"label": [1], name: [b"x"]}), folder / "pq" / f"{name}.parquet")


def _images(folder: Path) -> None:
    ten = [f"{number:05d}" for number in range(10)]
    classes = {"imgs": ten, "badimg": ten, "mixed": ten, "bombimg": ten, "eleven": [*ten, "00010"],
               "huge99": ["99999"], "named": ["cat", "dog"]}  # fmt: skip
    for name, found in classes.items():
        for label in found:
            (folder / name / label).mkdir(parents=True)
            Image.new("L", (8, 8), 100).save(folder / name / label / "a.png")
    Image.new("L", (9, 9)).save(folder / "mixed" / "00003" / "a.png")
    (folder / "badimg" / "00003" / "a.png").write_bytes(b"no png")
    bomb = folder / "bombimg" / "00003" / "a.bmp"  # its header asks for 60,000 x 60,000 pixels
    Image.new("L", (8, 8)).save(bomb)
    content = bytearray(bomb.read_bytes())
    content[18:26] = (60_000).to_bytes(4, "little") * 2
    bomb.write_bytes(content)


SCORE = [  # behind `score fine.pt --dataset digits`
    ("--evaluator fdk", "unknown evaluator 'fdk'"),
    ("--evaluator ''", "unknown evaluator ''"),
    ("--recipe convnet-d", "unknown recipe 'convnet-d'"),
    ("--student resnet19", "unknown architecture 'resnet19'"),
    ("--seeds 0", "Invalid value for '--seeds': 0 is not in the range 1<=x<=10000"),
    ("--seeds 100000", "Invalid value for '--seeds': 100000 is not in the range 1<=x<=10000"),
    ("--set ipc=3 --set sqeeze.epochs=1", "--set sqeeze.epochs=1: unknown key 'sqeeze.epochs'"),
    ("--set squeeze.lr=-1", "squeeze.lr: expected a positive number up to 1e6, given -1.0"),
    ("--layout par", "unknown layout 'par'"),
    ("--layout parquet", "fine.pt: expected parquet, given Must pass at least one table"),
    ("--layout npz", "fine.pt: expected one of images, x, x_syn, X, x_train, data, imgs, given"),
    ("--layout mtt", "labels_best.pt: expected a .pt file of tensors and numbers alone, but it"),
    ("--layout ddranking", "fine.pt/images.pt: expected a .pt file of tensors and numbers alone,"),
    ("--layout dc", "fine.pt: expected {'data': [[images, labels], ...]} of the DC line"),
    ("--layout own", "fine.pt: expected an artifact of this suite, but:"),
    ("--layout sre2l", "no file: expected images of one size, given none"),
    ("--index -1", "Invalid value for '--index': -1 is not in the range x>=0"),
    ("--index 5", "fine.pt: expected --index 0, the one set of layout pair"),
    ("--mean a,b", "--mean: expected numbers such as 0.5,0.5,0.5, given 'a,b'"),
    ("--mean nan --std 1", "--mean and --std: expected finite numbers, and a --std above 0,"),
    ("--mean 0.5 --std 0", "--mean and --std: expected finite numbers, and a --std above 0,"),
    ("--mean 0.5 --std -1", "--mean and --std: expected finite numbers, and a --std above 0,"),
    ("--mean 0.5 --std inf", "--mean and --std: expected finite numbers, and a --std above 0,"),
    ("--mean 0.5", "--mean and --std: expected 1 numbers each, given 1 and 0"),
    ("--mean 1,2,3 --std 1,2,3", "--mean and --std: expected 1 numbers each, given 3 and 3"),
    ("--class-order a,b", "class order: expected names of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, given"),
    ("--class-order 0,0,0,0,0,0,0,0,0,0", "class order: expected each name once, given twice: 0"),
    ("--class-order 0,1", "class order: expected 10 names, given 2"),
    ("--factor -2", "Invalid value for '--factor': -2 is not in the range x>=0"),
    ("--factor 3", "factor: expected a divisor of 8 x 8 pixels, given 3; choose 1 for images"),
    ("--factor 1000000000", "factor: expected a divisor of 8 x 8 pixels, given 1000000000;"),
    ("--labels absent", "Invalid value for '--labels': Path 'absent' does not exist"),
    ("--labels file", "file: expected epoch_0/batch_0.tar of FKD, found none"),
    ("--labels fkd", "fkd/epoch_0/batch_0.tar: expected a .pt file of tensors and numbers alone,"),
    ("--labels empty", "empty: expected epoch_0/batch_0.tar of FKD, found none"),
    ("--teacher-check maybe", "Invalid value for '--teacher-check': 'maybe' is not one of"),
    ("--store ''", "store: expected a folder or a URL, given ''; leave --store out for ./.bench"),
    ("--store file", "file: expected a folder, given a file; choose another --store"),
    ("--device tpu", "device: expected auto, cpu, given 'tpu'"),
    ("--profile long", "Invalid value for '--profile': 'long' is not one of 'smoke', 'quick',"),
]
SETS = [  # what `score` reads
    ("bad.parquet", "bad.parquet: expected parquet, given Could not open Parquet input source"),
    ("badshape.parquet", "badshape.parquet: expected parquet with columns image and label, but"),
    ("clabel.pt", "clabel.pt: expected dense images and labels of plain numbers"),
    ("complex.pt", "complex.pt: expected dense images and labels of plain numbers"),
    ("dict.pt", "dict.pt: expected one of images, x, x_syn, X, x_train, data, imgs, given a"),
    ("emptyset.parquet", "emptyset.parquet: expected images of one size, given none"),
    ("evil.pt", "evil.pt: expected a .pt file of tensors and numbers alone, but it is damaged or"),
    ("expanded.pt", "expanded.pt: expected images that do not share their memory"),
    ("five.pt", "five.pt: expected [images, labels], given int"),
    ("halflabel.pt", "halflabel.pt: expected a class index for each image, given other numbers"),
    ("huge.pt", "huge.pt: expected images that do not share their memory"),
    ("hugedecl.npz", "hugedecl.npz: expected an .npz file of plain arrays, given MemoryError:"),
    ("hugelabel.pt", "labels: expected 0 to 9, given 1099511627776 to 1099511627776"),
    ("hugeview.pt", "hugeview.pt: expected images that do not share their memory"),
    ("intkey.pt", "intkey.pt: expected data.pt of IDC and NCFM, [images, labels], but it cannot"),
    ("nanimg.pt", "nanimg.pt: expected finite images, given NaN or infinity"),
    ("nansoft.pt", "nansoft.pt: expected finite learned labels, given NaN or infinity"),
    ("negdecl.npz", "negdecl.npz: expected an .npz file of plain arrays"),
    ("neglabel.pt", "labels: expected 0 to 9, given -9 to 0"),
    ("noimg.parquet", "noimg.parquet: expected columns image and label, given ['label']"),
    ("nojson.parquet", "nojson.parquet: expected parquet with columns image and label, but it"),
    ("nolabels.npz", "nolabels.npz: expected one of labels, y, y_syn, Y, y_train, targets,"),
    ("none.pt", "labels: expected 0 to 9, given none"),
    ("nonelabel.pt", "nonelabel.pt: expected data.pt of IDC and NCFM, [images, labels], but it"),
    ("noshape.parquet", "noshape.parquet: expected parquet with columns image and label, but it"),
    ("nullimg.parquet", "nullimg.parquet: expected parquet with columns image and label, but it"),
    ("object.npz", "object.npz: expected an .npz file of plain arrays"),
    ("outlabel.pt", "labels: expected 0 to 9, given 5 to 14"),
    ("res_accs.pt", "res_accs.pt: expected res_*.pt of the DC line, {'data': [[images, labels],"),
    ("res_accs5.pt", "res_accs5.pt: expected res_*.pt of the DC line, {'data': [[images,"),
    ("res_empty.pt", "res_empty.pt: expected {'data': [[images, labels], ...]} of the DC line"),
    ("res_five.pt", "res_five.pt: expected res_*.pt of the DC line, {'data': [[images, labels],"),
    ("res_list.pt", "res_list.pt: expected {'data': [[images, labels], ...]} of the DC line"),
    ("res_one.pt", "res_one.pt: expected res_*.pt of the DC line, {'data': [[images, labels],"),
    ("short.pt", "short.pt: expected images (M, 1 or 3, H, W) with a label each, given (10, 1,"),
    ("slip.npz", "slip.npz: expected one of images, x, x_syn, X, x_train, data, imgs, given"),
    ("soft7.pt", "soft labels: expected 10 classes, given 7"),
    ("strings.npz", "strings.npz: expected an .npz with images and (learned) labels, but it"),
    ("strings.pt", "strings.pt: expected data.pt of IDC and NCFM, [images, labels], but it"),
    ("struct.npz", "struct.npz: expected an .npz with images and (learned) labels, but it cannot"),
    ("textimg.parquet", "textimg.parquet: expected encoded images, given a bytes-like object is"),
    ("textlabel.parquet", "textlabel.parquet: expected parquet with columns image and label, but"),
    ("trunc.pt", "trunc.pt: expected a .pt file of tensors and numbers alone, but it is damaged"),
    ("zero.npz", "zero.npz: expected an .npz file of plain arrays, given BadZipFile: File is not"),
    ("zero.parquet", "zero.parquet: expected parquet, given Could not open Parquet input source"),
    ("zero.pt", "zero.pt: expected a .pt file of tensors and numbers alone, but it is damaged or"),
    ("zerosize.pt", "images: expected 8 x 8 pixels, given floats of 0 x 0"),
    ("mtt", "mtt/labels_best.pt: expected a .pt file of tensors and numbers alone, but it is"),
    ("dd", "dd/labels.pt: expected a .pt file of tensors and numbers alone, but it is damaged or"),
    ("mttlr", "mttlr/lr_best.pt: expected a learning rate, given nan"),
    ("mttlr2", "mttlr2: expected images_best.pt, labels_best.pt and lr_best.pt, but it cannot be"),
    ("badimg", "badimg/00003/a.png: expected an image, given cannot identify image file"),
    ("mixed", "mixed: expected images of one size, given [(8, 8), (9, 9)]"),
    ("eleven", "labels: expected 0 to 9, given 0 to 10"),
    ("huge99", "labels: expected 0 to 9, given 99999 to 99999"),
    ("named", "class order: expected names of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, given 'cat'"),
    ("bombimg", "bombimg/00003/a.bmp: expected an image, given Image size (3600000000 pixels)"),
    ("own", "own/data.safetensors: expected an artifact of this suite, but:"),
    ("own2", "own2/data.safetensors: expected an artifact of this suite, but:"),
    ("own3", "own3/data.safetensors: expected an artifact of this suite, but:"),
    ("pq", "pq: expected parquet, given Schema at index 1 was different: \\nlabel:"),
    ("fifo", "fifo: expected a file or folder with a synthetic set, but something else, such as"),
    ("link", "link: expected a file or folder with a synthetic set, but nothing is there"),
    ("empty", "empty: expected a layout that is known (own: an artifact of this suite,"),
    ("folder.py", "folder.py: expected a layout that is known (own: an artifact of this suite,"),
    ("file", "file: expected a layout that is known (own: an artifact of this suite,"),
    ("report.csv", "report.csv: expected a layout that is known (own: an artifact of this suite,"),
    ("/dev/zero", "/dev/zero: expected a file or folder with a synthetic set, but something"),
    ("/dev/null", "/dev/null: expected a file or folder with a synthetic set, but something"),
    ("''", "expected a path or an address of a synthetic set, given an empty name"),
    ("large.pt", "images: expected floats of 0 to 1, of 0 to 255, or normalised"),
    ("u16.npz", "images: expected floats of 0 to 1, of 0 to 255, or normalised"),
]
TABLE = [
    *((f"score fine.pt --dataset digits {typed}", text) for typed, text in SCORE),
    *((f"score {typed} --dataset digits --check-only", text) for typed, text in SETS),
]
