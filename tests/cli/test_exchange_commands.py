"""Score, export, merge and board as typed, on a set of the store and a teacher that was trained."""

import csv
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from click.testing import CliRunner, Result
from PIL import Image
from sklearn.datasets import load_sample_images

from bench.cli.main import cli

STUDY = """
from bench.study.grid import Row, Study

STUDY = Study(
    name="ours", title="Ours", rows=(Row("Real images", "random"),), ipcs=(10,), seeds=(0,),
    evaluators=("convnet-dc", "hard-label"), recipe="convnet-dc",
)
"""
LENGTHS = ("--profile", "smoke", "--set", "relabel.epochs=5", "--set", "squeeze.epochs=8")
MEAN, STD = 0.3052, 0.376  # of the digits, as the suite normalises them


class Lab:
    """A store with ten real digits of each class, their scores, and the recipe's teacher."""

    def __init__(self, folder: Path, data: Path) -> None:
        self.folder, self.data, self.store = folder, data, folder / "store"
        (folder / "ours.py").write_text(STUDY)
        self.study = [str(folder / "ours.py"), *LENGTHS]
        self("run", *self.study, "--no-tracking", "--quiet")
        page = self("report", *self.study, "--format", "csv", "--out", "-").output
        self.rows = list(csv.DictReader(io.StringIO(page)))
        self.address = self.rows[0]["address_recover"]

    def __call__(self, command: str, *words: object, ok: int = 0) -> Result:
        places = ["--store", str(self.store)] if command not in ("merge", "board") else []
        places += ["--data", str(self.data)] if places else []
        typed = [command, *map(str, words), *places]
        done = CliRunner().invoke(cli, typed)
        assert done.exit_code == ok, (typed, done.output, done.exception)
        return done

    def export(self, kind: str, out: Path) -> Path:
        self("export", self.address[:12], "--dataset", "digits", "--format", kind, "--out", out)
        return out

    def checked(self, path: Path, *more: str) -> str:
        """What `bench score --check-only` says of a set, asking the teacher."""
        words = [path, "--dataset", "digits", "--check-only", "--teacher-check", "train"]
        return self("score", *words, *LENGTHS, *more).output


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, data_root: Path) -> Lab:
    return Lab(tmp_path_factory.mktemp("lab"), data_root)


@pytest.fixture(scope="module")
def exported(lab: Lab) -> dict[str, torch.Tensor]:
    """The set as DD-Ranking's tensors."""
    out = lab.export("ddranking", lab.folder / "ddranking")
    return {
        name: torch.load(out / f"{name}.pt", weights_only=True) for name in ("images", "labels")
    }


def saved(lab: Lab, name: str, images: torch.Tensor, labels: torch.Tensor) -> Path:
    folder = lab.folder / name
    folder.mkdir(exist_ok=True)
    torch.save(images, folder / "images.pt")
    torch.save(labels, folder / "labels.pt")
    return folder


def agreement(told: str) -> float:
    """The teacher's accuracy on the set, in percent."""
    (found,) = re.findall(r"teacher \(.*\): ([\d.]+) % of the set", told)
    return float(found)


def test_a_teacher_that_was_trained_agrees_with_a_sound_set(
    lab: Lab, exported: dict[str, torch.Tensor]
) -> None:
    told = lab.checked(saved(lab, "sound", **exported))
    assert "layout ddranking" in told
    assert "100 images of 1 x 8 x 8, float32; IPC 10" in told
    assert agreement(told) > 80
    assert "warning: the " not in told


def test_permuted_classes_are_named_with_the_order_that_mends_them(
    lab: Lab, exported: dict[str, torch.Tensor]
) -> None:
    order = torch.tensor([3, 0, 4, 1, 9, 2, 6, 5, 8, 7])
    folder = saved(lab, "permuted", exported["images"], order[exported["labels"]])
    told = lab.checked(folder)
    (suggested,) = re.findall(r"under another order of the classes: try --class-order (\S+)", told)
    mended = lab.checked(folder, "--class-order", suggested)
    assert "warning: the " not in mended
    assert agreement(mended) > 80 > 50 > agreement(told)


def test_images_that_were_normalised_twice_are_named(
    lab: Lab, exported: dict[str, torch.Tensor]
) -> None:
    twice = (exported["images"] - MEAN) / STD
    told = lab.checked(saved(lab, "twice", twice, exported["labels"]))
    assert "the images look normalised twice" in told


def test_a_set_of_another_data_set_is_named(lab: Lab) -> None:
    """Grey crops of two photographs that scikit-learn brings along, called digits."""
    crops = []
    for photograph in load_sample_images().images:
        grey = Image.fromarray(photograph).convert("L").resize((80, 40))
        tensor = torch.tensor(np.asarray(grey), dtype=torch.float32) / 255
        crops += [*tensor.unfold(0, 8, 8).unfold(1, 8, 8).reshape(-1, 1, 8, 8)]
    images = (torch.stack(crops) - MEAN) / STD
    labels = torch.arange(len(images)) % 10
    told = lab.checked(saved(lab, "photographs", images, labels))
    assert "the teacher is near chance (10 %) under every reading" in told


