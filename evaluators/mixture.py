"""Mixture: the accuracy of a network that was trained on real and synthetic images together.

Source: WMDD (arXiv:2311.18531), Figure 4, which shows the features of such a network. Its accuracy
is no score of the synthetic set, as it has seen all real images; what counts is where it puts both.
"""

from dataclasses import dataclass

from bench import Need, RealSet, Recipe, Reference, Score, SyntheticSet, evaluator
from bench.core.events import Emit
from bench.stages.mixture import Mixed, MixtureRequest
from bench.stages.observe import ObservationRequest
from bench.stages.student import score
from bench.stages.teacher import network


@dataclass(frozen=True)
class TrainedTogether:
    """Scores the network itself; what it sees in the real images is stored beside it."""

    needs: tuple[Need, ...] = (Mixed, ObservationRequest(of=MixtureRequest()))
    sections: tuple[str, ...] = ()
    higher_is_better: bool = True

    def evaluate(
        self,
        synthetic: SyntheticSet,
        reference: Reference,
        test: RealSet,
        recipe: Recipe,
        seed: int,
        emit: Emit,
    ) -> Score:
        fast, device = recipe.precision == "bf16", synthetic.images.device
        return score(network(reference[Mixed], fast), test, device, fast, 0, 0, emit)


@evaluator("mixture")
def mixture() -> TrainedTogether:
    """A network of real and synthetic images together, for Figure 4; no score of the set."""
    return TrainedTogether()
