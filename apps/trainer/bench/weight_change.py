"""From a change of the weights to the next sample, in microseconds: ours beside torchdata's weighted node.

    .venv-torch/bin/python bench/weight_change.py [--changes 200] [--drawn 20000] [--json FILE]

Ours reads the new mixture at the next draw. torchdata's `MultiNodeWeightedSampler` takes its weights when it is made, so
a change is a new node around the same sources, reset to the old one's state. Its sources are measured twice: iterables that keep
their own state, and plain ones, which a reset reads again from the start (that is what `--drawn` samples cost).
Each round measures all of them, one after the other; the medians and the slowest twentieth are printed, and what a draw costs
where nothing changes. Without torchdata, ours alone.

Prints JSON. What it flatters: torchdata, where more nodes (batching, prefetching) stand behind the sampler: those would be made anew
too. What it doesn't measure: the batches that a prefetching loader has already drawn, which come first for both.
"""

from __future__ import annotations

import argparse
import itertools
import json
import platform
import random
import statistics
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Callable, Dict, Iterator, List, Tuple

import mixdesk
from mixdesk.samplers import MixtureSampler, interleave

Change = Callable[[List[float]], None]
Draw = Callable[[], Any]


class Stateful:
    """An endless stream with a state."""

    def __init__(self) -> None:
        self._at = 0

    def __iter__(self) -> Iterator[int]:
        while True:
            self._at += 1
            yield self._at

    def state_dict(self) -> Dict[str, int]:
        return {"at": self._at}

    def load_state_dict(self, state: Dict[str, int]) -> None:
        self._at = state["at"]


class Plain:
    """An endless stream without one."""

    def __iter__(self) -> Iterator[int]:
        return itertools.count()


def ours(domains: int, make: Callable[[SimpleNamespace], Draw]) -> Tuple[Change, Draw]:
    names = tuple(f"domain-{i}" for i in range(domains))
    source = SimpleNamespace(mixture=mixdesk.Mixture(0, (1 / domains,) * domains, names))
    draw = make(source)

    def change(weights: List[float]) -> None:
        source.mixture = mixdesk.Mixture(source.mixture.version + 1, tuple(weights), names)

    return change, draw


def streams(domains: int, schedule: str) -> Tuple[Change, Draw]:
    return ours(domains, lambda source: interleave(source, [Stateful() for _ in range(domains)], schedule=schedule).__next__)


def indices(domains: int, schedule: str) -> Tuple[Change, Draw]:
    return ours(domains, lambda source: iter(MixtureSampler(source, [1_000_000] * domains, schedule=schedule)).__next__)


def torchdata_node(domains: int, stream: Callable[[], Any]) -> Tuple[Change, Draw]:
    from torchdata.nodes import IterableWrapper, MultiNodeWeightedSampler

    names = [f"domain-{i}" for i in range(domains)]
    sources = {name: IterableWrapper(stream()) for name in names}
    holder = SimpleNamespace(node=MultiNodeWeightedSampler(sources, dict.fromkeys(names, 1 / domains)))
    holder.node.reset()

    def change(weights: List[float]) -> None:
        state = holder.node.state_dict()
        holder.node = MultiNodeWeightedSampler(sources, dict(zip(names, weights)))
        holder.node.reset(state)

    return change, lambda: next(holder.node)


def contestants(domains: int) -> Dict[str, Tuple[Change, Draw]]:
    found = {
        "interleave, stride": streams(domains, "stride"),
        "interleave, multinomial": streams(domains, "multinomial"),
        "MixtureSampler, stride": indices(domains, "stride"),
        "MixtureSampler, multinomial": indices(domains, "multinomial"),
    }
    try:
        found["torchdata, sources with state"] = torchdata_node(domains, Stateful)
        found["torchdata, sources without state"] = torchdata_node(domains, Plain)
    except ImportError:
        print("torchdata is not installed here: ours alone", file=sys.stderr)
    return found


def measure(domains: int, changes: int, drawn: int, seed: int) -> Dict[str, Dict[str, float]]:
    rng = random.Random(seed)
    taken: Dict[str, List[float]] = {}
    steady: Dict[str, float] = {}
    rivals = contestants(domains)
    for name, (_, draw) in rivals.items():
        began = time.perf_counter()
        for _ in range(drawn):
            draw()
        steady[name] = (time.perf_counter() - began) / drawn * 1e6
        taken[name] = []
    for _ in range(changes):
        weights = [rng.random() + 0.01 for _ in range(domains)]
        weights = [weight / sum(weights) for weight in weights]
        for name, (change, draw) in rivals.items():
            began = time.perf_counter()
            change(weights)
            draw()
            taken[name].append((time.perf_counter() - began) * 1e6)
            for _ in range(20):
                draw()
    return {
        name: {
            "changeToSampleMicros": round(statistics.median(times), 1),
            "changeToSampleMicrosP95": round(sorted(times)[int(0.95 * len(times))], 1),
            "drawMicros": round(steady[name], 2),
        }
        for name, times in taken.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--domains", type=int, nargs="+", default=[8, 32, 256])
    parser.add_argument("--changes", type=int, default=200)
    parser.add_argument("--drawn", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    versions = {"python": platform.python_version(), "mixdesk": mixdesk.__version__}
    try:
        from importlib.metadata import version

        versions["torchdata"], versions["torch"] = version("torchdata"), version("torch")
    except ImportError:
        pass
    found = {
        "bench": "weight-change",
        "machine": {"processor": platform.machine(), "system": platform.system()},
        "versions": versions,
        "changes": options.changes,
        "drawn": options.drawn,
        "domains": {str(domains): measure(domains, options.changes, options.drawn, options.seed) for domains in options.domains},
    }
    text = json.dumps(found, indent=2)
    print(text)
    if options.json is not None:
        options.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
