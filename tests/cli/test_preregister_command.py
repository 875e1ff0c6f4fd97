"""Contrasts written down before a run are hashed into its report; later ones are post hoc."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bench.cli.main import cli

STUDY = """
from bench.study.grid import Contrast, Row, Study

STUDY = Study(
    name="registered",
    title="Two subsets",
    rows=(Row("A", "random"), Row("B", "herding"), Row("C", "k-center")),
    seeds=(0, 1),
    contrasts=(Contrast("A - B", "A", "B"),{more}),
)
"""
LENGTHS = ("--set", "relabel.epochs=2", "--set", "squeeze.epochs=1")
LATER = 'Contrast("A - C", "A", "C")'


class Bench:
    """The command line on a study file that is rewritten between commands."""

    def __init__(self, folder: Path, data: Path) -> None:
        self.file, self.store, self.data = folder / "study.py", folder / "store", data
        self.write()

    def write(self, more: str = "", old: str = "", new: str = "") -> None:
        self.file.write_text(STUDY.replace("{more}", more).replace(old, new) if old else
                             STUDY.replace("{more}", more))  # fmt: skip

    def __call__(self, command: str, *words: str) -> Result:
        places = ["--store", str(self.store), "--data", str(self.data)]
        study = [str(self.file), "--profile", "smoke", *LENGTHS]
        return CliRunner().invoke(cli, [command, *study, *places, *words])

    def run(self) -> None:
        done = self("run", "--no-tracking", "--quiet")
        assert done.exit_code == 0, done.output

    def report(self) -> str:
        done = self("report", "--format", "md", "--out", "-")
        assert done.exit_code == 0, done.output
        return done.output


@pytest.fixture
def bench(tmp_path: Path, data_root: Path) -> Bench:
    return Bench(tmp_path, data_root)


def test_a_contrast_that_was_registered_stands_with_hash_and_time_and_a_later_one_is_post_hoc(
    bench: Bench,
) -> None:
    done = bench("preregister")
    assert done.exit_code == 0, done.output
    kept = re.fullmatch(r"registered   ([0-9a-f]{12})  A - B\n", done.output)
    assert kept
    bench.run()
    bench.write(LATER)
    page = bench.report()
    assert re.search(rf"A - B \({kept[1]}, \d{{4}}-\d\d-\d\dT[0-9:]+\+00:00\)", page)
    assert "A - C (post hoc)" in page
    assert "A - B (post hoc)" not in page
    again = bench("preregister")  # both rows of A - C have scores now
    assert f"known        {kept[1]}  A - B" in again.output
    assert re.search(r"post hoc +A - C: both rows have scores already", again.output)
    assert "A - C (post hoc)" in bench.report()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('Row("B", "herding")', 'Row("B", "k-center")'),
        ('Contrast("A - B", "A", "B")', 'Contrast("A - B", "B", "A")'),
        ("seeds=(0, 1)", "seeds=(0, 1, 2)"),
    ],
    ids=["another row", "another direction", "more seeds"],
)
def test_what_changes_after_registration_is_post_hoc(bench: Bench, old: str, new: str) -> None:
    assert bench("preregister").exit_code == 0
    bench.write(old=old, new=new)
    assert "A - B (post hoc)" in bench.report()


def test_a_study_that_was_never_registered_marks_nothing(bench: Bench) -> None:
    page = bench.report()
    assert "A - B" in page
    assert "post hoc" not in page


def test_a_run_that_is_finished_cannot_be_registered(bench: Bench) -> None:
    bench.run()
    done = bench("preregister")
    assert done.exit_code == 2
    assert "expected a contrast without results, found scores of all 1" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_study_without_contrasts_is_refused(bench: Bench) -> None:
    bench.write(old='contrasts=(Contrast("A - B", "A", "B"),),', new="")
    done = bench("preregister")
    assert done.exit_code == 2
    assert "expected contrasts to register, found none" in done.stderr


def test_scores_of_other_contrasts_do_not_hinder_one_that_has_none(bench: Bench) -> None:
    bench.run()
    bench.write(f'{LATER},Contrast("A - D", "A", "D")', 'Row("C", "k-center")',
                'Row("C", "k-center"), Row("D", "full")')  # fmt: skip
    done = bench("preregister")
    assert done.exit_code == 0, done.output
    assert re.search(r"^registered +\w+  A - D$", done.output, re.MULTILINE)
    assert done.output.count("post hoc") == 2
