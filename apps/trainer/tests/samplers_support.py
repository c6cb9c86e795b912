"""What the tests of samplers have in common: a source whose mixture is replaced, and random weights."""

import json
import random
from typing import Any, Dict, List, Optional, Sequence, Tuple

import mixdesk


class Source:
    """The least that a sampler follows: an object with a mixture."""

    def __init__(self, domains: Sequence[str], weights: Sequence[float], meaning: str = "samplingProbability") -> None:
        self.domains = tuple(domains)
        self.mixture = mixdesk.Mixture(0, tuple(weights), self.domains, meaning=meaning)

    def set(self, weights: Sequence[float], meaning: str = "samplingProbability", version: Optional[int] = None) -> None:
        number = self.mixture.version + 1 if version is None else version
        self.mixture = mixdesk.Mixture(number, tuple(weights), self.domains, meaning=meaning)


def names(count: int) -> List[str]:
    return [f"domain-{i}" for i in range(count)]


def some_weights(rng: random.Random, count: int, zeros: bool = False) -> Tuple[float, ...]:
    """Even, skewed, heavy-headed or dyadic ones; not normalised."""
    kind = rng.randrange(4)
    if kind == 0:
        weights = [rng.random() + 1e-3 for _ in range(count)]
    elif kind == 1:
        weights = [rng.random() ** 8 + 1e-6 for _ in range(count)]
    elif kind == 2:
        weights = [1.0] * count
        weights[rng.randrange(count)] = rng.choice([1.0, count, count * count])
    else:
        weights = [2.0 ** -rng.randrange(12) for _ in range(count)]
    if zeros:
        weights = [0.0 if rng.random() < 0.4 else weight for weight in weights]
        if not any(weights):
            weights[rng.randrange(count)] = 1.0
    return tuple(weights)


def through_json(state: Dict[str, Any]) -> Any:
    """As a checkpoint keeps it."""
    return json.loads(json.dumps(state, allow_nan=False))
