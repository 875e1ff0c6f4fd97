"""Figures of a search as Optuna draws them: history, slice, contour, importance, Pareto front.

Optuna draws what a study holds, and a report has a frame of trials: the study is made again in
memory, with top-1 accuracy in percent as its first value and a cost as its second where one is
asked for. Trials that were pruned have their intermediate scores and no value.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import escape
from matplotlib.ticker import FuncFormatter, NullFormatter

from reports.figures.drawing import INK, RULE, Figure, render_made
from reports.numbers.sweep_info import MethodInfo, ParameterInfo, SweepInfo, TrialInfo
from reports.tables.entries import duration, size

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from optuna.distributions import BaseDistribution
    from optuna.importance import BaseImportanceEvaluator
    from optuna.study import Study
    from optuna.trial import FrozenTrial

TOP1 = "top-1 accuracy, %"
OPTUNAS = "Objective Value"  # what Optuna's figures call the first value
LEAST = 6  # trials from which a contour is drawn between them
SEED = 0  # of fANOVA's trees, as in the table of shares
UNITS: Mapping[str, tuple[str, Callable[[float], str]]] = {
    "seconds": ("device seconds of one more cell", lambda v: duration(v).text),
    "seconds_amortised": (
        "amortised: with its part of what trials share",
        lambda v: duration(v).text,
    ),
    "peak_memory": ("peak memory", lambda v: size(v).text),
    "bytes": ("bytes of images and labels", lambda v: size(v).text),
}
BESIDE = {"seconds": ("seconds", "seconds_amortised")}  # objective -> costs that are shown for it


def search_figures(key: str, method: MethodInfo, trials: Sequence[TrialInfo]) -> list[Figure]:
    """History, slices, contour, intermediate scores and importance of one method's trials.

    Args:
        key: ends the names of the figures, such as `wmdd` in `slice-wmdd`.
        trials: those of all methods.
    """
    from optuna.importance import FanovaImportanceEvaluator, PedAnovaImportanceEvaluator
    from optuna.visualization import matplotlib as optuna_plots

    mine = [t for t in trials if t.method == method.label]
    full = [t for t in mine if t.full]
    if len(full) < 2:
        return []
    study, names = study_of(method, mine), [p.name for p in method.parameters]
    varied = [n for n in names if len({t.params[n] for t in full if n in t.params}) > 1]
    wide = (1.2 + 2.9 * max(len(names), 1), 3.6)
    found: list[Figure] = []

    def add(kind: str, title: str, inches: tuple[float, float], plot: "Plot") -> None:
        def draw() -> "Axes | np.ndarray":
            with _quiet():
                return _plain(plot())

        found.append(render_made(f"{kind}-{key}", f"{title}, {method.label}", inches, draw))

    add("history", "History", (6.4, 3.8), lambda: optuna_plots.plot_optimization_history(study))
    if names:
        add("slice", "Slice", wide, lambda: optuna_plots.plot_slice(study, names))
    pair = two_that_matter(method, varied)
    if len(full) >= LEAST and pair and _area(*(_places(method, full, name) for name in pair)):
        add("contour", "Contour", (6.2, 4.6), lambda: optuna_plots.plot_contour(study, pair))
    if any(t.steps for t in mine):
        add(
            "intermediate", "Intermediate scores", (6.4, 3.8),
            lambda: optuna_plots.plot_intermediate_values(study),
        )  # fmt: skip
    known = [shares.evaluator for shares in method.importances if shares.shares]
    evaluators: dict[str, BaseImportanceEvaluator] = {
        "PED-ANOVA": PedAnovaImportanceEvaluator(),
        "fANOVA": FanovaImportanceEvaluator(seed=SEED),
    }
    differ = len({t.top1 for t in full}) > 1  # else nothing explains any difference
    for name in known if len(varied) > 1 and differ else ():
        evaluator = evaluators[name]
        add(
            f"importance-{name.lower()}", f"Importance by {name}", (6.4, 1.6 + 0.5 * len(names)),
            lambda: optuna_plots.plot_param_importances(study, evaluator=evaluator),  # noqa: B023
        )  # fmt: skip
    return found


Plot = Callable[[], "Axes | np.ndarray"]


def _plain(made: "Axes | np.ndarray") -> "Axes | np.ndarray":
    """In the look of our own figures: named values, plain numbers on logarithmic axes."""
    canvas = (made.flat[0] if isinstance(made, np.ndarray) else made).figure
    canvas.suptitle("")
    for axes in canvas.axes:
        axes.set_title("", loc="left")
        axes.set_title("")
        axes.set_facecolor("none")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_label_text(axis.get_label_text().replace(OPTUNAS, TOP1), color=INK, size=9.5)
            axis.set_tick_params(which="both", length=0, labelsize=9.5, labelcolor=INK)
            if axis.get_scale() == "log":
                axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
                axis.set_minor_formatter(NullFormatter())
        axes.grid(color=RULE, linewidth=0.7)
        legend = axes.get_legend()
        for text in legend.get_texts() if legend else ():
            text.set_text(text.get_text().replace(OPTUNAS, TOP1))
        if legend:
            legend.get_frame().set(facecolor="none", edgecolor="none")
    return made


def pareto_figures(info: SweepInfo, trials: Sequence[TrialInfo]) -> list[Figure]:
    """For each method and cost, all trials and the front, whose points bear their numbers."""
    from optuna.visualization import matplotlib as optuna_plots

    found = []
    for method in info.methods:
        for cost in costs_of(info):
            mine = [t for t in trials if t.method == method.label and cost in t.numbers]
            if sum(t.full for t in mine) < 2:
                continue
            study = study_of(method, mine, cost)
            label, text = UNITS[cost]

            def draw(study: "Study" = study, label: str = label, text: "Text" = text) -> "Axes":
                with _quiet():
                    axes = optuna_plots.plot_pareto_front(
                        study,
                        target_names=[label, TOP1],
                        targets=lambda trial: (trial.values[1], trial.values[0]),
                    )
                for trial in study.best_trials:
                    at = (trial.values[1], trial.values[0])
                    axes.annotate(
                        str(trial.user_attrs["number"]), at, (-4, 4), fontsize=8, ha="right",
                        textcoords="offset points",
                    )  # fmt: skip
                axes.locator_params(axis="x", nbins=5)
                axes.xaxis.set_major_formatter(lambda v, _: text(v) if v >= 0 else "")
                _plain(axes)
                return axes

            key = "-".join(("pareto", cost.replace("_", "-"), *_mark(info, method)))
            found.append(render_made(key, f"Pareto front, {label}", (5.6, 3.8), draw))
    return found


Text = Callable[[float], str]


def interactive(info: SweepInfo, trials: Sequence[TrialInfo]) -> bytes | None:
    """The same figures and parallel coordinates by plotly, as one page that needs no network.

    None where plotly is not installed (extra `viz`) or no method has two trials.
    """
    from optuna import visualization as plots

    if not plots.is_available():
        return None

    drawn: list[tuple[str, Any]] = []
    for method in info.methods:
        mine = [t for t in trials if t.method == method.label]
        full = [t for t in mine if t.full]
        names = [p.name for p in method.parameters]
        if len(full) < 2:
            continue
        study = study_of(method, mine)
        with _quiet():
            found = [plots.plot_optimization_history(study), plots.plot_slice(study, names)]
            if len(names) > 1:
                found += [plots.plot_parallel_coordinate(study, names)]
                found += [plots.plot_contour(study, names), plots.plot_rank(study, names)]
            for cost in costs_of(info):
                if sum(t.full and cost in t.numbers for t in mine) > 1:
                    both = study_of(method, [t for t in mine if cost in t.numbers], cost)
                    found.append(plots.plot_pareto_front(both))
        drawn += [(f"{method.label}: {one.layout.title.text}", one) for one in found]
    if not drawn:
        return None
    parts = []
    for place, (title, figure) in enumerate(drawn):
        figure.update_layout(title={"text": title.replace("<", "&lt;")})
        script = "inline" if place == 0 else False
        parts.append(figure.to_html(full_html=False, include_plotlyjs=script, div_id=f"f{place}"))
    page = (
        f'<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>{escape(info.title)}</title>'
    )
    return "\n".join((page, *parts, "</html>\n")).encode()


def costs_of(info: SweepInfo) -> list[str]:
    """The costs among the objectives; own seconds have the amortised ones beside them."""
    named = [name for name in info.objectives if name in UNITS]
    return [cost for name in named for cost in BESIDE.get(name, (name,))]


def study_of(method: MethodInfo, trials: Sequence[TrialInfo], cost: str = "") -> "Study":
    """The search of a method as an Optuna study in memory.

    Args:
        trials: those of the method.
        cost: the second value of each trial, to be small; "" for none.
    """
    import optuna

    up, down = optuna.study.StudyDirection.MAXIMIZE, optuna.study.StudyDirection.MINIMIZE
    with _quiet():
        study = optuna.create_study(directions=[up, down] if cost else [up])
        study.set_metric_names([TOP1, *([UNITS[cost][0]] if cost else [])])
    study.add_trials([trial for t in trials if (trial := _trial(method, t, cost)) is not None])
    return study


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the line that a study was made, and the warning that figures are experimental."""
    import optuna

    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            warnings.simplefilter("ignore", UserWarning)  # of few trials: the table says n
            yield
    finally:
        optuna.logging.set_verbosity(level)


