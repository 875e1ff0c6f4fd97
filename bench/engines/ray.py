"""Ray: actors that hold a device, or a part of one, on a cluster that is there already."""

from bench.engines.job import Job

SCRIPT = """\
#!/bin/sh
# Starts {workers} actors, waits until all cells have ended, and reports.
set -eu
python -m bench.engines.ray_pool {options} -- {worker}
exec {report}
"""


class Ray:
    """A driver's command line; `--partition ray://host:10001` names a cluster elsewhere."""

    def files(self, job: Job) -> dict[str, str]:
        if job.partition.startswith("ray://"):
            job.shared_store("ray")
        options = f"--workers {job.workers} --gpus {job.gpus:g} --cpus {job.cpus}"
        options += f" --memory {job.memory}"
        options += f" --address {job.shell([job.partition])}" if job.partition else ""
        text = SCRIPT.format(
            workers=job.workers,
            options=options,
            worker=job.shell(job.worker),
            report=job.shell(job.report),
        )
        return {"ray.sh": text}

    def commands(self, job: Job) -> list[str]:
        return ["sh ray.sh"]
