"""The machine's load is taken at once, and no more after closing."""

from threading import Event

from waiting import LIMIT

from bench.tracking.machine import LoadSampler, load


def test_load_names_cpu_and_memory_as_mlflow_does() -> None:
    found = load()
    assert {"system/cpu_utilization_percentage", "system/system_memory_usage_megabytes"} <= set(
        found
    )
    assert all(value >= 0 for value in found.values())


def test_the_first_sample_comes_at_once_and_closing_ends_them() -> None:
    taken: list[int] = []
    first = Event()

    def take(metrics: dict[str, float], index: int) -> None:
        taken.append(index)
        first.set()

    sampler = LoadSampler(take, interval=3600)
    assert first.wait(LIMIT)
    sampler.close()
    assert taken == [0]
