"""Slurm: an array of workers that requeue themselves before their time is up, then a report."""

from bench.engines.job import BAD_INPUT, Job

WARNING = 120  # seconds before the limit at which a worker is told to stop
SCRIPT = """\
#!/bin/bash
{head}
# Ends by itself when all cells have ended. Shortly before the time limit, and when a node is
# wanted back, it stops between two steps and comes again in the queue; the store has all it made.
set -u
again() {{
  if [ -n "${{!-}}" ]; then # set together with the worker's start, a variable of ours only later
    kill -TERM "$!" 2>/dev/null
    wait "$!"
  fi
  scontrol requeue "${{SLURM_ARRAY_JOB_ID}}_${{SLURM_ARRAY_TASK_ID}}"
  exit 0
}}
trap again TERM
{worker} &
worker=$!
wait "$worker"
code=$?
[ "$code" = {bad} ] && scancel "$SLURM_ARRAY_JOB_ID" # bad input: no other worker would do better
exit "$code"
"""
REPORT = """\
#!/bin/bash
{head}
exec {report}
"""
SUBMIT = """\
#!/bin/sh
# Submits the workers, then a report that waits for all of them however they end.
set -eu
cd "$(dirname "$0")"
ids=
{arrays}
sbatch --parsable --dependency="afterany$ids" report.sbatch
"""


class Slurm:
    """sbatch files; a job array has at most `largest_array` tasks, more workers are more arrays."""

    def files(self, job: Job) -> dict[str, str]:
        gpus = job.whole_gpus("slurm")
        common = [f"#SBATCH --partition={job.partition}"] if job.partition else []
        worker = [
            f"#SBATCH --job-name={job.name}",
            f"#SBATCH --cpus-per-task={job.cpus}",
            f"#SBATCH --mem={job.memory}G",
            f"#SBATCH --time={clock(job.hours)}",
            *([f"#SBATCH --gpus-per-task={gpus}", "#SBATCH --ntasks=1"] if gpus else []),
            "#SBATCH --requeue",
            "#SBATCH --open-mode=append",
            f"#SBATCH --signal=B:TERM@{WARNING}",
            "#SBATCH --output=%x-%A_%a.log",
            *common,
        ]
        last = [
            f"#SBATCH --job-name={job.name}-report",
            "#SBATCH --cpus-per-task=2",
            f"#SBATCH --mem={min(8, job.memory)}G",
            "#SBATCH --time=01:00:00",
            "#SBATCH --output=%x-%j.log",
            *common,
        ]
        lines = [
            f'ids="$ids:$(sbatch --parsable --array=0-{count - 1} worker.sbatch)"'
            for count in arrays(job.workers, job.largest_array)
        ]
        return {
            "worker.sbatch": SCRIPT.format(
                head="\n".join(worker), worker=job.shell(job.worker), bad=BAD_INPUT
            ),
            "report.sbatch": REPORT.format(head="\n".join(last), report=job.shell(job.report)),
            "submit.sh": SUBMIT.format(arrays="\n".join(lines)),
        }

    def commands(self, job: Job) -> list[str]:
        return ["sh submit.sh"]


def arrays(workers: int, largest: int) -> list[int]:
    """Sizes of the arrays that hold so many workers; indices stay below Slurm's MaxArraySize."""
    whole, rest = divmod(workers, largest)
    return [largest] * whole + ([rest] if rest else [])


def clock(hours: float) -> str:
    """Hours as Slurm writes them, D-HH:MM:SS."""
    minutes = max(5, round(hours * 60))
    return f"{minutes // 1440}-{minutes // 60 % 24:02d}:{minutes % 60:02d}:00"
