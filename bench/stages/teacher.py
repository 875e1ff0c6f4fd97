"""The teacher as a network: rebuilt from its artifact, frozen, in evaluation mode."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

from bench.artifacts.values import GlobalStats, Teacher
from bench.core.errors import BadValue
from bench.models.build import build_model
from bench.models.moments import bn_running_stats
from bench.stages.compute import placed


def network(teacher: Teacher, fast: bool = False) -> nn.Module:
    """The frozen teacher on the device of its state; a state that does not fit is an error."""
    model = build_model(
        teacher.arch,
        num_classes=teacher.num_classes,
        channels=teacher.channels,
        resolution=teacher.resolution,
        seed=0,
        stem=teacher.stem,
    )
    placed(model, next(iter(teacher.state.values())).device, fast)
    model.load_state_dict(dict(teacher.state), strict=True)
    return model.eval().requires_grad_(False)


def state_of(model: nn.Module) -> dict[str, torch.Tensor]:
    """A contiguous float32 CPU copy of the state dict, ready to be stored."""
    return {
        name: value.detach().to("cpu", memory_format=torch.contiguous_format).contiguous().clone()
        for name, value in model.state_dict().items()
    }


def running_stats(teacher: Teacher) -> GlobalStats:
    """The running statistics of every BatchNorm layer, on the device of the teacher's state."""
    return bn_running_stats(network(teacher))


Average = Literal["logits", "probabilities"]
Mode = Literal["eval", "train"]


@dataclass(frozen=True)
class Committee:
    """Several teachers that label together.

    Attributes:
        average: of their logits, or of their probabilities, whose logarithm is the output.
        mode: BatchNorm by running statistics, or by those of the batch; dropout draws in neither.

    Raises:
        BadValue: they know different numbers of classes.
    """

    teachers: tuple[Teacher, ...]
    average: Average = "logits"
    mode: Mode = "eval"

    def __post_init__(self) -> None:
        counts = {teacher.num_classes for teacher in self.teachers}
        if len(counts) != 1:
            raise BadValue(
                f"teachers: expected one number of classes, given {sorted(counts)}; "
                "train them on the same data set"
            )

    @property
    def num_classes(self) -> int:
        return self.teachers[0].num_classes


class _Averaged(nn.Module):
    """The mean output of several networks."""

    def __init__(self, members: list[nn.Module], average: Average) -> None:
        super().__init__()
        self.members, self.average = nn.ModuleList(members), average

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        outputs = torch.stack([member(x).float() for member in self.members])
        if self.average == "logits":
            return outputs.mean(0)
        count = torch.tensor(float(len(self.members)), device=x.device)
        return torch.logsumexp(outputs.log_softmax(-1), 0) - count.log()


def labeller(teacher: Teacher | Committee, fast: bool = False) -> nn.Module:
    """The frozen network that labels: a teacher, or several with their outputs averaged."""
    if isinstance(teacher, Teacher):
        return network(teacher, fast)
    members = [network(member, fast) for member in teacher.teachers]
    averaged = _Averaged(members, teacher.average).eval()
    if teacher.mode == "train":
        averaged.training = True  # says that a batch's outputs depend on the batch
        for module in averaged.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.train()
    return averaged.requires_grad_(False)
