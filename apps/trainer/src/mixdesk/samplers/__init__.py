"""Samplers that follow the mixture of a run. None of them needs torch, and none is rebuilt when weights change.

    MixtureSampler   indices for map-style datasets, for `torch.utils.data.DataLoader`
    interleave       one stream out of several iterables
    Loader           batches, step by step, with nothing else needed; `run.loader(...)` makes it

Schedules: `stride` (deterministic, realised shares next to the weights) and `multinomial` (seeded).
"""

from ._mix import MixtureLike, MixtureSource
from .loader import Batch, Loader
from .multinomial import Multinomial
from .permutation import Permutation
from .sampler import MixtureSampler
from .streams import Interleaved, interleave
from .stride import Stride, lag_bounds

__all__ = [
    "Batch",
    "Interleaved",
    "Loader",
    "MixtureLike",
    "MixtureSampler",
    "MixtureSource",
    "Multinomial",
    "Permutation",
    "Stride",
    "interleave",
    "lag_bounds",
]
