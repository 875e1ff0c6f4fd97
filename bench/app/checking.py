"""Contract tests that any plugin can be held against: `bench check FILE`, and our own suite."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from bench.app.clauses import ARTIFACT, DATASET, DISTILLER, EVALUATOR, Clause, Probe, Remark
from bench.app.dataset_clauses import DatasetProbe
from bench.core.errors import BenchError
from bench.core.events import Emit, silent
from bench.execution.planner import Locate
from bench.plugin.registry import Kind, Registered

CLAUSES: Mapping[Kind, tuple[Clause, ...]] = {
    "distiller": DISTILLER,
    "evaluator": EVALUATOR,
    "artifact": ARTIFACT,
}

P = TypeVar("P", Probe, DatasetProbe)


@dataclass(frozen=True)
class Check:
    """One clause of the contract: whether it holds, and what is to be said of that."""

    name: str
    ok: bool
    detail: str = ""


def check_plugin(
    plugin: Registered,
    locate: Locate,
    data_root: Path,
    shared: Path | None = None,
    watch: Callable[[Path], Emit] = lambda folder: silent,
    tell: Callable[[Check], None] = lambda check: None,
) -> list[Check]:
    """Every clause of the contract of a plugin's kind, checked on digits at a tiny scale.

    A data set is decoded with a few images of each class, from its own files in `data_root`.

    Args:
        shared: a store for what no plugin makes, so that several checks make it once.
        watch: makes an observer as runs have them, which writes into a folder.
        tell: hears each check as soon as it is made.
    """

    def checked(name: str, clause: Callable[[P], str], bench: P) -> Check:
        found = _checked(name, clause, bench)
        tell(found)
        return found

    if plugin.kind == "dataset":
        with TemporaryDirectory() as folder:
            probe = DatasetProbe(plugin, data_root, Path(folder))
            return [checked(name, clause, probe) for name, clause in DATASET]
    clauses = CLAUSES[plugin.kind]
    with TemporaryDirectory() as folder:
        here = Path(folder)
        heard = watch(here / "heard")
        bench = Probe(plugin, locate, data_root, here, shared or here / "shared", heard)
        return [checked(name, clause, bench) for name, clause in clauses]


def _checked(name: str, clause: Callable[[P], str], bench: P) -> Check:
    try:
        problem = clause(bench)
    except (Exception, SystemExit) as error:  # a broken plugin fails its clause, not the checker
        kind = "" if isinstance(error, BenchError) else f"{type(error).__name__}: "
        problem = f"{kind}{error}"
    return Check(name, not problem or isinstance(problem, Remark), problem)
