"""Made-up trials of a made-up search for the tests of its report."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from reports.numbers.sweep_info import MethodInfo, ParameterInfo, Shares, SweepInfo

LAMBDA = ParameterInfo("bn_weight", log=True, low=0.1, high=1000.0)
LAYER = ParameterInfo("layer", options=("layer-5", "layer-10"))
LR = ParameterInfo("recover.lr", log=True, low=0.01, high=1.0)
METHOD = MethodInfo(
    "WMDD",
    (LAMBDA, LAYER, LR),
    importances=(
        Shares("PED-ANOVA", 24, {"bn_weight": 0.7, "layer": 0.2, "recover.lr": 0.1}),
        Shares("fANOVA", 24, {"bn_weight": 0.3, "layer": 0.6, "recover.lr": 0.1}),
    ),
    best={"bn_weight": 10.0, "layer": "layer-10"},
    best_top1=(0.9, 0.92),
    tested={1000: 0.9, 1001: 0.88},
    default={1000: 0.89, 1001: 0.85},
)
INFO = SweepInfo(
    "joint",
    "A search of <everything>",
    "digits",
    (METHOD,),
    objectives=("top1", "seconds", "bytes"),
    paper_table="figure5a",
    facts={"trials": "24"},
    made=60.0,
    alone=600.0,
    command="bench sweep joint",
)


def line(number: int, scores: Sequence[float], **changes: object) -> dict[str, object]:
    """One trial; its parameters follow from its number."""
    seconds = 1.0 + number % 5
    return {
        "method": "WMDD", "trial": number, "state": "COMPLETE", "gone": "", "stopped": False,
        "retry_of": None, "error": "",
        "param:bn_weight": 0.1 * 10 ** (4 * (number % 12) / 11),
        "param:layer": LAYER.options[number % 2],
        "param:recover.lr": 0.01 * 10 ** (2 * (number * 7 % 24) / 23),
        "top1": float(np.mean(scores)) if len(scores) else None,
        "scores": list(scores), "seconds": seconds,
        "seconds_amortised": seconds + 1, "seconds_total": seconds + 10, "seconds_all": 2 * seconds,
        "bytes": 1000.0 + number, "peak_memory": 10**9, "steps": {},
    } | changes  # fmt: skip


def frame(count: int = 24) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    lines = [line(k, 0.6 + 0.2 * rng.random(3)) for k in range(count)]
    lost = line(count, [], state="FAIL", gone="its worker died")
    broken = line(count + 1, [], state="FAIL", error="<NaN>")
    return pd.DataFrame([*lines, lost, broken])
