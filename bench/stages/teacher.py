"""The teacher as a network: rebuilt from its artifact, frozen, in evaluation mode."""

import torch
from torch import nn

from bench.artifacts import GlobalStats, Teacher
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
