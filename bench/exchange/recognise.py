"""Which layout a path has, the digest of its bytes, and the set in it."""

from hashlib import sha256
from pathlib import Path

from bench.core.errors import BadData, BenchError, UnknownName
from bench.exchange.folders import FOLDERS
from bench.exchange.loaded import Layout, Loaded
from bench.exchange.safe import there
from bench.exchange.tables import TABLES
from bench.exchange.tensors import TENSORS

SET = "a file or folder with a synthetic set"
SEVERAL = "dc"  # the layout of which a file may hold several sets
LAYOUTS = {layout.name: layout for layout in (*TABLES, *TENSORS, *FOLDERS)}


def recognise(path: Path, name: str = "") -> Layout:
    """The layout of that name, or the first that fits.

    Raises:
        BadData: the path is missing, or no layout fits it.
        UnknownName: there is no such layout.
    """
    there(path, SET)
    if name:
        if name not in LAYOUTS:
            raise UnknownName.of("layout", name, LAYOUTS)
        return LAYOUTS[name]
    for layout in LAYOUTS.values():
        if layout.fits(path):
            return layout
    known = "; ".join(f"{layout.name}: {layout.about}" for layout in LAYOUTS.values())
    raise BadData(f"{path}: expected a layout that is known ({known}); name one by --layout")


def load_set(path: Path, layout: str = "", index: int = 0) -> tuple[Layout, Loaded]:
    """The set at a path, with the layout that it was read by.

    Raises:
        BadData: it cannot be read so, or has no set of that number.
        UnknownName: there is no such layout.
    """
    found = recognise(path, layout)
    if index and found.name != SEVERAL:
        raise BadData(f"{path}: expected --index 0, the one set of layout {found.name}")
    try:
        return found, found.load(path, index)
    except BenchError:
        raise
    except Exception as error:  # strangers' bytes, perhaps under a wrong layout, fail in any way
        reason = " ".join(str(error).split())[:120]
        raise BadData(
            f"{path}: expected {found.about}, but it cannot be read so "
            f"({type(error).__name__}: {reason}); see --layout"
        ) from error


def digest_of_bytes(path: Path) -> str:
    """sha256 of a file, or of the relative names and bytes of all files of a folder.

    Raises:
        BadData: nothing is there.
    """
    there(path, SET)
    total = sha256()
    # MTT's images lie beside their labels
    root = path.parent if path.name == "images_best.pt" else path
    files = [root] if root.is_file() else sorted(p for p in root.rglob("*") if p.is_file())
    for file in files:
        with file.open("rb") as opened:
            content = sha256()
            while block := opened.read(1 << 20):
                content.update(block)
        name = "" if file == root else file.relative_to(root).as_posix()
        total.update(f"{name}\0{content.hexdigest()}\n".encode())
    return total.hexdigest()
