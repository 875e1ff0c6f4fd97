"""SkyPilot: one task on N nodes of any cloud or cluster; the node of rank 0 reports."""

from bench.engines.document import document
from bench.engines.job import SOME_FAILED, Job


class SkyPilot:
    """A task file; as a managed job it is started again where its machines are taken away."""

    def files(self, job: Job) -> dict[str, str]:
        job.shared_store("skypilot")
        return {"task.yaml": document(task(job))}

    def commands(self, job: Job) -> list[str]:
        return [f"sky jobs launch --yes --name {job.name} task.yaml"]


def task(job: Job) -> dict[str, object]:
    """The task as data: a node for each worker, restarted but for exit codes of bad input."""
    gpus = job.whole_gpus("skypilot")
    resources: dict[str, object] = {"cpus": f"{job.cpus}+", "memory": f"{job.memory}+"}
    resources |= {"accelerators": f"{job.partition or 'A100'}:{gpus}"} if gpus else {}
    resources |= {"image_id": f"docker:{job.image}"} if job.image else {}
    resources |= {"use_spot": True, "job_recovery": {"max_restarts_on_errors": 3}}
    found: dict[str, object] = {
        "name": job.name,
        "num_nodes": job.workers,
        "resources": resources,
        "run": script(job),
    }
    if not job.image:
        found["setup"] = "pip install dd-bench"
    claim, path = job.volume
    if claim:
        found["volumes"] = {path: claim}
    return found


def script(job: Job) -> str:
    """As every worker runs it."""
    return (
        f"{job.shell(job.worker)}\n"
        "code=$?\n"
        f'if [ "$code" -le {SOME_FAILED} ] && [ "$SKYPILOT_NODE_RANK" = 0 ]; then\n'
        f"  {job.shell(job.report)} || exit 3\n"
        "fi\n"
        'exit "$code"\n'
    )
