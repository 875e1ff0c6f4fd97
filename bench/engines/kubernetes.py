"""Kubernetes: an Indexed Job whose workers are retried each on its own; the first one reports."""

from bench.core.errors import BadValue
from bench.engines.document import document
from bench.engines.job import BAD_INPUT, SOME_FAILED, Job

RETRIES = 5  # of each worker; a lost node does not count
CONTAINER = "worker"


class Kubernetes:
    """One manifest. A worker ends when all cells have ended, whoever computed them; then the one
    with index 0 writes the report."""

    def files(self, job: Job) -> dict[str, str]:
        job.shared_store("kubernetes")
        if not job.image:
            raise BadValue(
                "--image: expected a container image with this project for kubernetes, given none; "
                "name one such as registry.example/dd-bench:1"
            )
        return {"job.yaml": document(manifest(job))}

    def commands(self, job: Job) -> list[str]:
        return ["kubectl apply -f job.yaml"]


def manifest(job: Job) -> dict[str, object]:
    """The Job as data.

    Exit code 2 (bad input) ends the job, 1 (some cells failed, all were tried) ends that worker;
    evictions and drained nodes are forgiven; anything else is tried again, each worker on its own.
    """
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": job.name, "labels": {"app": "dd-bench"}},
        "spec": {
            "completionMode": "Indexed",
            "completions": job.workers,
            "parallelism": job.workers,
            "backoffLimitPerIndex": RETRIES,
            "maxFailedIndexes": job.workers,
            "podFailurePolicy": {"rules": _rules()},
            "template": {
                "metadata": {"labels": {"app": "dd-bench", "study": job.name}},
                "spec": _pod(job),
            },
        },
    }


def _rules() -> list[dict[str, object]]:
    def on_exit(code: int) -> dict[str, object]:
        return {"containerName": CONTAINER, "operator": "In", "values": [code]}

    return [
        {"action": "FailJob", "onExitCodes": on_exit(BAD_INPUT)},
        {"action": "FailIndex", "onExitCodes": on_exit(SOME_FAILED)},
        {
            "action": "Ignore",
            "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}],
        },
    ]


def _pod(job: Job) -> dict[str, object]:
    gpus, (claim, path) = job.whole_gpus("kubernetes"), job.volume
    amounts: dict[str, object] = {"cpu": str(job.cpus), "memory": f"{job.memory}Gi"}
    limits = {"memory": f"{job.memory}Gi"} | ({"nvidia.com/gpu": gpus} if gpus else {})
    container: dict[str, object] = {
        "name": CONTAINER,
        "image": job.image,
        "command": ["/bin/sh", "-c", script(job)],
        "resources": {"requests": amounts, "limits": limits},
    }
    pod: dict[str, object] = {"restartPolicy": "Never", "containers": [container]}
    if claim:
        container["volumeMounts"] = [{"name": "shared", "mountPath": path}]
        pod["volumes"] = [{"name": "shared", "persistentVolumeClaim": {"claimName": claim}}]
    return pod


def script(job: Job) -> str:
    """Works until all cells have ended, then reports if it is the first worker."""
    return (
        f"{job.shell(job.worker)}; code=$?; "
        f'if [ "$code" -le {SOME_FAILED} ] && [ "$JOB_COMPLETION_INDEX" = 0 ]; '
        f"then {job.shell(job.report)} || exit 3; fi; "
        'exit "$code"'
    )
