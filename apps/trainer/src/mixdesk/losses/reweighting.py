"""The control `lossReweighting`: weights of the sequences of a batch by their losses.

Sow et al. 2025, "Dynamic Loss-Based Sample Reweighting for Improved Large Language Model Pretraining", arXiv 2502.06733; the
published code is github.com/sowmaster/Sample-Level-Loss-Reweighting-ICLR-2025.
"""

from __future__ import annotations

import math
from typing import Any, Dict, Mapping, NamedTuple, Optional, Union

from .._checks import integer, show
from .._errors import ArgumentError
from ._backends import Backend, backend_of, beside, in_precision_of, over_ranks, world_size

CONTROL = "lossReweighting"
STRATEGIES = ("linUpper", "quadratic", "extremes", "linear", "readmeUniform")


class LossReweighting(NamedTuple):
    """How to weigh sequences; what the control says."""

    strategy: str
    """Which losses gain: `linUpper` (only easy ones lose), `quadratic` (the middle gains), `extremes` (both ends gain),
    `linear` (the hard gain), `readmeUniform` (the same, twice as much)."""
    temperature: Optional[float]
    """r after the warm-up: small for a hard focus, large for equal weights; `None` for equal weights."""
    warm_up_steps: int
    """Steps below this number have the temperature of the warm-up."""
    warm_up_temperature: Optional[float]
    delta: float
    """Half the range that losses are normalised to."""
    range_guard: float
    """The range of the losses counts as at least this, nats."""

    def temperature_at(self, step: int) -> Optional[float]:
        """r in force at a step."""
        return self.warm_up_temperature if step < self.warm_up_steps else self.temperature


Given = Union[LossReweighting, Mapping[str, Any], None]


def reweighting_of(controls: Mapping[str, Any]) -> Optional[LossReweighting]:
    """What a mixture's `controls` say about reweighting; `None` where they don't: every sequence then counts the same."""
    return _read(controls.get(CONTROL))


def reweight(
    sequence_losses: object, reweighting: Given, step: int, *, total: str = "one", all_reduce: bool = False, group: Optional[Any] = None
) -> Any:
    """Weights of sequences, in the shape of `sequence_losses` and without a graph: softmax(f(h) / r) over the global batch.

    `sequence_losses` are the mean token losses of the sequences, nats, [batch]. `reweighting` is what `reweighting_of` read,
    or `mixture.controls.get("lossReweighting")`; `None` gives equal weights. h = delta (2 l - max - min) / max(max - min,
    rangeGuard) lies in [-delta, delta], r is the temperature in force at `step`, and the score f(h) is
    min(h + delta, delta) (linUpper), 1 - h²/delta² (quadratic), |h| (extremes), (h + delta) / 2 (linear) or h (readmeUniform).

    The weights of the global batch sum to 1, as in the published code, or with `total="sequences"` to the number of its
    sequences: then the mean of w·l takes the place of the mean of l. A loss that is not finite has weight 0, and where none is
    finite every weight is 0 (the published code makes them all NaN).

    The rule compares sequences of the global batch. With `all_reduce` (or a `group`) ranks that each hold a part of it agree
    on extremes and divisor, by three collectives of one or two numbers; without, each part is a batch of its own.
    """
    if total not in ("one", "sequences"):
        raise ArgumentError("total", f'should be "one" or "sequences", got {show(total)}.')
    backend = backend_of(sequence_losses)
    given = backend.array("sequence_losses", sequence_losses)
    losses = backend.doubles(given)
    if len(losses.shape) != 1:
        raise ArgumentError("sequence_losses", f"should have the shape [batch], got {list(losses.shape)}.")
    settings = reweighting if isinstance(reweighting, LossReweighting) else _read(reweighting)
    temperature = None if settings is None else settings.temperature_at(integer("step", step))

    def agree(table: Any, operation: str) -> Any:
        return over_ranks(table, operation, group) if all_reduce or group is not None else table

    finite = backend.finite(losses)
    losses = backend.where(finite, losses, 0.0)
    scores = losses * 0.0
    if settings is not None and temperature is not None:
        scores = _scores(backend, losses, finite, settings, agree) / temperature
    largest = _or_zero(backend, agree(backend.largest(backend.where(finite, scores, -math.inf), -math.inf).reshape(1), "MAX"))
    powers = backend.where(finite, backend.exp(backend.where(finite, scores - largest, 0.0)), 0.0)
    sums = agree(backend.stack([powers.sum(), backend.full((), losses.shape[0])]), "SUM")
    weights = powers / backend.where(sums[0] == 0, 1.0, sums[0])
    if total == "sequences":
        weights = weights * sums[1]
    return in_precision_of(given, weights)


