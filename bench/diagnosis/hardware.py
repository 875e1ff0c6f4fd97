"""Hardware: the device that torch computes on, its precision, threads, memory, disk."""

import os
import shutil
from pathlib import Path

from bench.diagnosis.check import GIB, Check

NEEDED_MEMORY = 4 * GIB  # a teacher, its students and the workers of the digits ablation
NEEDED_DISK = 5 * GIB
LEAST_DISK = GIB // 2
CGROUP = Path("/sys/fs/cgroup/memory.max")
QUOTA = Path("/sys/fs/cgroup/cpu.max")  # microseconds of computing in each period, or "max"


def device() -> Check:
    """What torch computes on."""
    try:
        import torch
    except (ImportError, OSError) as error:  # OSError: a shared library that does not load
        return Check("device", "fail", f"torch cannot be imported: {error}", "run `make install`")
    if torch.cuda.is_available():
        gpus = [torch.cuda.get_device_properties(i) for i in range(torch.cuda.device_count())]
        names = ", ".join(f"{gpu.name} ({gpu.total_memory / GIB:.0f} GiB)" for gpu in gpus)
        return Check("device", "ok", f"CUDA {torch.version.cuda}: {names}")
    cpu = f"CPU ({torch.backends.cpu.get_cpu_capability()})"
    if shutil.which("nvidia-smi"):
        advice = "compare the driver with the CUDA version of this torch"
        return Check("device", "warn", f"{cpu}: a GPU is there, torch cannot use it", advice)
    return Check("device", "ok", f"{cpu}; no CUDA device")


def precision() -> Check:
    """Whether `--set precision=bf16` is possible here."""
    from bench.stages.compute import choose_device
    from bench.stages.precision import bf16_units

    units = bf16_units(choose_device())
    detail = f"in hardware ({' and '.join(units)}): --set precision=bf16 is possible"
    missing = "not in hardware: recipes compute in float32, precision=bf16 is refused"
    return Check("bfloat16", "ok", detail if units else missing)


def threads() -> Check:
    """Whether torch uses the cores it may use."""
    import torch

    cores, used = cores_available(), torch.get_num_threads()
    detail = f"{used} torch threads on {cores} cores"
    if used > cores:
        return Check("threads", "warn", detail, f"set OMP_NUM_THREADS={cores}")
    return Check("threads", "ok", detail)


def cores_available() -> int:
    """Cores that this process may run on, under the quota of a container if there is one."""
    affinity = getattr(os, "sched_getaffinity", None)  # Linux's alone
    if affinity is None:
        return os.cpu_count() or 1
    share, period = (QUOTA.read_text() if QUOTA.is_file() else "max 1").split()
    cores = len(affinity(0))
    return cores if share == "max" else max(1, min(cores, int(share) // int(period)))


def memory() -> Check:
    """Whether there is enough free memory, under the limit of a container if there is one."""
    import psutil

    free, total = psutil.virtual_memory().available, psutil.virtual_memory().total
    limit = _container_limit()
    if limit is not None:
        free, total = min(free, limit), min(total, limit)
    detail = f"{free / GIB:.1f} of {total / GIB:.1f} GiB free"
    if free < NEEDED_MEMORY:
        return Check("memory", "warn", detail, f"expected {NEEDED_MEMORY / GIB:.0f} GiB free")
    return Check("memory", "ok", detail)


def disk(name: str, folder: Path) -> Check:
    """Whether the file system that holds (or will hold) a folder has room."""
    free = shutil.disk_usage(existing(folder)).free
    detail = f"{free / GIB:.1f} GiB free at {folder}"
    if free >= NEEDED_DISK:
        return Check(name, "ok", detail)
    advice = f"make room, expected {NEEDED_DISK / GIB:.0f} GiB"
    return Check(name, "fail" if free < LEAST_DISK else "warn", detail, advice)


def existing(folder: Path) -> Path:
    """The folder itself, or the nearest parent that exists."""
    path = folder.expanduser().absolute()
    while not path.exists():
        path = path.parent
    return path


def _container_limit() -> int | None:
    text = CGROUP.read_text().strip() if CGROUP.is_file() else "max"
    return None if text == "max" else int(text)
