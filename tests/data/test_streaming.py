"""Parts that pass through buffers arrive whole, in order, and one epoch ahead at most."""

import threading
from collections.abc import Iterator, Sequence

import pytest
import torch
from torch import Tensor

from bench.data.mixing import normalize
from bench.data.pixels import Pixels
from bench.data.streaming import Collected, Drain, EpochStream, ahead, upload

CPU = torch.device("cpu")
MEAN, STD = (0.1, 0.5, 0.3), (0.2, 0.4, 0.9)


def labels(epochs: int = 5) -> Tensor:
    return torch.arange(epochs * 6.0).view(epochs, 3, 2).half()


@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4), (3, 4), (2, 0, 1, 1), (4,)])
def test_epochs_come_as_they_are_stored_wherever_a_training_begins(order: Sequence[int]) -> None:
    stream = EpochStream(labels(), CPU, buffered=True)
    for epoch in order:
        assert torch.equal(stream(epoch), labels()[epoch])


def test_an_epoch_stays_while_the_next_is_read() -> None:
    stream = EpochStream(labels(), CPU, buffered=True)
    first = stream(0)
    kept = first.clone()
    second = stream(1)  # by now the third is being read, into the buffer of the first
    assert torch.equal(kept, labels()[0])
    assert torch.equal(second, labels()[1])


def test_host_memory_is_two_epochs_however_many_there_are() -> None:
    stream = EpochStream(labels(50), CPU, buffered=True)
    for epoch in range(50):
        stream(epoch)
    held = sum(buffer.host.nbytes for buffer in stream._buffers)
    assert held == 2 * labels()[0].nbytes


def test_a_cpu_reads_labels_in_their_place() -> None:
    whole = labels()
    assert EpochStream(whole, CPU)(3).data_ptr() == whole[3].data_ptr()


def test_what_cannot_be_read_is_an_error_of_the_epoch_that_needs_it() -> None:
    with pytest.raises(IndexError):
        EpochStream(labels(), CPU, buffered=True)(5)


@pytest.mark.parametrize("held", [1, 40, 1 << 20])
def test_blocks_give_the_batches_in_their_order(held: int) -> None:
    collected = Collected(torch.device("meta"), held)  # gathers as on a GPU
    for start in range(0, 10, 3):
        collected.add({"a": torch.arange(start, min(start + 3, 10)).float()})
    assert collected.result()["a"].tolist() == list(range(10))


def test_blocks_of_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one batch"):
        Collected(CPU).result()


def test_a_drained_result_is_in_its_place_by_the_end() -> None:
    place = torch.zeros(4, 2)
    drain = Drain(CPU)
    for row in range(0, 4, 2):
        drain.put(torch.full((2, 2), row + 1.0), place[row : row + 2])
    drain.close()
    assert place[:, 0].tolist() == [1, 1, 3, 3]


def test_pixels_are_a_quarter_and_give_what_normalised_images_give() -> None:
    stored = torch.randint(256, (7, 3, 5, 5), dtype=torch.uint8)
    whole, pixels = normalize(stored, MEAN, STD), Pixels(stored, MEAN, STD)
    order = torch.tensor([6, 0, 0, 3])
    assert torch.equal(pixels[order], whole[order])
    assert torch.equal(pixels[2:5], whole[2:5])
    assert pixels.stored.nbytes * 4 == whole.nbytes
    assert (len(pixels), pixels.shape, pixels.device) == (7, whole.shape, whole.device)


def test_upload_gives_the_same_values() -> None:
    host = torch.arange(3)
    assert torch.equal(upload(host, CPU), host)


def counted(made: list[int], threads: set[int], end: int = 6) -> Iterator[int]:
    for number in range(end):
        made.append(number)
        threads.add(threading.get_ident())
        yield number


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_items_come_in_their_order_from_one_thread_and_not_too_far_ahead(device: str) -> None:
    made, threads, seen = list[int](), set[int](), []
    for number in ahead(counted(made, threads), torch.device(device)):
        seen.append(number)
        assert len(made) <= number + 3
    assert seen == made == list(range(6))
    assert len(threads) == 1
    assert (threading.get_ident() in threads) == (device == "cpu")


def test_an_error_in_the_background_reaches_the_loop() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise OSError("the disk")

    items = ahead(broken(), torch.device("meta"))
    assert next(items) == 1
    with pytest.raises(OSError, match="the disk"):
        list(items)


def test_a_loop_that_ends_early_leaves_no_thread_at_work() -> None:
    made, threads = list[int](), set[int]()
    items = ahead(counted(made, threads, end=1000), torch.device("meta"))
    next(items)
    items.close()
    assert not [t for t in threading.enumerate() if t.name.startswith("ahead") and t.is_alive()]
