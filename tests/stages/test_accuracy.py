"""The verdict on test images: known answers, and the confusion that follows from it."""

import torch
from torch import Tensor, nn

from bench.artifacts.labels import Score
from bench.artifacts.values import RealSet
from bench.stages.accuracy import judge

PREDICTED = torch.tensor([0, 1, 1, 2, 0, 2])
LABELS = torch.tensor([0, 1, 2, 2, 2, 0])


class Painted(nn.Module):
    """Reads the class off the first pixel, the next one is its second choice."""

    def forward(self, x: Tensor) -> Tensor:
        best = (x[:, 0, 0, 0] * 255).round().long()
        logits = torch.zeros(len(x), 7)
        rows = torch.arange(len(x))
        logits[rows, best], logits[rows, (best + 1) % 7] = 2.0, 1.0
        return logits


def painted() -> RealSet:
    images = PREDICTED.view(-1, 1, 1, 1).expand(-1, 1, 4, 4).byte()
    names = tuple("abcdefg")
    return RealSet("painted", images, LABELS, names, 4, (0.0,), (1.0,), "ab", "small")


def test_predictions_and_their_share_are_known() -> None:
    verdict = judge(Painted(), painted(), torch.device("cpu"), False, batch=4)
    assert verdict.predicted.tolist() == PREDICTED.tolist()
    assert verdict.labels.tolist() == LABELS.tolist()
    assert verdict.top1 == 0.5
    assert verdict.predicted.dtype == verdict.labels.dtype == torch.int16


def test_confusion_has_a_row_per_class_and_its_diagonal_is_the_accuracy() -> None:
    score = Score(0.5, PREDICTED.short(), LABELS.short(), 1, 0)
    assert score.confusion.tolist() == [[1, 0, 1], [0, 1, 0], [1, 1, 1]]
    assert score.correct.tolist() == [True, True, False, True, False, False]
    assert int(score.confusion.diagonal().sum()) == int(score.correct.sum())
