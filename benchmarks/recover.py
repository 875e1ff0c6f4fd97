"""Paired benchmark of one recover step (batch 100, PCBN): ours against plain eager float32.

The reference form is written out here: BatchNorm inputs are kept by hooks, per-class statistics
come from `mean` and `var`, nothing is cast, compiled or laid out for the machine. Both forms take
the same images through the same network with the same losses, in turn, so that the ratio holds
when the machine's speed drifts.

    python benchmarks/recover.py --side 64 --repeats 5
    python benchmarks/recover.py --side 224 --repeats 3 --json
    python benchmarks/recover.py --precisions --repeats 20   # our step in bfloat16 and in float32
"""

import argparse
import json
import platform
import time
from collections.abc import Callable
from statistics import median

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from bench import Barycenter, Budget, ClassStats, Reference, Teacher
from bench.models.build import build_model
from bench.models.taps import Tapped
from bench.stages.compute import autocast, compiled
from bench.stages.objective import Terms
from bench.stages.teacher import network, state_of
from methods.wmdd import wmdd

CLASSES, IPC, WEIGHT = 10, 10, 10.0


def reference_for(arch: str, side: int, stem: str) -> tuple[Reference, Teacher]:
    """A random teacher with random targets: the time of a step does not depend on their values."""
    model = build_model(arch, num_classes=CLASSES, channels=3, resolution=side, seed=0, stem=stem)
    teacher = Teacher(arch, CLASSES, 3, side, state_of(model), 0.0, stem)
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    stats = ClassStats(
        tuple(torch.zeros(CLASSES, n.num_features) for n in norms),
        tuple(torch.ones(CLASSES, n.num_features) for n in norms),
    )
    width = next(m for m in reversed(list(model.modules())) if isinstance(m, nn.Linear)).in_features
    atoms = Barycenter(torch.zeros(CLASSES, IPC, width), torch.full((CLASSES, IPC), 1 / IPC))
    return Reference({Teacher: teacher, ClassStats: stats, Barycenter: atoms}), teacher


def plain_step(reference: Reference, labels: Tensor, slots: Tensor) -> Callable[[Tensor], Tensor]:
    """The same objective in eager float32 with statistics by `mean` and `var` in hooks."""
    model = network(reference[Teacher])
    seen: list[tuple[Tensor, Tensor]] = []
    pooled: list[Tensor] = []

    def statistics(_: nn.Module, args: tuple[Tensor]) -> None:
        x = args[0].unflatten(0, (CLASSES, IPC))  # (C, m, ch, H, W)
        seen.append((x.mean((1, 3, 4)), x.var((1, 3, 4), unbiased=False)))

    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.register_forward_pre_hook(statistics)
        if isinstance(module, nn.Linear):
            module.register_forward_pre_hook(lambda _, args: pooled.append(args[0]))

    def step(x: Tensor) -> Tensor:
        seen.clear()
        pooled.clear()
        logits = model(x)
        stats = reference[ClassStats]
        gaps = [
            (mean - m).norm(dim=1).mean() + (variance - v).norm(dim=1).mean()
            for (mean, variance), m, v in zip(seen, stats.means, stats.variances, strict=True)
        ]
        target = reference[Barycenter].support[labels, slots]
        feature = (pooled[0] - target).norm()
        return cross_entropy(logits, labels) + feature + WEIGHT * torch.stack(gaps).sum()

    return step


def our_step(
    reference: Reference, side: int, labels: Tensor, slots: Tensor, fast: bool
) -> Callable[[Tensor], Tensor]:
    """The step of `MatchingDistiller`: bfloat16 convolutions, channels_last, compiled."""
    budget = Budget(IPC, CLASSES, (3, side, side), (0.5,) * 3, (0.5,) * 3, fast)
    tapped = Tapped(network(reference[Teacher], fast))
    terms = compiled(Terms(tapped, wmdd(bn_weight=WEIGHT), reference, budget))
    return lambda x: terms(x, labels, slots, torch.empty(0))[-1]


