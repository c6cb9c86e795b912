"""Losses by domain: what a training loop tells Mixdesk, and what it does with what Mixdesk tells it.

    losses = by_domain(token_losses, domain_ids, run.domains)          # sums and counts, on the device until they are read
    run.log(step, **losses.fields())

- `by_domain`, `DomainAccumulator`: token losses and domain ids of a batch, or of several micro-batches, into sums and counts.
- `doremi_excess`, `weighted_loss`: DoReMi's clipped excess over a reference model, and its loss.
- `reweight`, `reweighted_loss`: the control `lossReweighting`, weights of sequences by their losses.
- `PassCounts`, `accept`, `rollouts_of`, `select_rollouts`: what reinforcement learning reports, and the controls it follows.

PyTorch tensors and NumPy arrays are both fine; the pass counts take plain lists too. Neither library is imported here before
one of its arrays comes in. Wrong arguments raise `ArgumentError`; these are functions of a training loop's own numbers, not of
what Mixdesk is doing, so that nothing about the network can make them fail.
"""

from .acceptance import AcceptBand, accept, accept_band_of, rollouts_of
from .accumulator import DomainAccumulator
from .domain_losses import DomainLosses, by_domain
from .doremi import doremi_excess, token_shares, weighted_loss
from .pass_counts import PassCounts
from .reweighting import LossReweighting, reweight, reweighted_loss, reweighting_of
from .selection import select_rollouts

__all__ = [
    "AcceptBand",
    "DomainAccumulator",
    "DomainLosses",
    "LossReweighting",
    "PassCounts",
    "accept",
    "accept_band_of",
    "by_domain",
    "doremi_excess",
    "reweight",
    "reweighted_loss",
    "reweighting_of",
    "rollouts_of",
    "select_rollouts",
    "token_shares",
    "weighted_loss",
]
