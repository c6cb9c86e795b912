"""Token losses of a language model, as transformers' own loss has them before it adds them up."""

from __future__ import annotations

from typing import Any, Tuple

from torch.nn.functional import cross_entropy, pad

from ..losses.domain_losses import IGNORED


def token_losses(logits: Any, labels: Any, shift: bool = True) -> Tuple[Any, Any]:
    """Losses of shape [rows, tokens] in nats, in float32 as transformers computes them, and which of them count.

    `logits` is [rows, tokens, vocabulary], `labels` [rows, tokens]. With `shift` the logits of a token are for the next one,
    as in causal models. The loss of a token that doesn't count is 0.
    """
    targets = pad(labels, (0, 1), value=IGNORED)[:, 1:] if shift else labels
    targets = targets.to(logits.device)
    flat = cross_entropy(logits.float().flatten(0, 1), targets.flatten(), ignore_index=IGNORED, reduction="none")
    return flat.view(targets.shape), targets != IGNORED
