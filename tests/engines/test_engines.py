"""What engines are given: files that their own formats' parsers read, and scripts that run."""

import os
import re
import shlex
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from cli_runs import TINY
from click.testing import CliRunner
from waiting import LIMIT

from bench.cli.submit_command import command, mounted
from bench.core.errors import BadValue, UnknownName
from bench.engines import ray_pool
from bench.engines.catalog import ENGINES, engine_named
from bench.engines.job import Job
from bench.engines.slurm import arrays, clock

WORDS = ["table1", "--profile", "paper", "--set", "ipc=1,10", "--store", "s3://b/store"]
JOB = Job("bench-table1", WORDS, "s3://b/store", 3, ["--no-tracking"], image="me/bench:1")


def options(script: str) -> dict[str, str]:
    """The #SBATCH lines of a script as sbatch reads them: up to the first other line."""
    found = {}
    for line in script.splitlines()[1:]:
        match = re.fullmatch(r"#SBATCH --([a-z-]+)(?:=(\S+))?", line)
        if match is None:
            break
        found[match[1]] = match[2] or ""
    return found


def program(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("name", ENGINES)
def test_every_script_parses_and_every_worker_only_joins(name: str, tmp_path: Path) -> None:
    files = ENGINES[name].files(JOB)
    assert files
    for file, text in files.items():
        (tmp_path / file).write_text(text, encoding="utf-8")
        if file.endswith((".sh", ".sbatch")):
            subprocess.run(["bash", "-n", str(tmp_path / file)], check=True)
    together = "\n".join(files.values())
    assert shlex.join(JOB.worker) in together
    assert shlex.join(JOB.report) in together


def test_slurm_gets_workers_that_come_again_and_a_report_that_waits(tmp_path: Path) -> None:
    files = ENGINES["slurm"].files(replace(JOB, partition="gpu", hours=36.5))
    worker = options(files["worker.sbatch"])
    assert worker["time"] == "1-12:30:00"
    assert worker["signal"] == "B:TERM@120"
    assert (worker["gpus-per-task"], worker["partition"]) == ("1", "gpu")
    assert "requeue" in worker
    assert "gpus-per-task" not in options(files["report.sbatch"])
    for file, text in files.items():
        program(tmp_path, file, "").write_text(text, encoding="utf-8")
    program(tmp_path, "sbatch", f'echo "$@" >> {tmp_path}/log; wc -l < {tmp_path}/log')
    subprocess.run(
        ["sh", str(tmp_path / "submit.sh")], check=True, env={"PATH": f"{tmp_path}:/usr/bin:/bin"}
    )
    assert (tmp_path / "log").read_text().splitlines() == [
        "--parsable --array=0-2 worker.sbatch",
        "--parsable --dependency=afterany:1 report.sbatch",
    ]


@pytest.mark.parametrize(
    ("workers", "largest", "sizes"),
    [(1, 1001, [1]), (1001, 1001, [1001]), (1002, 1001, [1001, 1]), (25, 10, [10, 10, 5])],
)
def test_more_workers_than_an_array_holds_are_more_arrays(
    workers: int, largest: int, sizes: list[int]
) -> None:
    assert arrays(workers, largest) == sizes
    text = ENGINES["slurm"].files(replace(JOB, workers=workers, largest_array=largest))["submit.sh"]
    assert re.findall(r"--array=0-(\d+)", text) == [str(size - 1) for size in sizes]


def test_a_slurm_worker_that_is_warned_stops_and_queues_itself_again(tmp_path: Path) -> None:
    begun, told = tmp_path / "begun", tmp_path / "told"
    work = (
        f"trap 'echo stopped >> {told}; exit 130' TERM; touch {begun}; while :; do sleep 0.1; done"
    )
    job = replace(JOB, program=[str(program(tmp_path, "bench", work))])
    script = tmp_path / "worker.sbatch"
    script.write_text(ENGINES["slurm"].files(job)["worker.sbatch"], encoding="utf-8")
    program(tmp_path, "scontrol", f'echo "$@" >> {told}')
    where = {"SLURM_ARRAY_JOB_ID": "7", "SLURM_ARRAY_TASK_ID": "2"}
    process = subprocess.Popen(
        ["bash", str(script)], env={"PATH": f"{tmp_path}:/usr/bin:/bin", **where}
    )
    while not begun.exists():
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=LIMIT) == 0
    assert told.read_text().splitlines() == ["stopped", "requeue 7_2"]


