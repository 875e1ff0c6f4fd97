"""Table 4 as a clean 2x2x2: feature loss, statistics and cross-entropy, one at a time.

The four cells with cross-entropy are those of the ablation, and shared with it.
"""

from bench.study.grid import Contrast, Grid, Row, Study
from studies._paper import PAPER

WMDD = {"solver": "uniform", "solver_iterations": 100}
SWITCH = {"on": 1.0, "off": 0.0}
CELLS: tuple[tuple[str, str, str, dict[str, object]], ...] = (
    ("Wass", "PCBN", "wmdd", dict(WMDD)),
    ("none", "PCBN", "ce-pcbn", {"first_bn": 1.0}),
    ("Wass", "BN", "clean-bn", {"feature_loss": "wass"}),
    ("none", "BN", "clean-bn", {"feature_loss": "none"}),
)


def label(loss: str, statistics: str, cross_entropy: str) -> str:
    """The ablation's name of the cell where it has one."""
    if cross_entropy == "on":
        return f"clean {'CE' if loss == 'none' else loss} + {statistics}"
    return f"clean {statistics} alone" if loss == "none" else f"clean {loss} + {statistics}, no CE"


STUDY = Study(
    name="factors",
    title="Table 4, one factor at a time",
    description=(
        "Feature loss (Wasserstein or none), statistics (per class or over all classes) and "
        "cross-entropy (on or off), all eight combinations; batches and first layer as in WMDD."
    ),
    rows=tuple(
        Row(
            label(loss, statistics, state),
            distiller,
            {**params, "ce_weight": weight},
            group="clean 2x2x2",
            factors={"feature loss": loss, "statistics": statistics, "cross-entropy": state},
        )
        for state, weight in SWITCH.items()
        for loss, statistics, distiller, params in CELLS
    ),
    ipcs=(10,),
    paper_datasets=PAPER,
    grids=(Grid(("digits",), ipcs=(2,)),),
    contrasts=(
        Contrast("CE on - off, with Wass + PCBN", "clean Wass + PCBN", "clean Wass + PCBN, no CE"),
        Contrast("CE on - off, with Wass + BN", "clean Wass + BN", "clean Wass + BN, no CE"),
        Contrast("Wass on - off, no CE, PCBN", "clean Wass + PCBN, no CE", "clean PCBN alone"),
    ),
    items=("table4",),
)
