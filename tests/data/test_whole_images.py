"""Training crops come from whole photographs of any shape, as torchvision takes them from files."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Generator
from torchvision.transforms import CenterCrop, Compose, RandomResizedCrop, Resize
from torchvision.transforms.functional import hflip, resized_crop

from bench.artifacts.values import RealSet
from bench.artifacts.whole import Frames, WholeImages, crop, cropped
from bench.data.augment import CropPolicy, draw_boxes
from bench.data.builtin import get_dataset
from bench.data.load import load
from bench.data.prepare import verify
from bench.plugin.recipes import Squeeze
from bench.stages.squeeze import AugmentedReal

SIZES = ((500, 375), (300, 450), (400, 400), (640, 300), (90, 60))  # width, height


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    """A folder with one smooth photograph of each size in two classes and two splits.

    Red rises from left to right over the whole width, green from top to bottom.
    """
    for split in ("train", "val"):
        for k, name in enumerate(("ant", "bee")):
            (tmp_path / "shots" / split / name).mkdir(parents=True)
            for width, height in SIZES:
                red = np.broadcast_to(np.linspace(0, 255, width), (height, width))
                green = np.broadcast_to(np.linspace(0, 255, height)[:, None], (height, width))
                pixels = np.stack((red, green, np.full_like(red, 100 * k)), 2).round()
                where = tmp_path / "shots" / split / name / f"{width}x{height}.png"
                Image.fromarray(pixels.astype(np.uint8)).save(where)
    return tmp_path / "shots"


def real_at(folder: Path, side: int) -> RealSet:
    return load(get_dataset(f"{folder}@{side}"), "train", folder.parent)


def opened(folder: Path) -> list[Image.Image]:
    """Training photographs in the order of the split."""
    shots = []
    for name in ("ant", "bee"):
        for path in sorted((folder / "train" / name).iterdir()):
            with Image.open(path) as shot:
                shots.append(shot.convert("RGB"))
    return shots


def test_evaluation_sees_what_it_saw_resize_256_centre_224(photographs: Path) -> None:
    real = real_at(photographs, 224)
    as_before = Compose([Resize(256), CenterCrop(224)])
    assert real.images.shape == (10, 3, 224, 224)
    for image, shot in zip(real.images, opened(photographs), strict=True):
        assert (image.permute(1, 2, 0).numpy() == np.asarray(as_before(shot))).all()


@pytest.mark.parametrize(("side", "shorter"), [(224, 256), (64, 128), (32, 64)])
def test_whole_images_keep_their_width_and_are_never_enlarged(
    side: int, shorter: int, photographs: Path
) -> None:
    whole = real_at(photographs, side).whole
    assert whole is not None
    for (height, width), shot in zip(whole.sizes.tolist(), opened(photographs), strict=True):
        assert min(height, width) == min(shorter, *shot.size)
        assert width / height == pytest.approx(shot.size[0] / shot.size[1], rel=0.03)
    for index, shot in enumerate(opened(photographs)):
        small = shot if min(shot.size) <= shorter else Resize(shorter)(shot)
        assert (whole.picture(index) == np.asarray(small)).all()


def test_only_training_keeps_whole_images(photographs: Path) -> None:
    assert load(get_dataset(f"{photographs}@32"), "test", photographs.parent).whole is None


def test_sets_of_one_size_keep_plain_tensors(data_root: Path) -> None:
    real = load(get_dataset("digits"), "train", data_root)
    assert real.whole is None
    assert isinstance(real.pictures, Frames)


def test_crops_reach_over_the_whole_width(photographs: Path) -> None:
    """Crops of a 640 x 300 photograph show both of its ends, which its centre square lacks."""
    real = real_at(photographs, 32)
    assert real.whole is not None
    widest = real.whole.sizes[:, 1].argmax()
    boxes, _ = draw_boxes(real.whole.sizes[widest].expand(2000, 2), CropPolicy(), rng())
    height, width = real.whole.sizes[widest].tolist()
    outside = (width - height) // 2
    assert boxes[:, 1].min() < outside / 10
    assert (boxes[:, 1] + boxes[:, 3]).max() > width - outside / 10
    covered = torch.zeros(width)
    for _, left, _, across in boxes.tolist():
        covered[left : left + across] += 1
    assert covered.min() > 0
    seen = real.images[widest][0].float()
    assert seen.min() > 50  # evaluation's square has neither end
    assert seen.max() < 205
    feed = AugmentedReal(real, Squeeze(epochs=1, batch=10), torch.device("cpu"))
    reds = torch.cat([images[:, 0] for epoch in range(30) for images, _ in feed(epoch)])
    darkest, lightest = ((v / 255 - real.mean[0]) / real.std[0] for v in (15.0, 240.0))
    assert reds.min() < darkest
    assert reds.max() > lightest


def rng(seed: int = 0) -> Generator:
    return Generator().manual_seed(seed)


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_areas_and_places_are_torchvisions(width: int, height: int) -> None:
    n = 3000
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        image = torch.empty(1, height, width)
        wanted = torch.tensor(
            [RandomResizedCrop.get_params(image, [0.08, 1.0], [3 / 4, 4 / 3]) for _ in range(n)]
        )
    ours, _ = draw_boxes(torch.tensor([height, width]).expand(n, 2), CropPolicy(), rng(6))
    columns = [
        *zip(ours.T, wanted.T, strict=True),
        (ours[:, 2] * ours[:, 3], wanted[:, 2] * wanted[:, 3]),
    ]
    for mine, theirs in columns:
        points = torch.cat((mine, theirs)).unique()
        below = [(part[:, None] <= points).float().mean(0) for part in (mine, theirs)]
        # Kolmogorov-Smirnov, two samples of n: exceeded with probability below 1e-6.
        assert float((below[0] - below[1]).abs().max()) < 2.7 * (2 / n) ** 0.5


def test_boxes_of_mixed_sizes_lie_inside_their_own_image() -> None:
    sizes = torch.tensor(SIZES).flip(1).repeat(400, 1)
    boxes, flips = draw_boxes(sizes, CropPolicy(scale_min=0.01), rng())
    assert (boxes[:, :2] >= 0).all()
    assert (boxes[:, 2:] >= 1).all()
    assert (boxes[:, :2] + boxes[:, 2:] <= sizes).all()
    assert 0.4 < flips.float().mean() < 0.6


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("flip", [False, True])
def test_a_crop_is_the_one_of_torchvisions_loader(channels: int, flip: bool) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (60, 90, channels), dtype=np.uint8)
    top, left, height, width = 5, 11, 50, 70
    shot = Image.fromarray(pixels if channels == 3 else pixels[:, :, 0])
    expected = resized_crop(shot, top, left, height, width, [16, 16])
    expected = np.asarray(hflip(expected) if flip else expected).reshape(16, 16, channels)
    made = crop(pixels, (top, left, height, width), flip, 16)
    assert (made.permute(1, 2, 0).numpy() == expected).all()


def test_a_reduced_crop_is_averaged() -> None:
    stripes = np.zeros((64, 64, 1), dtype=np.uint8)
    stripes[:, ::2] = 200
    assert crop(stripes, (0, 0, 64, 64), False, 8).float().sub(100).abs().max() <= 4


def test_flat_pixels_are_cut_into_images() -> None:
    first, second = torch.arange(6, dtype=torch.uint8), torch.arange(20, 24, dtype=torch.uint8)
    whole = WholeImages.of(torch.cat((first, second)), torch.tensor([[2, 3], [4, 1]]), 1)
    assert len(whole) == 2
    assert whole.picture(0)[:, :, 0].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert whole.picture(1)[:, :, 0].tolist() == [[20], [21], [22], [23]]
    boxes = torch.tensor([[0, 2, 1, 1], [1, 0, 1, 1]])
    with ThreadPoolExecutor(2) as pool:
        made = list(cropped(whole, [0, 1], boxes, torch.zeros(2).bool(), 1, pool))
    assert [image.item() for image in made] == [2, 21]


def test_teacher_batches_replay_bit_for_bit(photographs: Path) -> None:
    real = real_at(photographs, 32)
    feeds = [AugmentedReal(real, Squeeze(epochs=1, batch=4), torch.device("cpu")) for _ in range(2)]
    for (one, labels), (two, others) in zip(feeds[0](0), feeds[1](0), strict=True):
        assert torch.equal(one, two)
        assert torch.equal(labels, others)
        assert one.shape[1:] == (3, 32, 32)


def test_flipped_bit_of_a_whole_image_is_found(photographs: Path) -> None:
    spec = get_dataset(f"{photographs}@32")
    load(spec, "train", photographs.parent)
    load(spec, "test", photographs.parent)
    assert verify(spec, photographs.parent) == []
    file = next(photographs.parent.glob("decoded/*/train-*.whole.npy"))
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    (problem,) = verify(spec, photographs.parent)
    assert problem.path == file


def test_digest_covers_what_only_whole_images_show(photographs: Path) -> None:
    spec = get_dataset(f"{photographs}@32")
    before = load(spec, "train", photographs.parent)
    shot = photographs / "train" / "ant" / "640x300.png"
    with Image.open(shot) as image:
        pixels = np.asarray(image).copy()
    pixels[:, :40] = 9
    Image.fromarray(pixels).save(shot)
    after = load(spec, "train", photographs.parent)
    assert torch.equal(after.images, before.images)
    assert after.digest != before.digest