def _trial(method: MethodInfo, trial: TrialInfo, cost: str) -> "FrozenTrial | None":
    """None for a trial that ended with neither a value nor a score on the way."""
    from optuna.trial import TrialState, create_trial

    known = [p for p in method.parameters if p.name in trial.params]
    if not (trial.full or (trial.steps and not cost)):
        return None
    values = [100 * trial.top1, *([trial.numbers[cost]] if cost else [])]
    return create_trial(
        state=TrialState.COMPLETE if trial.full else TrialState.PRUNED,
        values=values if trial.full else None,
        params={p.name: trial.params[p.name] for p in known},
        distributions={p.name: _distribution(p, trial.params[p.name]) for p in known},
        intermediate_values={} if cost else {k: 100 * v for k, v in trial.steps.items()},
        user_attrs={"number": trial.number},
    )


def _distribution(parameter: ParameterInfo, value: float | str) -> "BaseDistribution":
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    if not parameter.numeric:
        return CategoricalDistribution(parameter.options)
    low = float(value) if parameter.low is None else min(parameter.low, float(value))
    high = float(value) if parameter.high is None else max(parameter.high, float(value))
    return FloatDistribution(low, high, log=parameter.log)


def two_that_matter(method: MethodInfo, varied: Sequence[str]) -> list[str]:
    """The two numbers with the largest shares; empty where fewer than two were varied."""
    shares = method.importances[0].shares if method.importances else {}
    numeric = [p.name for p in method.parameters if p.numeric and p.name in varied]
    ranked = sorted(numeric, key=lambda name: -shares.get(name, 0.0))
    return ranked[:2] if len(ranked) > 1 else []


def _places(method: MethodInfo, trials: Sequence[TrialInfo], name: str) -> np.ndarray:
    (parameter,) = (p for p in method.parameters if p.name == name)
    values = np.array([float(t.params[name]) for t in trials])
    return np.log10(values) if parameter.log else values


def _area(x: np.ndarray, y: np.ndarray) -> bool:
    """Whether points lie on more than one line; else there is nothing to draw between them."""
    spans = np.ptp(x), np.ptp(y)
    if not all(spans):
        return False
    points = np.column_stack([(x - x.mean()) / spans[0], (y - y.mean()) / spans[1]])
    return bool(np.linalg.matrix_rank(points, tol=1e-6) == 2)


def _mark(info: SweepInfo, method: MethodInfo) -> tuple[str, ...]:
    from reports.tables.entries import slug

    return (slug(method.label),) if len(info.methods) > 1 else ()
