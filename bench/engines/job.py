"""What every engine is asked for: N identical workers on one store, then a report."""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Protocol

from bench.core.errors import BadValue

LONGEST = 10_000  # hours
BAD_INPUT = 2  # exit code of a command that no retry would help
SOME_FAILED = 1  # of a worker that tried every cell


@dataclass(frozen=True)
class Job:
    """Workers that share the cells of a study, and what each of them may have.

    Attributes:
        name: of the job and its files: lower-case letters, digits and hyphens.
        words: the study with its options, as `bench run` and `bench report` take them.
        run: further options of `bench run` alone.
        store: folder or URL that every worker sees under the same name.
        gpus: of each worker; a fraction where an engine can share a device.
        memory: of each worker, in GiB.
        hours: after which an engine that limits time stops a worker, which then goes on later.
        image: container image with this project.
        volume: claim of a shared volume and where it is mounted, both empty where there is none.
        partition: queue or cluster address, empty for the engine's own choice.
        largest_array: most tasks that one array of the engine may have.
    """

    name: str
    words: Sequence[str]
    store: str
    workers: int
    run: Sequence[str] = ()
    gpus: float = 1
    cpus: int = 8
    memory: int = 32
    hours: float = 24
    image: str = ""
    volume: tuple[str, str] = ("", "")
    partition: str = ""
    largest_array: int = 1001
    program: Sequence[str] = field(default=("bench",))

    def __post_init__(self) -> None:
        if not (0 <= self.gpus < inf and 0 < self.hours <= LONGEST):
            raise BadValue(
                f"--gpus and --hours: expected a finite number and at most {LONGEST} hours, given "
                f"{self.gpus:g} and {self.hours:g}"
            )
        texts = {"--image": self.image, "--partition": self.partition, "--volume": self.volume[0]}
        for option, text in {**texts, "--volume path": self.volume[1]}.items():
            if not re.fullmatch(r"[\w.:/@%+=,*-]*", text):
                raise BadValue(f"{option}: expected a name without spaces, given {text!r}")

    @property
    def worker(self) -> list[str]:
        """The command of each worker: cells alone, until all have ended."""
        return [*self.program, "run", *self.words, *self.run, "--join"]

    @property
    def report(self) -> list[str]:
        """The command of the last step."""
        return [*self.program, "report", *self.words]

    def shell(self, command: Sequence[str]) -> str:
        return shlex.join(command)

    def whole_gpus(self, engine: str) -> int:
        """GPUs of a worker, for engines that do not share one out.

        Raises:
            BadValue: a fraction.
        """
        if self.gpus != int(self.gpus):
            raise BadValue(
                f"--gpus: expected a whole number for {engine}, given {self.gpus:g}; "
                "only --engine ray shares a device out"
            )
        return int(self.gpus)

    def shared_store(self, engine: str) -> None:
        """Refuses a store that the machines of an engine cannot see.

        Raises:
            BadValue: a folder, without a volume that holds it.
        """
        claim, path = self.volume
        inside = claim and (self.store == path or self.store.startswith(f"{path.rstrip('/')}/"))
        if "://" not in self.store and not inside:
            raise BadValue(
                f"--store: expected a URL or a folder on --volume for {engine}, given "
                f"{self.store!r}, which its machines do not see; try --store s3://bucket/store"
            )


class Engine(Protocol):
    """A system that runs jobs."""

    def files(self, job: Job) -> dict[str, str]:
        """File name -> text of all that the system is given.

        Raises:
            BadValue: the job asks for what the system does not have.
        """
        ...

    def commands(self, job: Job) -> list[str]:
        """Shell lines that submit the files, in the folder where they are."""
        ...
