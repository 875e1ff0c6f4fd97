"""A scored set as a study of one row, in a file that can be run and shared again."""

from dataclasses import dataclass
from pathlib import Path
from pprint import pformat

from bench.exchange.recognise import digest_of_bytes
from bench.study.catalog import FROM_PATH
from bench.study.grid import Row, Study


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

    def study(self) -> Study:
        """The study of one row."""
        row = Row(self.path.name, FROM_PATH, params={"path": str(self.path), **self.params})
        return Study(
            name=self.name,
            title=f"Score of {self.path.name}",
            rows=(row,),
            datasets=(self.dataset,),
            ipcs=(self.ipc,),
            seeds=tuple(range(self.seeds)),
            evaluators=(self.evaluator,),
            students=(self.student,),
            recipe=self.recipe,
        )

    def source(self) -> str:
        """The text of a file that holds this study; a path in it is never more than a string."""
        params = {"path": str(self.path), **self.params}
        return (
            '"""Scores a synthetic set."""\n\n'
            "from bench.study.grid import Row, Study\n\n"
            "STUDY = Study(\n"
            f"    name={self.name!r},\n"
            f"    title={'Score of ' + self.path.name!r},\n"
            f"    rows=(Row({self.path.name!r}, {FROM_PATH!r}, params={pformat(params)}),),\n"
            f"    datasets=({self.dataset!r},),\n"
            f"    ipcs=({self.ipc},),\n"
            f"    seeds={tuple(range(self.seeds))!r},\n"
            f"    evaluators=({self.evaluator!r},),\n"
            f"    students=({self.student!r},),\n"
            f"    recipe={self.recipe!r},\n"
            ")\n"
        )
