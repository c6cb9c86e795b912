"""A trainer that draws with workers, saves where it is, and can be killed at any time.

    python sampled_training.py CHECKPOINT STEPS [STAY]

Prints a line for each step: its number, the version of its mixture, and the samples it was given. The mixture changes every third step.
After the line of step STAY it waits for the end of its standard input, so that whoever kills it there need not be quick.
"""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, List, cast

import torch
from torch.utils.data import ConcatDataset, DataLoader, Dataset

import mixdesk
from mixdesk.samplers import MixtureSampler

DOMAINS = ("web", "code", "books")
SIZES = (60, 7, 25)


class Numbers:
    """A map-style dataset."""

    def __init__(self, first: int, count: int) -> None:
        self._numbers = range(first, first + count)

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, index: int) -> int:
        return self._numbers[index]


def datasets() -> "ConcatDataset[int]":
    parts: List[Any] = [Numbers(1000 * domain, size) for domain, size in enumerate(SIZES)]
    return ConcatDataset(parts)


def mixture_of(step: int) -> mixdesk.Mixture:
    """In force at this step: another one every third step."""
    weights = [1.0 + (step // 3 * factor) % 7 for factor in (1, 3, 5)]
    return mixdesk.Mixture(step // 3, tuple(weight / sum(weights) for weight in weights), DOMAINS)


def main(checkpoint: Path, steps: int, stay: int) -> None:
    torch.set_num_threads(1)
    run = SimpleNamespace(mixture=mixture_of(0))
    dataset = datasets()
    sampler = MixtureSampler(run, dataset, batch_size=4, seed=3)
    first = 0
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        first = saved["step"]
        run.mixture = mixture_of(first - 1)
        sampler.load_state_dict(saved["sampler"])
    batches = DataLoader(cast("Dataset[Any]", dataset), batch_sampler=sampler, num_workers=2, prefetch_factor=3)
    for step, batch in enumerate(sampler.track(batches), first):
        run.mixture = mixture_of(step)
        numbers: List[int] = batch.tolist()
        print(step, sampler.version, *numbers, flush=True)
        if step == stay:
            sys.stdin.read()
        if step + 1 == steps:
            break
        if step % 4 == 3:
            written = checkpoint.with_suffix(".part")
            torch.save({"step": step + 1, "sampler": sampler.state_dict()}, written)
            written.replace(checkpoint)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else -1)