def test_a_teacher_is_asked_by_itself_only_where_it_is_at_hand(
    lab: Lab, exported: dict[str, torch.Tensor]
) -> None:
    folder = saved(lab, "auto", **exported)
    words = [folder, "--dataset", "digits", "--check-only"]
    assert "no teacher looked at the set" in lab("score", *words).output  # at the profile "paper"
    assert "per class in %: 0 " in lab("score", *words, *LENGTHS).output


@pytest.mark.parametrize("kind", ["folder", "dc", "ddranking", "hub", "own"])
def test_a_set_that_is_exported_and_scored_gets_the_very_score_that_it_had(
    lab: Lab, kind: str, tmp_path: Path
) -> None:
    out = lab.export(kind, tmp_path / "out")
    place = next(out.glob("res_*.pt")) if kind == "dc" else out
    told = lab("score", place, "--dataset", "digits", "--seeds", 1, *LENGTHS).output
    (file,) = re.findall(r"^study: (\S+)", told, re.MULTILINE)
    page = lab("report", file, *LENGTHS, "--format", "csv", "--out", "-").output
    (row,) = csv.DictReader(io.StringIO(page))
    ours = next(r for r in lab.rows if r["evaluator"] == "convnet-dc")
    assert row["top1"] == ours["top1"]
    assert row["address"] != ours["address"]  # scored anew, not found


def test_what_nothing_fits_is_refused_in_one_line(lab: Lab, tmp_path: Path) -> None:
    words = ("--dataset", "digits", "--out", tmp_path / "out")
    error = lab("export", "ffffffff", *words, ok=2).stderr
    assert "expected the beginning of one artifact's, given 'ffffffff', which fits 0" in error
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("")
    words = ("--dataset", "digits", "--out", tmp_path / "full")
    assert "expected a new or empty folder" in lab("export", lab.address, *words, ok=2).stderr
    assert "nothing is there" in lab("score", tmp_path / "no", "--dataset", "digits", ok=2).stderr


def test_a_hub_folder_has_the_scores_of_the_store_beside_the_set(lab: Lab, tmp_path: Path) -> None:
    out = lab.export("hub", tmp_path / "out")
    files = sorted((out / ".eval_results").glob("*.yaml"))
    assert [file.name for file in files] == ["convnet-dc.yaml", "hard-label.yaml"]
    (entry,) = yaml.safe_load(files[0].read_text())
    ours = next(r for r in lab.rows if r["evaluator"] == "convnet-dc")
    assert entry["dataset"] == {"id": "digits", "task_id": "convnet-dc"}
    assert entry["value"] == pytest.approx(100 * float(ours["top1"]), abs=1e-4)
    assert "last epoch" in entry["notes"]
    assert f"seed 0, address {ours['address']}" in entry["notes"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", entry["date"])
    card = (out / "README.md").read_text()
    assert ".eval_results" in card


def results(path: Path, top1: float, address: str = "a1") -> Path:
    row = {"address": address, "top1": top1, "dataset": "digits", "ipc": 1, "row": "WMDD",
           "seed": 0, "evaluator": "fkd", "student": "c", "recipe": "r"}  # fmt: skip
    path.write_text(json.dumps({"schema": 1, "rows": [row]}))
    return path


def test_results_of_two_labs_are_merged_and_a_conflict_is_shown_and_kept(
    lab: Lab, tmp_path: Path
) -> None:
    first, second = results(tmp_path / "a.json", 0.5), results(tmp_path / "b.json", 0.6)
    done = lab("merge", first, second, "--out", tmp_path / "all.parquet", ok=1)
    assert "conflict: a1: 0.5000 in" in done.output
    assert "2 rows, 1 conflicts" in done.output
    assert (tmp_path / "all.parquet").is_file()
    other = results(tmp_path / "c.json", 0.7, "a2")
    assert "2 rows, 0 conflicts" in lab("merge", first, other).output
    assert "expected" in lab("merge", tmp_path / "no.json", ok=2).stderr


def test_a_board_shows_the_store_s_rows_and_those_of_a_file(lab: Lab, tmp_path: Path) -> None:
    page = tmp_path / "board.html"
    told = lab("board", lab.store, results(tmp_path / "a.json", 0.5), "--out", page).output
    assert f"board: {page}" in told
    assert re.search(r"\d+ rows, 0 conflicts", told)
    text = page.read_text(encoding="utf-8")
    assert "Real images" in text
    assert "WMDD" in text
    assert "http://" not in text
