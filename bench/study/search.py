"""Sweeps: declared searches over the parameters of distillers and recipes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from bench.core.errors import BadValue, UnknownName
from bench.core.naming import check_name
from bench.plugin.space import Space
from bench.study.grid import SEED_LIMIT, Row, Study

Sampler = Literal["tpe", "gp", "random", "grid"]
Pruner = Literal["none", "wilcoxon", "hyperband"]
SAMPLERS: tuple[Sampler, ...] = get_args(Sampler)
PRUNERS: tuple[Pruner, ...] = get_args(Pruner)
OBJECTIVES: Mapping[str, Literal["maximize", "minimize"]] = {
    "top1": "maximize",  # mean validation accuracy over the trial's seeds
    "seconds": "minimize",  # what one more cell costs: recover, relabel and evaluate
    "peak_memory": "minimize",  # bytes, the largest of the cell's own stages
    "bytes": "minimize",  # images and soft labels as they are stored
}
FIDELITIES = ("relabel.epochs", "recover.iterations")  # student epochs, recover iterations
TRIALS = 20
MOST_TRIALS, MOST_SEEDS, MOST_LEVELS = 100_000, 1000, 1000
LONGEST_NAME = 80  # characters, since `sweep-` and `-best` are added to it
LEAST_SEEDS = 5  # below, no Wilcoxon test can reach p = 0.1 before the last seed


@dataclass(frozen=True)
class Sweep:
    """A declared search; trials are scored on held-out training data, the winner on the test split.

    Attributes:
        name: by which reports and trials are filed.
        title, description: for people.
        dataset, ipc, recipe, evaluator, student: of every cell, as in a study.
        objectives: what is searched for; several make a Pareto front, top1 first.
        sampler: how the next trial is chosen.
        pruner: which trials are ended early.
        seed: of the sampler.
        rows: the distillers to search; each gets the same budget and a study of its own.
        parameters: names of fields of the distiller or of `<section>.<field>` of the recipe; empty
            means all that the distiller declares.
        space: where to search them, where that is not, or not so, declared by the distiller.
        trials: budget per row; None means 20, or the grid once under the sampler `grid`; more
            trials run the grid again, with other seeds.
        seeds: cells per trial.
        grid_points: levels of a real parameter under the sampler `grid`.
        fidelity: what the pruner `hyperband` shortens.
        paper_table: key of the figure or table in the published numbers, such as "figure5a".
    """

    name: str
    title: str
    rows: tuple[Row, ...]
    parameters: tuple[str, ...] = ()
    space: Mapping[str, Space] = field(default_factory=dict)
    description: str = ""
    dataset: str = "digits"
    ipc: int = 1
    recipe: str = "wmdd-code"
    evaluator: str = "fkd"
    student: str = "teacher"
    objectives: tuple[str, ...] = ("top1",)
    sampler: Sampler = "tpe"
    pruner: Pruner = "none"
    trials: int | None = None
    seeds: int = 3
    seed: int = 0
    grid_points: int = 9
    fidelity: str = "relabel.epochs"
    paper_table: str = ""

    def __post_init__(self) -> None:
        check_name("sweep", self.name, LONGEST_NAME)
        one_of("sampler", self.sampler, SAMPLERS)
        one_of("pruner", self.pruner, PRUNERS)
        one_of("fidelity", self.fidelity, FIDELITIES)
        for name in self.objectives:
            one_of("objective", name, OBJECTIVES)
        if len(set(self.objectives)) < len(self.objectives):
            raise BadValue(
                f"sweep {self.name!r}: expected different objectives, given "
                f"{', '.join(self.objectives)}; name each once"
            )
        if self.objectives[:1] != ("top1",):
            raise BadValue(
                f"sweep {self.name!r}: expected top1 as the first objective, since the winner is "
                f"chosen by it, given {', '.join(self.objectives) or 'none'}"
            )
        within("trials", self.trials, 1, MOST_TRIALS)
        within("seeds", self.seeds, 1, MOST_SEEDS)
        within("sampler seed", self.seed, 0, SEED_LIMIT - 1)
        within("grid points", self.grid_points, 2, MOST_LEVELS)
        if not self.rows:
            raise BadValue(f"sweep {self.name!r}: expected at least one row, given none")
        self._check_pruner()

    def _check_pruner(self) -> None:
        if self.pruner == "none":
            return
        if self.objectives != ("top1",):
            raise BadValue(
                f"pruner {self.pruner}: expected the objective top1 alone, "
                f"given {', '.join(self.objectives)}; use --pruner none"
            )
        if self.pruner == "wilcoxon" and self.seeds < LEAST_SEEDS:
            raise BadValue(
                f"pruner wilcoxon: expected at least {LEAST_SEEDS} seeds per trial, given "
                f"{self.seeds}; with n seeds its p-value is never below 2^-n, so that it cannot "
                "stop a trial early; use --seeds 5 or more, or --pruner hyperband"
            )

    @property
    def study_name(self) -> str:
        return f"sweep-{self.name}"

    def study(self, rows: tuple[Row, ...], dataset: str, seeds: tuple[int, ...]) -> Study:
        """Some settings of this sweep as a study on one data set."""
        return Study(
            name=self.study_name,
            title=self.title,
            rows=rows,
            datasets=(dataset,),
            ipcs=(self.ipc,),
            seeds=seeds,
            evaluators=(self.evaluator,),
            students=(self.student,),
            recipe=self.recipe,
        )


def check_storage(url: str | None) -> None:
    """Refuses what is no database URL; None is the journal in the store.

    Raises:
        BadValue: a path, a database in memory, or nothing at all.
    """
    if url is not None and "://" not in url:
        raise BadValue(
            f"--storage: expected a database URL such as postgresql://user@host/name, given {url!r}"
            "; without the option a journal file in the store is used"
        )
    if url is not None and url.startswith("sqlite") and url.endswith(("://", ":///", ":memory:")):
        raise BadValue(
            f"--storage: expected a database that stays, given {url!r}, which is memory; name a "
            "file as in sqlite:///trials.db"
        )


def one_of(kind: str, name: str, known: "tuple[str, ...] | Mapping[str, object]") -> None:
    if name not in known:
        raise UnknownName.of(kind, name, known)


def within(name: str, value: int | None, least: int, most: int) -> None:
    at_least(name, value, least)
    if value is not None and value > most:
        raise BadValue(f"{name}: expected at most {most}, given {value}")


def at_least(name: str, value: int | None, least: int) -> None:
    if value is not None and value < least:
        raise BadValue(f"{name}: expected at least {least}, given {value}")
