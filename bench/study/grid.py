"""Studies: declared grids of rows, data sets, IPCs, seeds, evaluators and students."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import product

from bench.core.errors import BadValue, UnknownName
from bench.core.naming import check_label, check_name
from bench.core.seeds import seed_for
from bench.plugin.recipes import Profile, Recipe

SEEDS: Mapping[Profile, int] = {"smoke": 2, "quick": 5, "paper": 5}
VARIED = ("ipcs", "students", "seeds")
MOST_CELLS = 10_000  # of a grid; each is planned, addressed and shown
SEED_LIMIT = 2**32  # above what NumPy's generators take


@dataclass(frozen=True)
class Row:
    """One labelled distiller of a study.

    Attributes:
        label: by which tables name the row; no two rows have one.
        distiller: its public name; empty for a row that only the paper has.
        params: values of the distiller's fields that differ from the recipe's.
        overrides: recipe values of this row alone, such as {"relabel.epochs": 20}.
        group: heading under which the row stands in the table.
        paper: key of the row in the published numbers, empty where the paper has none.
        factors: level of each factor of an ablation, such as {"feature loss": "Wass"}.
        level: where the row stands on the study's axis, such as the value of lambda.
    """

    label: str
    distiller: str
    params: Mapping[str, object] = field(default_factory=dict)
    overrides: Mapping[str, object] = field(default_factory=dict)
    group: str = ""
    paper: str = ""
    factors: Mapping[str, str] = field(default_factory=dict)
    level: float | None = None


@dataclass(frozen=True)
class Grid:
    """What a study's grid is instead on some data sets, at some profiles; empty means any.

    Attributes:
        datasets: names without their resolution.
        ipcs, students, seeds: replace the study's own where they are given.
        overrides: recipe values of every row, where the row itself has no other.
    """

    datasets: tuple[str, ...] = ()
    profiles: tuple[Profile, ...] = ()
    ipcs: tuple[int, ...] = ()
    students: tuple[str, ...] = ()
    seeds: tuple[int, ...] = ()
    overrides: Mapping[str, object] = field(default_factory=dict)

    def fits(self, dataset: str, profile: Profile) -> bool:
        here = not self.datasets or dataset.split("@")[0] in self.datasets
        return here and (not self.profiles or profile in self.profiles)


@dataclass(frozen=True)
class Axis:
    """What the levels of a study's rows measure."""

    label: str
    log: bool = False


@dataclass(frozen=True)
class Protocol:
    """A way to label for, train and judge students: a recipe's later half, and an evaluator.

    Attributes:
        recipe: whose sections `relabel` and `student` count; what they are trained on is made by
            the study's own recipe, so that all protocols judge the same synthetic sets.
        evaluator: name of the evaluator; "fkd" stands for the recipe's own.
    """

    recipe: str
    evaluator: str = "fkd"


@dataclass(frozen=True)
class Contrast:
    """A paired comparison of two rows, reported as a minus b.

    Attributes:
        label: by which tables name the difference.
        a, b: labels of two rows.
    """

    label: str
    a: str
    b: str


