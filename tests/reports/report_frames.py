"""Made-up but realistic frames for the tests of reports; never part of the package."""

import hashlib
from collections.abc import Sequence
from itertools import product

import numpy as np
import pandas as pd

from reports.numbers.info import Contrast, RowInfo, StudyInfo

RELEASED = {
    "Wass + PCBN": ("wmdd", 0.62),
    "CE + PCBN": ("ce-pcbn", 0.607),
    "Wass + BN": ("wass-bn", 0.58),
    "CE + BN": ("sre2l", 0.545),
}
CLEAN = {
    "clean Wass + PCBN": 0.631,
    "clean CE + PCBN": 0.612,
    "clean Wass + BN": 0.569,
    "clean CE + BN": 0.567,
}
SHIFT = {"digits": 0.12, "imagenette": 0.0}
RECIPE = "wmdd-code·quick@3fa21c"


def rows() -> tuple[RowInfo, ...]:
    released = [
        RowInfo(label, "as released", name, label.replace(" ", "").lower())
        for label, (name, _) in RELEASED.items()
    ]
    clean = [
        RowInfo(
            label,
            "clean 2x2",
            "clean",
            factors={
                "feature loss": "Wass" if "Wass" in label else "CE",
                "statistics": "PCBN" if "PCBN" in label else "BN",
            },
        )
        for label in CLEAN
    ]
    references = [
        RowInfo("Random real images", "references", "random"),
        RowInfo("Full real data", "references", "full"),
    ]
    return (*released, *clean, *references)


def ablation_info() -> StudyInfo:
    return StudyInfo(
        name="ablation",
        title="Table 4: what the Wasserstein term and per-class statistics contribute",
        description=(
            "As released: the four published rows, which also differ in the cross-entropy term, "
            "the first layer's factor and the composition of batches. Clean: one factor at a time."
        ),
        paper_table="table4",
        rows=rows(),
        contrasts=(
            Contrast("Wass - CE under PCBN", "Wass + PCBN", "CE + PCBN"),
            Contrast("PCBN - BN under Wass", "Wass + PCBN", "Wass + BN"),
            Contrast("Wass - CE under BN (clean)", "clean Wass + BN", "clean CE + BN"),
            Contrast("Wass + PCBN - random", "Wass + PCBN", "Random real images"),
        ),
        factors=("feature loss", "statistics"),
        provenance={"git commit": "0123abc", "python": "3.11.2"},
        command="bench run ablation --profile quick",
        tracking_hint="Open the runs with: bench ui",
    )


def ablation_frame(
    datasets: Sequence[str] = ("digits",), seeds: int = 5, ipcs: Sequence[int] = (10,)
) -> pd.DataFrame:
    """All cells done; rows of one seed share a seed effect, as paired runs do."""
    rng = np.random.default_rng(0)
    levels = {label: mean for label, (_, mean) in RELEASED.items()} | CLEAN
    levels |= {"Random real images": 0.49, "Full real data": 0.84}
    lines = []
    for dataset, ipc in product(datasets, ipcs):
        effect = rng.normal(0, 0.008, seeds)
        for row, seed in product(rows(), range(seeds)):
            top1 = levels[row.label] + SHIFT[dataset] + effect[seed] + rng.normal(0, 0.004)
            lines.append(_line(row, dataset, ipc, seed, float(np.round(top1, 4))))
    return pd.DataFrame(lines)


def _line(row: RowInfo, dataset: str, ipc: int, seed: int, top1: float) -> dict[str, object]:
    text = f"{row.label}{dataset}{ipc}{seed}"
    costly = row.group != "references"
    return {
        "study": "ablation",
        "group": row.group,
        "row": row.label,
        "distiller": row.distiller,
        "dataset": dataset,
        "ipc": ipc,
        "seed": seed,
        "evaluator": "fkd",
        "student": "resnet18",
        "recipe": RECIPE,
        "profile": "quick",
        "status": "ok",
        "error": "",
        "top1": top1,
        "chance": 0.1,
        "teacher_top1": 0.9 + SHIFT[dataset] / 2,
        "n_test": 500,
        "updates": 3000,
        "address": hashlib.sha256(text.encode()).hexdigest(),
        "command": f"bench run ablation --profile quick --set dataset={dataset} --set ipc={ipc}",
        "paper_row": row.paper_row,
        "image_bytes": 11_000 * ipc,
        "label_bytes": 135_000 * ipc if row.distiller != "full" else 0,
        "address_squeeze": f"t1-{dataset}",
        "address_observe": f"o1-{dataset}",
        "address_barycenter": f"b1-{dataset}-{ipc}" if "Wass" in row.label else None,
        "address_recover": f"r-{text}",
        "address_relabel": f"l-{text}",
        "seconds_squeeze": 21.0,
        "seconds_observe": 0.7,
        "seconds_barycenter": 0.9 if "Wass" in row.label else None,
        "seconds_recover": 6.0 + 3 * ("PCBN" in row.label) if costly else 0.1,
        "seconds_relabel": 1.4,
        "seconds_evaluate": 4.5 if row.distiller != "full" else 19.0,
        "peak_memory": 7.4e8,
        "device": "cpu",
    }


def spoil(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with a failed cell, an unfinished row and a row that was never run."""
    spoiled = frame.copy()
    gone = spoiled["row"] == "clean CE + BN"
    late = (spoiled["row"] == "clean Wass + BN") & (spoiled["seed"] > 2)
    broken = (spoiled["row"] == "Wass + BN") & (spoiled["seed"] == 1)
    spoiled.loc[gone | late | broken, "top1"] = np.nan
    spoiled.loc[gone | late, "status"] = "not run"
    spoiled.loc[broken, "status"] = "failed"
    spoiled.loc[broken, "error"] = "recover: loss is not finite at step 412 (feature = nan)"
    return spoiled


def digit_grid() -> np.ndarray:
    """(10, 2, 8, 8, 1) uint8 of strokes."""
    grid = np.zeros((10, 2, 8, 8, 1), np.uint8)
    for k in range(10):
        grid[k, :, 1:7, 1 + k % 6, 0] = 220
        grid[k, 1, 1 + k % 6, 1:7, 0] = 160
    return grid
