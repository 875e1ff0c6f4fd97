"""Table 4 on ImageNette at 64 pixels with a small network, for a CPU."""

from dataclasses import replace

from studies.ablation import STUDY as FULL

ROWS = tuple(r for r in FULL.rows if r.group == "as released" or r.distiller == "random")
LABELS = {r.label for r in ROWS}
STUDY = replace(
    FULL,
    name="ablation-imagenette-64",
    rows=ROWS,
    contrasts=tuple(c for c in FULL.contrasts if {c.a, c.b} <= LABELS),
    datasets=("imagenette@64",),
    ipcs=(10,),
    seeds=(0, 1, 2),
)