@dataclass(frozen=True)
class Study:
    """A declared grid; expanding it touches no data and imports nothing heavy.

    Attributes:
        name: by which reports and runs are filed.
        title, description: for people.
        rows: the distillers that are compared.
        datasets: names, such as imagenette@64.
        ipcs: images per class.
        evaluators: protocols by name; each scores every synthetic set.
        recipe: name of the recipe that every row stands on.
        contrasts: pairs of rows whose difference is reported.
        seeds: explicit seeds, or None for the number that the profile asks for.
        students: architectures to evaluate on; "teacher" means the teacher's own.
        repeats: students of each architecture that are trained on each synthetic set, on labels
            and in an order of their own: what splits the spread of a score by its two causes.
        teachers: networks that are trained from different seeds. Each has synthetic sets of its
            own, so that the spread of a score splits by teacher, set and student.
        paper_table: key of the table in the published numbers, such as "table4".
        paper_datasets: data sets at the profile "paper", where they are others.
        grids: other IPCs, students or seeds on some data sets; of those that fit, the last counts.
        items: tables and figures of the paper that this study makes, such as "figure5b".
        axis: of the curve through the rows that have a level.
        side_by_side: show one image per class and row together, not a grid for each row.
        protocols: ways to judge the same synthetic sets, in place of `evaluators`; what holds under
            one and not under another is shown.
        every_distiller: give each registered distiller that no row names a row of its own.
    """

    name: str
    title: str
    rows: tuple[Row, ...]
    description: str = ""
    datasets: tuple[str, ...] = ("digits",)
    ipcs: tuple[int, ...] = (1,)
    seeds: tuple[int, ...] | None = None
    evaluators: tuple[str, ...] = ("fkd",)
    students: tuple[str, ...] = ("teacher",)
    repeats: int = 1
    teachers: int = 1
    recipe: str = "wmdd-code"
    contrasts: tuple[Contrast, ...] = ()
    paper_table: str = ""
    paper_datasets: tuple[str, ...] = ()
    grids: tuple[Grid, ...] = ()
    items: tuple[str, ...] = ()
    axis: Axis | None = None
    side_by_side: bool = False
    every_distiller: bool = False
    protocols: tuple[Protocol, ...] = ()

    def __post_init__(self) -> None:
        check_name("study", self.name)
        for row in self.rows:
            check_label(f"row of study {self.name!r}", row.label)
        labels = [row.label for row in self.rows]
        twice = sorted({label for label in labels if labels.count(label) > 1})
        if twice:
            raise BadValue(f"study {self.name!r}: expected distinct row labels, twice: {twice}")
        named = [protocol.recipe for protocol in self.protocols]
        if len(set(named)) < len(named):
            raise BadValue(f"study {self.name!r}: expected a recipe in one protocol, given {named}")
        for name, values in (("rows", self.rows), ("datasets", self.datasets), ("ipcs", self.ipcs)):
            if not values:
                raise BadValue(f"study {self.name!r}: expected at least one of {name}, given none")
        axes: tuple[Study | Grid, ...] = (self, *self.grids)
        for grid in axes:
            _check_axes(grid)
        if self.repeats < 1:
            raise BadValue(f"repeats: expected at least 1 student per set, given {self.repeats}")
        if self.teachers < 1:
            raise BadValue(f"teachers: expected at least 1 teacher, given {self.teachers}")
        for ipc in (*self.ipcs, *(ipc for grid in self.grids for ipc in grid.ipcs)):
            if ipc < 1:
                raise BadValue(f"ipc: expected at least 1 image per class, given {ipc}")
        for contrast in self.contrasts:
            for label in (contrast.a, contrast.b):
                if label not in labels:
                    raise UnknownName.of(f"row in contrast {contrast.label!r}", label, labels)

    def count(self, profile: Profile) -> int:
        """How many cells the grid has, without building one."""
        rows = sum(bool(row.distiller) for row in self.rows)
        grids = [self.grid_on(name, profile) for name in self.datasets_for(profile)]
        points = sum(len(g.ipcs) * len(g.students) * len(g.seeds) for g in grids)
        return rows * points * len(self.judged_by) * self.repeats * self.teachers

    @property
    def judged_by(self) -> tuple[Protocol, ...]:
        """The protocols, or the evaluators as protocols of the study's own recipe."""
        return self.protocols or tuple(Protocol(self.recipe, name) for name in self.evaluators)

    def datasets_for(self, profile: Profile) -> tuple[str, ...]:
        return (profile == "paper" and self.paper_datasets) or self.datasets

    def grid_on(self, dataset: str, profile: Profile) -> Grid:
        """The IPCs, students, seeds and overrides of a data set at a profile."""
        seeds = tuple(range(SEEDS[profile])) if self.seeds is None else self.seeds
        found = Grid(ipcs=self.ipcs, students=self.students, seeds=seeds)
        for grid in self.grids:
            if grid.fits(dataset, profile):
                given = {n: getattr(grid, n) for n in VARIED if getattr(grid, n)}
                found = replace(found, overrides={**found.overrides, **grid.overrides}, **given)
        return found


