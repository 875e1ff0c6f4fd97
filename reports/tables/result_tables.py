"""The main tables: one per setting in long form, and an overview where there are several."""

from collections.abc import Sequence

from reports.numbers.cells import Setting
from reports.numbers.columns import LAMBDA, dense, lambda_entry
from reports.numbers.info import StudyInfo
from reports.numbers.published import ANOTHER, lookup
from reports.numbers.statistics import FEWEST, Printed, welch
from reports.numbers.summary import Summary, reduced
from reports.tables.entries import (
    Column,
    Entry,
    Line,
    Table,
    Tone,
    estimate,
    fixed,
    interval,
    missing,
    number,
    percent,
    slug,
    text,
)

NAMES = {"table": "Table", "figure": "Figure"}
SPREAD = "std"


def results_table(info: StudyInfo, summaries: Sequence[Summary]) -> Table:
    """All rows under one setting: mean ± std, 95 % CI, n, and the paper's number beside it."""
    setting = summaries[0].setting
    recipes = dict.fromkeys(s.recipe for s in summaries if s.recipe)
    with_paper = any(s.paper for s in summaries)
    with_status = any(s.sample and s.status != "ok" for s in summaries)
    with_other = any(s.other for s in summaries)
    judged = with_paper and not reduced([c for s in summaries for c in s.cells])
    with_verdict = judged or with_other
    columns = [
        Column("row", "text"),
        LAMBDA,
        Column(f"top-1 % (mean ± {SPREAD})", parts=("top1_mean", "top1_std")),
        Column("95 % CI", parts=("ci_low", "ci_high"), hint="Student-t interval of the mean"),
        Column("n", hint=f"{summaries[0].unit}s that finished"),
    ]
    columns += [Column("status", "text")] if with_status else []
    columns += [_paper_column(info.paper_table, summaries)] if info.paper_table else []
    if with_paper or with_other:
        columns += [Column("paper's protocol", "text", hint="network, labels, resolution")]
    columns += [Column("ours - paper", parts=("difference",))] if with_paper else []
    columns += [Column("verdict", "text")] if with_verdict else []
    columns += [Column("recipe", "code")] if len(recipes) > 1 else []
    lines = []
    for s in summaries:
        entries = [
            text(s.row),
            lambda_entry(s),
            top1_entry(s),
            _interval_entry(s),
            number(s.sample.n if s.sample else 0, 0),
        ]
        entries += [_status_entry(s)] if with_status else []
        entries += [_paper_entry(s)] if info.paper_table else []
        entries += [_protocol_entry(s)] if with_paper or with_other else []
        entries += [percent(s.difference, signed=True)] if with_paper else []
        entries += [text(verdict(s) if judged or s.other else "–")] if with_verdict else []
        entries += [text(s.recipe or "–")] if len(recipes) > 1 else []
        lines.append(Line(tuple(entries), s.info.group))
    names = "-".join(p for p in (setting.protocol, setting.evaluator, setting.student) if p)
    key = slug(f"{setting.dataset}-ipc{setting.ipc}-{names}")
    return dense(
        Table(
            key,
            f"{setting.dataset} · {setting.label}",
            tuple(columns),
            tuple(lines),
            result_notes(summaries, tuple(recipes)),
        )
    )


def overview_table(summaries: Sequence[Summary]) -> Table:
    """Rows by settings of one data set, each `mean ± std (n)`."""
    settings = list(dict.fromkeys(s.setting for s in summaries))
    rows = list(dict.fromkeys(s.info.label for s in summaries))
    by_place = {(s.setting, s.row): s for s in summaries}
    lines = []
    for row in rows:
        entries = [text(row), lambda_entry(*(by_place[s, row] for s in settings))]
        entries += [*(_overview_entry(by_place[setting, row]) for setting in settings)]
        lines.append(Line(tuple(entries), by_place[settings[0], row].info.group))
    names = short_names(settings)
    columns = [Column(name, parts=(f"{name} mean", f"{name} std", f"{name} n")) for name in names]
    unit = summaries[0].unit
    note = f"Entries are top-1 in percent, mean ± std (n); std over n {unit}s with n - 1."
    dataset = settings[0].dataset
    return dense(
        Table(
            f"overview-{dataset}",
            f"{dataset} · overview",
            (Column("row", "text"), LAMBDA, *columns),
            tuple(lines),
            (note,),
        )
    )


def short_names(settings: Sequence[Setting]) -> list[str]:
    """Labels of settings without the parts that all of them share."""
    parts = [[f"IPC {s.ipc}", s.protocol, s.evaluator, s.student] for s in settings]
    if all(s.protocol for s in settings):  # each has one evaluator and one student
        parts = [[ipc, protocol, "", student] for ipc, protocol, _, student in parts]
    varying = [i for i in range(4) if len({p[i] for p in parts}) > 1] or [0]
    return [" · ".join(p[i] for i in varying if p[i]) for p in parts]


def top1_entry(s: Summary) -> Entry:
    """Mean ± std, or why there is none."""
    if s.sample is None:
        errors = dict.fromkeys(cell.error for cell in s.cells if cell.error)
        return missing(2, s.status, tone_of(s), "; ".join(errors))
    return estimate(s.sample.mean, s.sample.std)


def tone_of(s: Summary) -> Tone:
    """How an entry without a number is set: a failure is an alarm, a gap is not."""
    return "alarm" if "failed" in s.status else "muted"


