"""FKD with batch-specific soft labels: the teacher normalises by the statistics of each batch.

Source: arXiv:2501.07575 (BSSL) and the released code of CV-DD and FADRM: as `fkd`, with the teacher
in training mode while it labels. Small batches belong to it; the recipes `sre2l++`, `cv-dd` and
`fadrm` have them. SRe2L's script for CIFAR does the same (methods.md 4.3).
Differs: the released code labels and trains on the two halves of a batch one after another and
accumulates their gradients; here a batch is one. Only BatchNorm is in training mode, so that
dropout draws nothing.
"""

from bench import SoftLabelsRequest, evaluator
from evaluators.fkd import StoredLabels


@evaluator("fkd-bssl")
def fkd_bssl() -> StoredLabels:
    """Stored soft labels by the statistics of each batch (BSSL), last epoch."""
    return StoredLabels(labels=SoftLabelsRequest(mode="train"))