@pytest.mark.parametrize(("code", "cancelled"), [(0, False), (1, False), (2, True)])
def test_bad_input_ends_the_whole_array(code: int, cancelled: bool, tmp_path: Path) -> None:
    job = replace(JOB, program=[str(program(tmp_path, "bench", f"exit {code}"))])
    script = tmp_path / "worker.sbatch"
    script.write_text(ENGINES["slurm"].files(job)["worker.sbatch"], encoding="utf-8")
    program(tmp_path, "scancel", f'echo "$@" > {tmp_path}/cancelled')
    env = {"PATH": f"{tmp_path}:/usr/bin:/bin", "SLURM_ARRAY_JOB_ID": "7"}
    done = subprocess.run(["bash", str(script)], env=env, check=False)
    assert done.returncode == code
    assert (tmp_path / "cancelled").exists() == cancelled


def manifest(job: Job) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(ENGINES["kubernetes"].files(job)["job.yaml"])
    return found


def test_kubernetes_gets_an_indexed_job_that_never_retries_bad_input() -> None:
    job = manifest(JOB)
    spec, pod = job["spec"], job["spec"]["template"]["spec"]
    assert (job["apiVersion"], job["kind"]) == ("batch/v1", "Job")
    assert (spec["completionMode"], spec["completions"], spec["parallelism"]) == ("Indexed", 3, 3)
    assert spec["backoffLimitPerIndex"] == 5
    assert "backoffLimit" not in spec
    assert pod["restartPolicy"] == "Never"  # else a pod failure policy is refused
    rules = {
        tuple(rule["onExitCodes"]["values"]): rule["action"]
        for rule in spec["podFailurePolicy"]["rules"]
        if "onExitCodes" in rule
    }
    assert rules == {(2,): "FailJob", (1,): "FailIndex"}
    assert pod["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] == 1
    assert {r["onExitCodes"]["containerName"] for r in spec["podFailurePolicy"]["rules"][:2]} == {
        pod["containers"][0]["name"]
    }


def test_a_volume_of_kubernetes_makes_a_folder_shared() -> None:
    job = replace(JOB, store="/shared/store", volume=("claim", "/shared"))
    pod = manifest(job)["spec"]["template"]["spec"]
    assert pod["volumes"][0]["persistentVolumeClaim"] == {"claimName": "claim"}
    assert pod["containers"][0]["volumeMounts"][0]["mountPath"] == "/shared"


@pytest.mark.parametrize(
    ("code", "index", "reported"), [(0, 0, True), (1, 0, True), (0, 1, False), (2, 0, False)]
)
def test_the_first_worker_of_kubernetes_reports_once_cells_have_ended(
    code: int, index: int, reported: bool, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    text = f'echo "$1" >> {log}; [ "$1" = report ] || exit {code}'
    job = replace(JOB, program=[str(program(tmp_path, "bench", text))])
    run = manifest(job)["spec"]["template"]["spec"]["containers"][0]["command"]
    done = subprocess.run(
        run, env={"PATH": "/usr/bin:/bin", "JOB_COMPLETION_INDEX": str(index)}, check=False
    )
    assert done.returncode == code
    assert log.read_text().split() == ["run", "report"][: 1 + reported]


def test_skypilot_gets_a_node_for_each_worker() -> None:
    task = yaml.safe_load(
        ENGINES["skypilot"].files(replace(JOB, gpus=2, partition="H100"))["task.yaml"]
    )
    assert task["num_nodes"] == 3
    assert task["resources"]["accelerators"] == "H100:2"
    assert task["resources"]["image_id"] == "docker:me/bench:1"
    assert "SKYPILOT_NODE_RANK" in task["run"]
    assert set(task) <= {"name", "num_nodes", "resources", "run", "setup", "volumes"}


def test_ray_gets_parts_of_a_device_and_others_refuse_them() -> None:
    part = replace(JOB, gpus=0.25)
    assert "--workers 3 --gpus 0.25" in ENGINES["ray"].files(part)["ray.sh"]
    for name in ("slurm", "kubernetes", "skypilot"):
        with pytest.raises(BadValue, match=r"--gpus: expected a whole number for \w+, given 0.25"):
            ENGINES[name].files(part)


@pytest.mark.parametrize("name", ["kubernetes", "skypilot"])
def test_a_store_that_no_other_machine_sees_is_refused(name: str) -> None:
    with pytest.raises(BadValue, match=r"--store: expected a URL or a folder on --volume"):
        ENGINES[name].files(replace(JOB, store="/home/me/.bench"))


def test_kubernetes_needs_an_image_and_an_engine_its_name() -> None:
    with pytest.raises(BadValue, match="--image: expected a container image"):
        ENGINES["kubernetes"].files(replace(JOB, image=""))
    with pytest.raises(UnknownName, match="did you mean 'slurm'"):
        engine_named("slrum")


def test_times_are_written_as_slurm_reads_them() -> None:
    assert [clock(h) for h in (0.01, 1, 24, 49.25)] == [
        "0-00:05:00", "0-01:00:00", "1-00:00:00", "2-01:15:00",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "again"), [(0, False), (1, False), (2, False), (130, True), (-9, True)]
)
def test_a_worker_of_ray_is_started_again_where_that_may_help(code: int, again: bool) -> None:
    assert ray_pool.worth_another(code) is again


def test_ray_that_is_not_installed_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    done = CliRunner().invoke(ray_pool.main, ["--workers", "1", "true"])
    assert done.exit_code == 2
    assert "pip install 'dd-bench[ray]'" in done.output


def test_submit_writes_files_with_absolute_paths_and_says_how_to_go_on(tmp_path: Path) -> None:
    study, out = tmp_path / "tiny.py", tmp_path / "out"
    study.write_text(TINY, encoding="utf-8")
    words = [str(study), "--engine", "slurm", "--workers", "2", "--out", str(out)]
    done = CliRunner().invoke(command, [*words, "--store", "shared", "--data", "/data"])
    assert done.exit_code == 0, done.output
    assert f"submit with: cd {out} && sh submit.sh" in done.output
    text = (out / "worker.sbatch").read_text()
    assert f"bench run {study} --profile quick --store {Path('shared').absolute()}" in text
    assert options(text)["job-name"] == "bench-tiny"


def test_now_submits_and_passes_the_code_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, "sbatch", f'echo "$@" >> {tmp_path}/log; [ "$3" != report.sbatch ] || exit 9')
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    words = ["ablation", "--engine", "slurm", "--workers", "2", "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(command, [*words, "--store", "s3://b/s", "--now"])
    assert done.exit_code == 9
    assert len((tmp_path / "log").read_text().splitlines()) == 2


def test_a_volume_is_a_claim_and_a_path() -> None:
    assert mounted("") == ("", "")
    assert mounted("claim:/shared") == ("claim", "/shared")
    done = CliRunner().invoke(
        command, ["ablation", "--engine", "ray", "--workers", "1", "--volume", "claim"]
    )
    assert "expected CLAIM:/PATH, given 'claim'" in done.output


@pytest.mark.slow
def test_emitted_workers_share_a_study_and_the_first_reports(
    tmp_path: Path, data_root: Path
) -> None:
    """The container's own script, in two processes on one store."""
    study = tmp_path / "tiny.py"
    study.write_text(TINY, encoding="utf-8")
    store = tmp_path / "store"
    words = [str(study), "--profile", "smoke", "--set", "seeds=1"]
    words += ["--store", str(store), "--data", str(data_root)]
    job = replace(
        JOB,
        words=words,
        store=str(store),
        volume=("claim", str(tmp_path)),
        workers=2,
        program=[sys.executable, "-m", "bench.cli.main"],
    )
    run = manifest(job)["spec"]["template"]["spec"]["containers"][0]["command"]
    crowd = [
        subprocess.Popen(run, env={**os.environ, "JOB_COMPLETION_INDEX": str(index)}, cwd=tmp_path)
        for index in range(2)
    ]
    assert [process.wait(timeout=LIMIT) for process in crowd] == [0, 0]
    assert len(list(store.glob("reports/*/report.html"))) == 1
