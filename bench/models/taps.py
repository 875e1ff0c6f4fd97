"""Taps: a network's features and BatchNorm inputs, next to its logits.

A layer is named by where its values pass: "PATH" is what the module at PATH returns, "PATH:in"
what it receives. `layer_names` gives short names. Values are pooled to one vector per image: maps
(B, d, H, W) are averaged over pixels, tokens (B, n, d) over tokens, class token included.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Self

from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from bench.artifacts.views import Moments
from bench.core.errors import BadValue
from bench.models.layers import layer_names, resolve_layer
from bench.models.moments import image_moments

__all__ = ["Outputs", "Tapped", "has_batchnorm", "layer_names"]


@dataclass(frozen=True)
class Outputs:
    """What a tapped network returns.

    Attributes:
        logits: (B, C).
        features: layer name -> (B, d_l) float32.
        moments: one per BatchNorm2d, in the order of `modules()`, of what that layer receives.
    """

    logits: Tensor
    features: Mapping[str, Tensor]
    moments: tuple[Moments, ...]


class Tapped(nn.Module):
    """A network with taps, to be closed after use; `with` does.

    Attributes:
        layers: the layers whose pooled features each call returns.

    Raises:
        UnknownName: the network has no such layer.
    """

    def __init__(
        self, model: nn.Module, layers: Sequence[str] = ("penultimate",), moments: bool = True
    ) -> None:
        super().__init__()
        self.model = model
        self.layers = tuple(layers)
        self._features: dict[str, Tensor] = {}
        self._moments: dict[int, Moments] = {}
        self._norms = len(_batchnorms(model)) if moments else 0
        self._seeing = False
        taps = [(name, *resolve_layer(model, name)) for name in self.layers]
        self._handles: list[RemovableHandle] = []
        for name, module, reads in taps:
            if reads:
                hook = partial(self._see_input, name)
                self._handles.append(module.register_forward_pre_hook(hook))
            else:
                see = partial(self._see_output, name)
                self._handles.append(module.register_forward_hook(see))
        for index, norm in enumerate(_batchnorms(model)[: self._norms]):
            hook = partial(self._see_moments, index)
            self._handles.append(norm.register_forward_pre_hook(hook))

    if TYPE_CHECKING:

        def __call__(self, x: Tensor) -> Outputs: ...

    def forward(self, x: Tensor) -> Outputs:
        """The network's outputs on (B, ch, H, W) images; gradients flow through all of them.

        Raises:
            BadValue: a tapped layer took no part, or its values cannot be pooled.
        """
        self._seeing = True
        try:
            logits = self.model(x)
            return self._collect(logits)
        finally:
            self._seeing = False
            self._features, self._moments = {}, {}

    def close(self) -> None:
        """Removes the taps from the network; harmless when repeated."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _collect(self, logits: Tensor) -> Outputs:
        missing = [name for name in self.layers if name not in self._features]
        if missing or len(self._moments) < self._norms:
            raise BadValue(
                f"expected every tapped layer to take part in the forward pass, given none of "
                f"{missing or 'some BatchNorm layers'}; tap other layers, and only before close()"
            )
        features = {name: self._features[name] for name in self.layers}
        moments = tuple([self._moments[index] for index in range(self._norms)])
        return Outputs(logits, features, moments)

    def _see_input(self, name: str, module: nn.Module, args: tuple[Tensor, ...]) -> None:
        if self._seeing:
            self._features[name] = pooled(args[0], name)

    def _see_output(
        self, name: str, module: nn.Module, args: tuple[Tensor, ...], output: Tensor
    ) -> None:
        if self._seeing:
            self._features[name] = pooled(output, name)

    def _see_moments(self, index: int, module: nn.Module, args: tuple[Tensor, ...]) -> None:
        if self._seeing:
            self._moments[index] = image_moments(args[0])


def pooled(x: Tensor, name: str) -> Tensor:
    """One float32 vector (B, d) per image: the mean over pixels (NCHW) or tokens.

    Raises:
        BadValue: a value that is no tensor of two to four dimensions.
    """
    if not isinstance(x, Tensor) or not 2 <= x.ndim <= 4:
        given = f"{x.ndim} dimensions" if isinstance(x, Tensor) else type(x).__name__
        raise BadValue(
            f"layer {name!r}: expected a tensor of 2 to 4 dimensions, given {given}; "
            "tap another layer"
        )
    x = x.float()
    if x.ndim == 4:
        return x.mean((2, 3))
    return x.mean(1) if x.ndim == 3 else x


def has_batchnorm(model: nn.Module) -> bool:
    """Whether the network has BatchNorm layers over images."""
    return bool(_batchnorms(model))


def _batchnorms(model: nn.Module) -> list[nn.BatchNorm2d]:
    return [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