def bare_step(reference: Reference, labels: Tensor, fast: bool) -> Callable[[Tensor], Tensor]:
    """Cross-entropy alone, compiled the same way: what the step costs without any statistics."""
    model = network(reference[Teacher], fast)
    model.compile(dynamic=False)

    def step(x: Tensor) -> Tensor:
        with autocast(x.device, fast):
            logits = model(x)
        return cross_entropy(logits.float(), labels)

    return step


def seconds(step: Callable[[Tensor], Tensor], x: Tensor) -> float:
    begin = time.perf_counter()
    x.grad = None
    step(x).backward()
    return time.perf_counter() - begin


def measure(arch: str, side: int, repeats: int, fast: bool) -> dict[str, object]:
    """Medians in milliseconds of the three forms, taken in turn, and their ratios."""
    stem = "wmdd-tiny" if side <= 64 else "imagenet"
    reference, _ = reference_for(arch, side, stem)
    labels = torch.arange(CLASSES).repeat_interleave(IPC)
    slots = torch.arange(IPC).repeat(CLASSES)
    forms = {
        "plain": plain_step(reference, labels, slots),
        "ours": our_step(reference, side, labels, slots, fast),
        "no statistics": bare_step(reference, labels, fast),
    }
    rng = torch.Generator().manual_seed(0)
    x = torch.randn(CLASSES * IPC, 3, side, side, generator=rng).requires_grad_()
    first = {name: seconds(step, x) for name, step in forms.items()}
    times: dict[str, list[float]] = {name: [] for name in forms}
    for _ in range(repeats):
        for name, step in forms.items():
            times[name].append(seconds(step, x))
    ms = {name: round(1000 * median(values)) for name, values in times.items()}
    ratios = [a / b for a, b in zip(times["plain"], times["ours"], strict=True)]
    overhead = [1 - b / a for a, b in zip(times["ours"], times["no statistics"], strict=True)]
    return {
        "side": side,
        "arch": arch,
        "stem": stem,
        "precision": "bf16" if fast else "fp32",
        "repeats": repeats,
        "milliseconds": ms,
        "speedup": round(median(ratios), 2),
        "speedup_range": [round(min(ratios), 2), round(max(ratios), 2)],
        "share_of_statistics": round(median(overhead), 3),
        "first_call_seconds": {name: round(value, 1) for name, value in first.items()},
        "threads": torch.get_num_threads(),
        "cpu": platform.processor() or platform.machine(),
        "amx": torch.cpu._is_amx_tile_supported(),
        "torch": torch.__version__,
    }


def precisions(arch: str, side: int, repeats: int) -> dict[str, object]:
    """Our step in bfloat16 against float32, both compiled, in turn: medians and paired ratios."""
    stem = "wmdd-tiny" if side <= 64 else "imagenet"
    reference, _ = reference_for(arch, side, stem)
    labels = torch.arange(CLASSES).repeat_interleave(IPC)
    slots = torch.arange(IPC).repeat(CLASSES)
    forms = {
        name: our_step(reference, side, labels, slots, name == "bf16") for name in ("fp32", "bf16")
    }
    rng = torch.Generator().manual_seed(0)
    x = torch.randn(CLASSES * IPC, 3, side, side, generator=rng).requires_grad_()
    for step in forms.values():
        seconds(step, x)  # compiles
    pairs = [{name: seconds(step, x) for name, step in forms.items()} for _ in range(repeats)]
    ratios = sorted(pair["fp32"] / pair["bf16"] for pair in pairs)
    return {
        "side": side,
        "arch": arch,
        "repeats": repeats,
        "milliseconds": {name: round(1000 * median(p[name] for p in pairs)) for name in forms},
        "fp32 / bf16": round(median(ratios), 2),
        "quartiles": [round(ratios[repeats // 4], 2), round(ratios[(3 * repeats) // 4], 2)],
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--arch", default="resnet18")
    parser.add_argument("--side", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--fp32", action="store_true", help="keep ours in float32 too")
    parser.add_argument("--precisions", action="store_true", help="ours in bf16 against fp32")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    sizes = options.arch, options.side, options.repeats
    found = precisions(*sizes) if options.precisions else measure(*sizes, not options.fp32)
    if options.json:
        print(json.dumps(found, indent=2))
        return
    for name, value in found.items():
        print(f"{name:20} {value}")


if __name__ == "__main__":
    main()
