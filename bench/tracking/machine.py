"""Samples of this machine's load, named as MLflow's own, for its System metrics page."""

import threading
from collections.abc import Callable

import psutil

Take = Callable[[dict[str, float], int], None]  # metrics, index of the sample


def load() -> dict[str, float]:
    """CPU and memory, and every GPU where nvidia-ml-py is installed and finds one."""
    memory = psutil.virtual_memory()
    found = {
        "system/cpu_utilization_percentage": psutil.cpu_percent(),
        "system/system_memory_usage_megabytes": round(memory.used / 1e6, 1),
        "system/system_memory_usage_percentage": memory.percent,
        "system/process_memory_megabytes": round(psutil.Process().memory_info().rss / 1e6, 1),
    }
    return found | _gpus()


def _gpus() -> dict[str, float]:
    try:
        import pynvml
    except ImportError:
        return {}
    found: dict[str, float] = {}
    try:
        pynvml.nvmlInit()
        for index in range(pynvml.nvmlDeviceGetCount()):
            handle = pynvml.nvmlDeviceGetHandleByIndex(index)
            memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
            name = f"system/gpu_{index}"
            found[f"{name}_memory_usage_megabytes"] = round(memory.used / 1e6, 1)
            found[f"{name}_memory_usage_percentage"] = round(100 * memory.used / memory.total, 1)
            rates = pynvml.nvmlDeviceGetUtilizationRates(handle)
            found[f"{name}_utilization_percentage"] = float(rates.gpu)
            found[f"{name}_power_usage_watts"] = pynvml.nvmlDeviceGetPowerUsage(handle) / 1000
    except pynvml.NVMLError:
        return found
    return found


class LoadSampler:
    """A thread that takes the load at once and then every `interval` seconds until it is closed."""

    def __init__(self, take: Take, interval: float) -> None:
        self._take, self._interval = take, interval
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._work, name="bench-load", daemon=True)
        psutil.cpu_percent()  # the first call only starts the clock
        self._thread.start()

    def _work(self) -> None:
        index = 0
        while not self._closed.wait(0.2 if index == 0 else self._interval):
            self._take(load(), index)
            index += 1

    def close(self) -> None:
        """Stops; nothing is taken after this returns."""
        self._closed.set()
        self._thread.join(timeout=2)