def verdict(s: Summary) -> str:
    """Whether ours agrees with the paper at its scale, as far as its error bars let us say."""
    if s.other is not None:
        return ANOTHER
    if s.paper is None or s.sample is None:
        return "–"
    theirs = s.paper.printed
    if theirs is None:
        return "paper has no error bar"
    if s.sample.sem is None or s.sample.n < FEWEST or s.sample.sem + theirs.sem == 0:
        return "too few seeds"
    gap = welch(Printed(100 * s.sample.mean, 100 * s.sample.sem, s.sample.n), theirs)
    if not gap.nominal:
        return (
            f"consistent, [{fixed(gap.low or 0, signed=True)}, {fixed(gap.high or 0, signed=True)}]"
        )
    return "above the paper" if gap.mean > 0 else "below the paper"


def _overview_entry(s: Summary) -> Entry:
    if s.sample is None:
        return missing(3, s.status, tone_of(s))
    entry = estimate(s.sample.mean, s.sample.std)
    return Entry(f"{entry.text} ({s.sample.n})", (*entry.parts, str(s.sample.n)), entry.sort)


def _interval_entry(s: Summary) -> Entry:
    if s.sample is None:
        return missing(2)
    return interval(s.sample.low, s.sample.high)


def _status_entry(s: Summary) -> Entry:
    """What is missing of a row that has some numbers; a row without any says so in their place."""
    return text(s.status, tone_of(s)) if s.sample else missing()


def paper_name(table: str) -> str:
    """`table4` as `Table 4`."""
    for prefix, name in NAMES.items():
        if table.startswith(prefix):
            return f"{name} {table.removeprefix(prefix)}"
    return table


def _paper_column(table: str | None, summaries: Sequence[Summary]) -> Column:
    kinds = {(s.paper.error_kind, s.paper.n) for s in summaries if s.paper and s.paper.error_kind}
    name = f"paper %, {paper_name(table or '')}"
    if len(kinds) == 1:
        kind, n = kinds.pop()
        name += f" (± {kind}, n {n})" if n else f" (± {kind}, n not stated)"
    return Column(name, parts=("paper", "paper_error", "paper_error_kind", "paper_n"))


def _paper_entry(s: Summary) -> Entry:
    """The paper's number, set back where it comes from another protocol."""
    paper = s.paper or s.other
    if paper is None:
        return missing(4)
    error = None if paper.error is None else paper.error / 100
    entry = estimate(paper.value / 100, error)
    parts = (*entry.parts, paper.error_kind, str(paper.n or ""))
    hint = f"{paper.provenance} {paper.note}".strip()
    return Entry(entry.text, parts, entry.sort, "plain" if s.paper else "muted", hint)


def _protocol_entry(s: Summary) -> Entry:
    paper = s.paper or s.other
    return text(paper.protocol, "muted") if paper else missing()


def _papers_teacher(dataset: str) -> str:
    found = lookup("table1", "full-data-teacher", dataset, 0, "resnet18")
    return f" (the paper's: {found.value:g} %)" if found else ""


def result_notes(summaries: Sequence[Summary], recipes: Sequence[str]) -> tuple[str, ...]:
    """What ± and the interval hold, what they leave out, and what all rows share."""
    notes = [_spread_note(summaries)]
    still = [s.row for s in summaries if not s.info.seeded and s.sample and s.sample.n > 1]
    if still:
        whose = "teacher's and the student's" if summaries[0].unit == "teacher" else "student's"
        notes.append(
            f"{', '.join(still)}: nothing is drawn, all seeds have the same images; the spread is "
            f"the {whose} alone."
        )
    if any(s.other for s in summaries):
        notes.append(
            f"{ANOTHER}: the paper's number comes from another network or other labels, and is set "
            "against no row."
        )
    facts = [f"Recipe of every row: {recipes[0]}."] if len(recipes) == 1 else []
    for name, label in (("teacher_top1", "Teacher"), ("chance", "Chance")):
        means = [s.mean_of(name) for s in summaries if s.sample]
        values = {round(mean, 6) for mean in means if mean is not None}
        if len(values) == 1 and None not in means:
            theirs = _papers_teacher(summaries[0].setting.dataset) if label == "Teacher" else ""
            facts.append(f"{label}: {percent(values.pop()).text} %{theirs}.")
    return (*notes, " ".join(facts)) if facts else tuple(notes)


def _spread_note(summaries: Sequence[Summary]) -> str:
    cut = "95 % CI is the Student-t interval of the mean, cut at 0 and 100 %"
    if summaries[0].unit == "teacher":
        return (
            "± is the standard deviation (n - 1) over n teachers, each with the mean of its "
            f"synthetic sets and their students. {cut}; it holds the spread of teachers, sets and "
            "students, and leaves out that of the test images."
        )
    return (
        "± is the standard deviation (n - 1) over n seeds; a seed draws the synthetic images, "
        f"their soft labels and {students_note(summaries)} {cut}; it leaves out what another "
        "teacher would change, since all rows and seeds share one, and which test images there are."
    )


def students_note(summaries: Sequence[Summary]) -> str:
    """What one seed holds of the spread of students: that of one, or of the mean of several."""
    count = 1 + max((cell.repeat for s in summaries for cell in s.cells), default=0)
    if count == 1:
        return (
            "one student: the variance of sets and of single students, which `--set repeats=3` "
            "tells apart."
        )
    return (
        f"{count} students, whose mean counts once: the variance of sets, and 1/{count} of that of "
        "single students."
    )
