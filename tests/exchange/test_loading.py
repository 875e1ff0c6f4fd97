"""Sets of others are recognised, read as they are, and never executed."""

import os
import pickle
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from bench.core.errors import BadData, BadValue, UnknownName
from bench.exchange.fitting import Reading, Target, fitted
from bench.exchange.recognise import digest_of_bytes, load_set, recognise
from bench.exchange.safe import load_torch

TARGET = Target(("a", "b", "c"), (3, 4, 4), (0.5, 0.4, 0.3), (0.2, 0.2, 0.25))


def pixels(count: int = 6) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 4, 4, 3), dtype=np.uint8)


def folders(root: Path, names: list[str], file: str = "x{}.png") -> Path:
    for index, image in enumerate(pixels(2 * len(names))):
        place = root / names[index // 2]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(place / file.format(index))
    return root


@pytest.mark.parametrize(
    ("layout", "names"),
    [
        ("sre2l", ["new000", "new001", "new002"]),
        ("rded", ["00000", "00001", "00002"]),
        ("wnid", ["n00000001", "n00000002", "n00000003"]),
        ("named", ["a", "b", "c"]),
    ],
)
def test_folders_are_recognised_and_read_in_order(
    tmp_path: Path, layout: str, names: list[str]
) -> None:
    found, loaded = load_set(folders(tmp_path / "set", names))
    assert found.name == layout
    assert loaded.labels.tolist() == [0, 0, 1, 1, 2, 2]
    assert torch.equal(loaded.images, torch.from_numpy(pixels()).permute(0, 3, 1, 2))


def test_named_folders_follow_the_class_order_of_the_data_set(tmp_path: Path) -> None:
    _, loaded = load_set(folders(tmp_path / "set", ["c", "a", "b"]))
    made, _ = fitted(loaded, TARGET, Reading())
    assert torch.equal(made.images[4:], torch.from_numpy(pixels())[:2].permute(0, 3, 1, 2))
    assert made.labels.tolist() == [0, 0, 1, 1, 2, 2]


def test_the_dc_line_keeps_its_floats_and_tells_its_accuracies(tmp_path: Path) -> None:
    images, labels = torch.randn(6, 3, 4, 4) * 3, torch.tensor([2, 2, 0, 0, 1, 1])
    recorded = {"ConvNet": [np.float64(0.25), np.float64(0.75)]}
    path = tmp_path / "res_DC.pt"
    torch.save({"data": [[images, labels]] * 2, "accs_all_exps": recorded}, path)
    layout, loaded = load_set(path, index=1)
    made, notes = fitted(loaded, TARGET, Reading())
    assert layout.name == "dc"
    assert torch.equal(made.images, images[[2, 3, 4, 5, 0, 1]])
    assert "recorded in the file: ConvNet 0.5000 (n = 2)" in notes
    with pytest.raises(BadData, match="--index from 0 to 1, given 2"):
        load_set(path, index=2)


def test_mtt_brings_a_learned_rate_and_learned_labels(tmp_path: Path) -> None:
    torch.save(torch.randn(3, 3, 4, 4), tmp_path / "images_best.pt")
    torch.save(torch.eye(3) * 5, tmp_path / "labels_best.pt")
    torch.save(torch.tensor(0.03), tmp_path / "lr_best.pt")
    layout, loaded = load_set(tmp_path)
    assert layout.name == "mtt"
    assert loaded.lr == pytest.approx(0.03)
    assert loaded.labels.tolist() == [0, 1, 2]
    assert torch.equal(loaded.soft, torch.eye(3) * 5)


def test_pairs_and_npz_of_unit_range_are_normalised(tmp_path: Path) -> None:
    images, labels = torch.rand(3, 3, 4, 4), torch.arange(3)
    torch.save([images, labels], tmp_path / "data.pt")
    np.savez(tmp_path / "set.npz", images=images.numpy(), labels=labels.numpy())
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in (TARGET.mean, TARGET.std))
    for name in ("data.pt", "set.npz"):
        made, notes = fitted(load_set(tmp_path / name)[1], TARGET, Reading())
        assert torch.allclose(made.images, (images - mean) / std)
        assert "floats of 0 to 1 were read as pixels" in notes


def test_another_normalisation_is_undone(tmp_path: Path) -> None:
    images = torch.rand(3, 3, 4, 4)
    torch.save({"data": [[images * 2 - 1, torch.arange(3)]]}, tmp_path / "res_x.pt")
    half = (0.5, 0.5, 0.5)
    made, _ = fitted(load_set(tmp_path / "res_x.pt")[1], TARGET, Reading(mean=half, std=half))
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in (TARGET.mean, TARGET.std))
    assert torch.allclose(made.images, (images - mean) / std, atol=1e-5)


class Malicious:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.target),)


def test_a_malicious_pickle_is_refused_and_executes_nothing(tmp_path: Path) -> None:
    target = tmp_path / "was here"
    torch.save({"data": [Malicious(target)]}, tmp_path / "res_evil.pt")
    (tmp_path / "raw.pt").write_bytes(pickle.dumps(Malicious(target)))
    for name in ("res_evil.pt", "raw.pt"):
        with pytest.raises(BadData, match="nothing in it was executed"):
            load_torch(tmp_path / name)
    assert not target.exists()


def test_objects_in_an_npz_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "evil.npz", images=np.array([Malicious(tmp_path / "x")], dtype=object))
    with pytest.raises(BadData, match="plain arrays"):
        load_set(tmp_path / "evil.npz")


def test_what_does_not_fit_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(BadData, match="nothing is there"):
        recognise(tmp_path / "absent")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadData, match="--layout"):
        recognise(tmp_path / "empty")
    with pytest.raises(UnknownName, match="did you mean 'sre2l'"):
        recognise(tmp_path, "srel2")
    torch.save([torch.rand(2, 3, 4, 4), torch.tensor([0, 7])], tmp_path / "data.pt")
    with pytest.raises(BadValue, match="labels: expected 0 to 2, given 0 to 7"):
        fitted(load_set(tmp_path / "data.pt")[1], TARGET, Reading())


def test_the_digest_follows_bytes_not_places(tmp_path: Path) -> None:
    one, two = (folders(tmp_path / name, ["a", "b"]) for name in ("one", "two"))
    before = digest_of_bytes(one)
    assert before == digest_of_bytes(two)
    (two / "a" / "x0.png").write_bytes(b"other")
    assert digest_of_bytes(two) != before


def test_sixteen_bits_are_scaled_as_in_data_sets_and_not_clipped(tmp_path: Path) -> None:
    """Pillow alone would make white of every value above 255."""
    place = tmp_path / "new000"
    place.mkdir()
    deep = np.array([[0, 257], [32896, 65535]], dtype=np.uint16)
    Image.fromarray(deep).save(place / "deep.png")
    assert load_set(tmp_path)[1].images.tolist() == [[[[0, 1], [128, 255]]]]


def test_an_archive_larger_than_the_memory_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.savez_compressed(tmp_path / "bomb.npz", images=np.zeros((100, 1, 100, 100)))
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=1_000_000))
    with pytest.raises(BadData, match="more than there is memory"):
        load_set(tmp_path / "bomb.npz")
