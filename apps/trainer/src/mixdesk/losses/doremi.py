"""DoReMi: the excess of a proxy's losses over a reference model's, and the loss that its weights multiply.

Xie et al. 2023, arXiv 2305.10429, algorithm 1; the published trainer is github.com/sangmichaelxie/doremi.
"""

from __future__ import annotations

from typing import Any, Optional, Tuple

from .._checks import numbers
from .._errors import ArgumentError
from ._backends import Backend, backend_of, beside, in_precision_of, over_ranks, world_size
from ._batch import Domains, batch_of
from .domain_losses import IGNORED, DomainLosses, sums_of

CLIPPED_EXCESS = "clippedExcessSum"
REFERENCE_LOSS = "refLossSum"
SIGNALS = (CLIPPED_EXCESS, REFERENCE_LOSS)
"""The signals that come with `doremi_excess`, in this order."""


def doremi_excess(
    token_losses: object,
    reference_losses: object,
    domain_ids: object,
    domains: Domains,
    *,
    mask: Optional[object] = None,
    labels: Optional[object] = None,
    ignore_index: int = IGNORED,
    all_reduce: bool = False,
    group: Optional[Any] = None,
) -> DomainLosses:
    """`by_domain` with what the policy `doremi` needs, as signals of the result.

    `clippedExcessSum` is the sum over tokens of max(loss - reference loss, 0), nats: clipped for each token, before any sum,
    as in the paper's algorithm 1 and in the published code. The policy divides it by the tokens. `refLossSum` is the sum of
    `reference_losses`, which are the reference model's losses of the same tokens, in the same shape.

    The further arguments are those of `by_domain`. A token whose excess is not finite makes its domain absent.
    """
    backend = backend_of(token_losses, reference_losses, domain_ids)
    losses, reference = backend.array("token_losses", token_losses), backend.array("reference_losses", reference_losses)
    if losses.shape != reference.shape:
        raise ArgumentError("reference_losses", f"should have the shape of the token losses, {list(losses.shape)}, got {list(reference.shape)}.")
    with backend.quietly():
        excess = backend.doubles(losses) - backend.doubles(reference)
    clipped = backend.where(excess < 0, 0.0, excess)  # NaN stays NaN
    signals = {CLIPPED_EXCESS: clipped, REFERENCE_LOSS: reference}
    return sums_of(signals, losses, domain_ids, domains, mask, labels, ignore_index, all_reduce or group is not None, group)


def token_shares(
    token_losses: object,
    domain_ids: object,
    weights: object,
    *,
    sampling: Optional[object] = None,
    mask: Optional[object] = None,
    labels: Optional[object] = None,
    ignore_index: int = IGNORED,
    all_reduce: bool = False,
    group: Optional[Any] = None,
) -> Any:
    """What each token's loss is multiplied by in `weighted_loss`, float64, in the shape of the losses: w(d) / Σ w(d), the sum
    being over the tokens that count. Without a graph. For trainers that make gradients themselves."""
    shares, _ = _shares(token_losses, domain_ids, weights, sampling, mask, labels, ignore_index, all_reduce or group is not None, group)
    return shares


def weighted_loss(
    token_losses: Any,
    domain_ids: object,
    weights: object,
    *,
    sampling: Optional[object] = None,
    mask: Optional[object] = None,
    labels: Optional[object] = None,
    ignore_index: int = IGNORED,
    all_reduce: bool = False,
    group: Optional[Any] = None,
) -> Any:
    """The loss to train a proxy by, under a mixture whose `meaning` is `lossMultiplier`: Σ w(d) l / Σ w(d) over the tokens that
    count, d being the token's domain. Batches are then sampled uniformly. Differentiable in `token_losses`.

    `weights` are the mixture's, one for each domain, and need not sum to 1. Where batches are not sampled uniformly, give the
    shares they are sampled by as `sampling`: the weights are divided by them, as in the published trainer. Shapes, `mask`,
    `labels` and `ignore_index` are those of `by_domain`; a batch in which nothing counts has the loss 0.

    With `all_reduce` (or a `group`) the divisor is the mean over ranks of Σ w(d), so that the mean of the ranks' gradients,
    which `DistributedDataParallel` makes, is the gradient of the loss of the global batch; as in the published trainer.
    """
    shares, counted = _shares(token_losses, domain_ids, weights, sampling, mask, labels, ignore_index, all_reduce or group is not None, group)
    backend = backend_of(token_losses)
    losses = token_losses if hasattr(token_losses, "sum") else backend.array("token_losses", token_losses)
    kept = losses if counted is None else backend.where(beside(losses, counted), losses, 0.0)
    return (kept * in_precision_of(kept, shares)).sum()


def _shares(
    token_losses: object,
    domain_ids: object,
    weights: object,
    sampling: Optional[object],
    mask: Optional[object],
    labels: Optional[object],
    ignore_index: int,
    all_reduce: bool,
    group: Optional[Any],
) -> Tuple[Any, Optional[Any]]:
    backend = backend_of(token_losses, domain_ids)
    shape = backend.array("token_losses", token_losses).shape
    multipliers = _multipliers(backend, weights, sampling)
    batch = batch_of(backend, shape, domain_ids, len(multipliers) - 1, mask, labels, ignore_index)
    factors = multipliers[batch.spots]
    factors = factors[:, None] * backend.full(shape, 1.0) if batch.by_sequence else factors.reshape(tuple(shape))
    if batch.counted is not None:
        factors = backend.where(batch.counted, factors, 0.0)
    divisor = factors.sum()
    if all_reduce:
        divisor = over_ranks(divisor.reshape(1), "SUM", group)[0] / world_size(group)
    return factors / backend.where(divisor == 0, 1.0, divisor), batch.counted


def _multipliers(backend: Backend, weights: object, sampling: Optional[object]) -> Any:
    """A multiplier for each domain, and NaN for what is no domain: on a GPU nobody could be told in time, but a loss of NaN
    will not pass unseen."""
    shares = numbers("weights", weights)
    if not all(0 <= share < float("inf") for share in shares):
        raise ArgumentError("weights", f"should be finite and not negative, got {list(shares)}.")
    if sampling is not None:
        by = numbers("sampling", sampling, len(shares))
        if not all(0 < share < float("inf") for share in by):
            raise ArgumentError("sampling", f"should be finite and above 0, got {list(by)}.")
        shares = type(shares)("d", [share / drawn for share, drawn in zip(shares, by)])
    return backend.vector([*shares, float("nan")])