def _check_axes(grid: Study | Grid) -> None:
    """Refuses an axis that names one point twice, and seeds that no generator takes."""
    for name in ("datasets", "paper_datasets", "ipcs", "seeds", "evaluators", "students"):
        values = getattr(grid, name, None) or ()
        twice = sorted({str(value) for value in values if list(values).count(value) > 1})
        if twice:
            raise BadValue(f"{name}: expected each once, given twice: {', '.join(twice)}")
    for seed in grid.seeds or ():
        if not 0 <= seed < SEED_LIMIT:
            raise BadValue(f"seeds: expected whole numbers from 0 to 2^32 - 1, given {seed}")


@dataclass(frozen=True)
class Cell:
    """One point of a study's grid.

    Attributes:
        seed: of the synthetic set; no two teachers of a study share one.
        repeat: which of the students that are trained on this synthetic set.
        teacher: which of the study's teachers; the first has the recipe's own seed.
        protocol: the recipe that the student is trained by, where the study has several protocols.
    """

    study: str
    row: Row
    dataset: str
    ipc: int
    seed: int
    evaluator: str
    student: str
    repeat: int = 0
    teacher: int = 0
    protocol: str = ""

    def with_teacher(self, recipe: Recipe) -> Recipe:
        """The recipe whose teacher is this cell's: its seed, counted up by one per teacher."""
        squeeze = replace(recipe.squeeze, seed=recipe.squeeze.seed + self.teacher)
        return replace(recipe, squeeze=squeeze)

    def without_teacher(self, recipe: Recipe) -> Recipe:
        """The recipe that the cells of all teachers share; undoes `with_teacher`."""
        squeeze = replace(recipe.squeeze, seed=recipe.squeeze.seed - self.teacher)
        return replace(recipe, squeeze=squeeze)

    @property
    def student_seed(self) -> int:
        """Seed of the soft labels and of the student; the cell's own for the first student."""
        return seed_for(self.seed, "student", self.repeat) if self.repeat else self.seed

    @property
    def label(self) -> str:
        """A name a person can read, such as `CE + BN · digits · ipc 1 · s0`."""
        parts = [self.row.label, self.dataset, f"ipc {self.ipc}", f"s{self.seed}"]
        parts += [f"teacher {self.teacher + 1}"] if self.teacher else []
        parts += [self.evaluator] if self.evaluator != "fkd" else []
        parts += [f"under {self.protocol}"] if self.protocol else []
        parts += [self.student] if self.student != "teacher" else []
        parts += [f"student {self.repeat + 1}"] if self.repeat else []
        return " · ".join(parts)


def expand(study: Study, profile: Profile) -> list[Cell]:
    """All cells of a study, data set by data set, row by row, seed by seed.

    Rows without a distiller have no cells. Each further teacher has the seeds that follow the
    largest one, so that sets are nested in teachers and the first teacher's cells stay as they are.

    Raises:
        BadValue: more cells than can be planned; said before any is built.
    """
    if (count := study.count(profile)) > MOST_CELLS:
        raise BadValue(
            f"study {study.name!r}: expected at most {MOST_CELLS} cells (rows x data sets x ipc x "
            f"seeds x evaluators x students x repeats), given {count}; lower one of them"
        )
    rows = [row for row in study.rows if row.distiller]
    return [
        Cell(
            study.name, _row_on(grid, row), dataset, ipc, seed + teacher * (max(grid.seeds) + 1),
            judge.evaluator, student, repeat, teacher, judge.recipe if study.protocols else "",
        )
        for dataset in study.datasets_for(profile)
        for grid in [study.grid_on(dataset, profile)]
        for ipc, row, judge, student, teacher, seed, repeat in product(
            grid.ipcs, rows, study.judged_by, grid.students,
            range(study.teachers), grid.seeds, range(study.repeats),
        )
    ]  # fmt: skip


def _row_on(grid: Grid, row: Row) -> Row:
    return replace(row, overrides={**grid.overrides, **row.overrides})