def reweighted_loss(sequence_losses: Any, reweighting: Given, step: int, *, all_reduce: bool = False, group: Optional[Any] = None) -> Any:
    """Σ w l over the batch, w being the weights of `reweight`: the loss to train by. Differentiable in `sequence_losses`.

    With `all_reduce` (or a `group`) each rank's part is multiplied by the number of ranks, so that the mean of their
    gradients, which `DistributedDataParallel` makes, is the gradient of the sum over the global batch.
    """
    weights = reweight(sequence_losses, reweighting, step, all_reduce=all_reduce, group=group)
    backend = backend_of(sequence_losses)
    losses = sequence_losses if hasattr(sequence_losses, "sum") else backend.array("sequence_losses", sequence_losses)
    weights = beside(losses, weights)
    kept = backend.where(weights > 0, losses, 0.0)  # 0 times a loss that is not finite is no number
    return (kept * weights).sum() * (world_size(group) if all_reduce or group is not None else 1)


def _scores(backend: Backend, losses: Any, finite: Any, settings: LossReweighting, agree: Any) -> Any:
    ends = [backend.largest(backend.where(finite, sign * losses, -math.inf), -math.inf) for sign in (1.0, -1.0)]
    extremes = _or_zero(backend, agree(backend.stack(ends), "MAX"))
    most, least = extremes[0], -extremes[1]
    width = most - least
    width = backend.where(width > settings.range_guard, width, settings.range_guard)
    h = settings.delta * ((losses - most) + (losses - least)) / width
    return _score(settings.strategy, h, settings.delta, backend)


def _or_zero(backend: Backend, largest: Any) -> Any:
    """Where no loss is finite there is no largest, and nothing will have a weight."""
    return backend.where(largest == -math.inf, 0.0, largest)


def _score(strategy: str, h: Any, delta: float, backend: Backend) -> Any:
    """f(h) of each sequence."""
    if strategy == "linUpper":
        return backend.where(h < 0, h + delta, delta)
    if strategy == "quadratic":
        return 1.0 - h * h / (delta * delta)
    if strategy == "extremes":
        return abs(h)
    if strategy == "linear":
        return (h + delta) / 2.0
    return h


def _read(given: object) -> Optional[LossReweighting]:
    """The control as it came over the wire. What it lacks or has wrong is named as it is there."""
    if given is None:
        return None
    if not isinstance(given, Mapping):
        raise ArgumentError(CONTROL, f"should be an object, got {show(given)}.")
    strategy = given.get("strategy")
    if strategy not in STRATEGIES:
        raise ArgumentError(f"{CONTROL}.strategy", f"should be one of {', '.join(STRATEGIES)}, got {show(strategy)}.")
    temperatures: Dict[str, Optional[float]] = {}
    for name in ("temperature", "warmUpTemperature"):
        if name not in given:
            raise ArgumentError(f"{CONTROL}.{name}", "is missing.")
        temperatures[name] = None if given[name] is None else _positive(name, given[name])
    return LossReweighting(
        strategy=str(strategy),
        temperature=temperatures["temperature"],
        warm_up_steps=integer(f"{CONTROL}.warmUpSteps", given.get("warmUpSteps")),
        warm_up_temperature=temperatures["warmUpTemperature"],
        delta=_positive("delta", given.get("delta")),
        range_guard=_positive("rangeGuard", given.get("rangeGuard")),
    )


def _positive(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < math.inf:
        raise ArgumentError(f"{CONTROL}.{name}", f"should be a number above 0, got {show(value)}.")
    return float(value)
