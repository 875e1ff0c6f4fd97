"""Search spaces held against the planner, so that a bad value is told before the first trial."""

from collections.abc import Callable, Mapping, Sequence

from pydantic import ValidationError

from bench.core.errors import BadValue, BenchError
from bench.graph.plan import Plan
from bench.plugin.space import Choice
from bench.search.spaces import Parameter, Value

Planned = Callable[[Mapping[str, object]], Plan]


def refuse_bad_values(parameters: Sequence[Parameter], planned: Planned) -> None:
    """Plans one cell for every option and both bounds; `planned` is the row with values set.

    Raises:
        BadValue: a value that no trial could run, with the parameter's name.
    """
    for parameter in parameters:
        for value in ends(parameter):
            try:
                planned({parameter.name: value})
            except BenchError as error:
                raise BadValue(f"search space of {parameter.name}, {value!r}: {error}") from error
            except ValidationError as error:
                message = error.errors()[0]["msg"]
                raise BadValue(
                    f"search space of {parameter.name}: {message}, given {value!r}; "
                    f"give values that --set {parameter.name}=... takes"
                ) from error


def ends(parameter: Parameter) -> tuple[Value, ...]:
    """All options, or both bounds."""
    space = parameter.space
    return tuple(space.options) if isinstance(space, Choice) else (space.low, space.high)
