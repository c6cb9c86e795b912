"""Training throughput of the small GPT of `examples/torch_lm.py`, with Mixdesk and without it, by turns in one process.

    python bench/throughput.py [--blocks 16] [--steps 25] [--threads 2] [--brokers ...]

Without: a DataLoader whose batch sampler draws evenly from the domains (`torch.randint`), mean loss, backward, AdamW.
With: the same model and optimiser, a DataLoader whose batch sampler follows the mixture, `boundary`, losses summed by
domain, `log`. All of it counts, the sums as well. Blocks alternate as A B B A; between them the queue is left to run
empty, so that no block pays for another's reports. One JSON object is printed: seconds
a block by the clock, and of the process on all cores, which the moods of a shared machine hardly touch.
"""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any, Iterator, List

import torch
from torch import Tensor
from torch.utils.data import ConcatDataset, DataLoader, TensorDataset

import mixdesk
from mixdesk.losses import by_domain
from mixdesk.samplers import MixtureSampler

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "examples"))
from torch_lm import GPT

DOMAINS = [f"domain-{i}" for i in range(8)]
WINDOWS, CONTEXT, VOCABULARY, BATCH = 4000, 64, 2048, 32


class Evenly:
    """Batches of indices, each drawn evenly."""

    def __init__(self, size: int, batch: int) -> None:
        self._size, self._batch = size, batch

    def __iter__(self) -> Iterator[List[int]]:
        while True:
            yield torch.randint(self._size, (self._batch,)).tolist()


class Training:
    def __init__(self, brokers: Any) -> None:
        torch.manual_seed(0)
        self.model = GPT(VOCABULARY, CONTEXT, 2, 96)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-3)
        parts = [TensorDataset(torch.randint(VOCABULARY, (WINDOWS, CONTEXT + 1)), torch.full((WINDOWS,), i)) for i in range(len(DOMAINS))]
        dataset: Any = ConcatDataset(parts)
        self.run = mixdesk.start(f"bench-throughput-{time.time_ns()}", domains=DOMAINS, policy="odm", brokers=brokers)
        self.sampler = MixtureSampler(self.run, dataset, batch_size=BATCH)
        self.followed = iter(self.sampler.track(DataLoader(dataset, batch_sampler=self.sampler)))
        self.even = iter(DataLoader(dataset, batch_sampler=Evenly(len(dataset), BATCH)))
        self.step = 0

    def without(self) -> None:
        windows, _ = next(self.even)
        self._update(self.model(windows).mean())

    def with_mixdesk(self) -> None:
        self.run.boundary(self.step)
        windows, domains = next(self.followed)
        losses = self.model(windows)
        self._update(losses.mean())
        sums = by_domain(losses.detach(), domains, len(DOMAINS))
        self.run.log(self.step, losses=sums.loss_sum, tokens=sums.tokens, mixture_version=self.sampler.version)
        self.step += 1

    def _update(self, objective: Tensor) -> None:
        self.optimizer.zero_grad()
        objective.backward()
        self.optimizer.step()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--blocks", type=int, default=16, help="of each kind")
    parser.add_argument("--steps", type=int, default=25, help="a block")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--brokers")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    training = Training(options.brokers)
    ways = {"without": training.without, "with": training.with_mixdesk}
    for way in ways.values():
        for _ in range(20):
            way()
    taken: "dict[str, list[float]]" = {name: [] for name in ways}
    busy: "dict[str, list[float]]" = {name: [] for name in ways}
    for block in range(options.blocks):
        for name in ["without", "with"] if block % 2 == 0 else ["with", "without"]:
            began, spent = time.perf_counter(), time.process_time()
            for _ in range(options.steps):
                ways[name]()
            taken[name].append(time.perf_counter() - began)
            while training.run.stats.queued:  # what the client's threads do for these steps belongs to them
                time.sleep(0.005)
            busy[name].append(time.process_time() - spent)
    training.run.finish(timeout=30)
    print(json.dumps({"steps": options.steps, "threads": options.threads, "version": training.run.mixture.version, "wall": taken, "cpu": busy}))


if __name__ == "__main__":
    main()
