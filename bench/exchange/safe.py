"""Reading files of strangers: tensors, numbers and containers of them, never code.

Released `.pt` files hold numpy scalars; these are allowed by name, and nothing else is.
"""

import os
import warnings
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import psutil
import torch
from numpy._core import multiarray

from bench.core.errors import BadData

ALLOWED: tuple[Any, ...] = (  # what numpy's scalars and small arrays are pickled as
    multiarray.scalar,
    multiarray._reconstruct,
    np.ndarray,
    np.dtype,
    *(type(np.dtype(code)) for code in ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "?")),
)
OLD_NAMES: tuple[Any, ...] = (  # numpy 1 wrote the same functions under another module
    (multiarray.scalar, "numpy.core.multiarray.scalar"),
    (multiarray._reconstruct, "numpy.core.multiarray._reconstruct"),
)


def there(path: Path, what: str) -> Path:
    """The path of a regular file or a folder; pipes and devices would be read for ever.

    Raises:
        BadData: nothing is there, or something else; `what` says what is expected.
    """
    if os.path.isfile(path) or os.path.isdir(path):
        return path
    found = "something else, such as a pipe or a device" if os.path.exists(path) else "nothing"
    raise BadData(f"{str(path)[:200]}: expected {what}, but {found} is there")


def load_torch(path: Path) -> Any:
    """The content of a `.pt` file, on the CPU.

    Raises:
        BadData: it is damaged, or asks for anything but tensors, numbers and containers.
    """
    try:
        with torch.serialization.safe_globals([*ALLOWED, *OLD_NAMES]), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of old protocols and deprecated kinds of tensors
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # unpickling strangers' bytes fails in any way there is
        reason = " ".join(str(error).split("\n")[0].split())[:120]
        raise BadData(
            f"{path}: expected a .pt file of tensors and numbers alone, but it is damaged or asks "
            f"for more ({type(error).__name__}: {reason}); nothing in it was executed. Save its "
            "tensors alone, or convert it to .npz"
        ) from None


def load_npz(path: Path) -> dict[str, np.ndarray]:
    """The arrays of an `.npz` file; pickled objects are refused.

    Raises:
        BadData: it is damaged or holds objects.
    """
    try:
        _refuse_bomb(path)
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except Exception as error:  # as above
        raise BadData(
            f"{path}: expected an .npz file of plain arrays, given {type(error).__name__}: "
            f"{str(error)[:120]}"
        ) from None


def _refuse_bomb(path: Path) -> None:
    """Refuses an archive that unpacks to more than this machine's free memory."""
    with ZipFile(path) as archive:
        unpacked = sum(entry.file_size for entry in archive.infolist())
    if unpacked > psutil.virtual_memory().available:
        raise BadData(f"{unpacked} bytes when unpacked, more than there is memory")
