"""Names lead to specifications: built-in ones, variants by resolution, and folders by path."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bench.core.errors import BadData, BadValue, UnknownName
from bench.data.builtin import BUILTIN, dataset_names, get_dataset
from bench.data.roots import data_root


@pytest.mark.parametrize(
    ("name", "classes", "resolution", "stored"),
    [
        ("digits", 10, 8, 8),
        ("digits@16", 10, 16, 16),
        ("cifar10", 10, 32, 32),
        ("cifar100", 100, 32, 32),
        ("imagenette", 10, 224, 256),
        ("imagenette@64", 10, 64, 73),
        ("tiny-imagenet", 200, 64, 64),
        ("tiny-imagenet@224", 200, 224, 256),
        ("imagenet-1k", 1000, 224, 256),
    ],
)
def test_sizes(name: str, classes: int, resolution: int, stored: int) -> None:
    spec = get_dataset(name)
    assert (spec.name, spec.num_classes) == (name, classes)
    assert (spec.resolution, spec.store_resolution) == (resolution, stored)


def test_own_resolution_is_the_set_itself() -> None:
    assert get_dataset("cifar10@32") is get_dataset("cifar10")


def test_tiny_imagenet_at_224_follows_wmdd() -> None:
    paper, native = get_dataset("tiny-imagenet@224"), get_dataset("tiny-imagenet")
    assert paper.stem == "wmdd-tiny"
    assert paper.mean == (0.485, 0.456, 0.406)
    assert native.stem == "auto"
    assert native.mean == (0.4802, 0.4481, 0.3975)


def test_every_name_leads_to_its_specification() -> None:
    assert dataset_names() == sorted(BUILTIN)
    assert all(get_dataset(name).name == name for name in dataset_names())


def test_typo_names_the_nearest() -> None:
    with pytest.raises(UnknownName, match="did you mean 'imagenette'"):
        get_dataset("imagenete@64")


def test_resolution_out_of_range_is_refused() -> None:
    with pytest.raises(BadValue, match="from 4 to 1024 pixels after '@', given 5000"):
        get_dataset("digits@5000")


def test_path_is_an_image_folder_with_its_own_classes(tmp_path: Path) -> None:
    for name in ("ant", "bee", "cow"):
        (tmp_path / "insects" / "train" / name).mkdir(parents=True)
    spec = get_dataset(f"{tmp_path}/insects@32")
    assert spec.num_classes == 3
    assert (spec.resolution, spec.store_resolution) == (32, 37)
    assert get_dataset(spec.name) == spec


def test_relative_path_gets_an_absolute_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ant", "bee"):
        (tmp_path / "train" / name).mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert get_dataset("./").name == str(tmp_path)


def test_missing_path_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadData, match="nowhere does not exist; arrange the images as train/"):
        get_dataset(f"{tmp_path}/nowhere")


def test_folder_with_one_class_is_refused(tmp_path: Path) -> None:
    (tmp_path / "train" / "ant").mkdir(parents=True)
    with pytest.raises(BadData, match="at least two class folders"):
        get_dataset(str(tmp_path))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"store_resolution": 4}, "resolution <= store_resolution"),
        ({"channels": 4}, "1 or 3 channels"),
        ({"num_classes": 1}, "at least 2 classes"),
        ({"std": (0.0,)}, "one positive std"),
        ({"mean": (0.5, 0.5)}, "one mean"),
    ],
)
def test_impossible_specification_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(BadValue, match=message):
        replace(get_dataset("digits"), **change)


def test_data_root_is_the_environment_or_the_home(monkeypatch: pytest.MonkeyPatch) -> None:
    assert data_root() == Path.home() / ".cache" / "dd-bench" / "data"
    monkeypatch.setenv("DDBENCH_DATA", "~/elsewhere")
    assert data_root() == Path.home() / "elsewhere"


def test_listing_and_digests_need_no_torch(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from bench.data.builtin import get_dataset\n"
        "from bench.data.load import digest\n"
        "from bench.data.prepare import list_datasets\n"
        "list_datasets(Path(sys.argv[1]))\n"
        "heavy = {'torch', 'torchvision', 'sklearn', 'pandas', 'mlflow'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "digest(get_dataset('digits'), 'test', Path(sys.argv[1]))\n"
        "assert 'torch' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
