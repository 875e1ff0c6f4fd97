"""A scored set as a study of one row, in a file that can be run and shared again."""

from dataclasses import dataclass
from pathlib import Path
from pprint import pformat

from bench.exchange.recognise import digest_of_bytes


@dataclass(frozen=True)
class Scoring:
    """What a set is scored by.

    Attributes:
        params: of the distiller `from-path`, besides its path.
    """

    path: Path
    dataset: str
    ipc: int
    params: dict[str, object]
    evaluator: str
    recipe: str
    student: str
    seeds: int

    @property
    def name(self) -> str:
        return f"score-{digest_of_bytes(self.path)[:8]}"

    def source(self) -> str:
        """The study file's text."""
        params = {"path": str(self.path), **self.params}
        return (
            f'"""Scores the synthetic set {self.path.name}."""\n\n'
            "from bench.study.grid import Row, Study\n\n"
            "STUDY = Study(\n"
            f"    name={self.name!r},\n"
            f"    title={'Score of ' + self.path.name!r},\n"
            f"    rows=(Row({self.path.name!r}, 'from-path', params={pformat(params)}),),\n"
            f"    datasets=({self.dataset!r},),\n"
            f"    ipcs=({self.ipc},),\n"
            f"    seeds={tuple(range(self.seeds))!r},\n"
            f"    evaluators=({self.evaluator!r},),\n"
            f"    students=({self.student!r},),\n"
            f"    recipe={self.recipe!r},\n"
            ")\n"
        )
