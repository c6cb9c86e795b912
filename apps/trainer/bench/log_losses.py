"""How long `log_losses` keeps a training loop, in microseconds.

    python bench/log_losses.py [--domains 32] [--calls 20000] [--brokers ...]

Two readings: calls with some matrix products in between (about a millisecond, the fastest of training steps), and
calls back to back, where the sending thread competes for the interpreter all the time. Before them stands the same
loop with nothing but a copy of the two arrays: what its tail shows is the machine's. Kafka may be there or not;
without it, the queue fills and drops.
"""

import argparse
import os
import time
from typing import Any, Callable, List

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
import numpy as np

import mixdesk


def measure(report: "Callable[[int, Any, Any], None]", calls: int, domains: int, products: int) -> "List[float]":
    rng = np.random.default_rng(0)
    losses, tokens = rng.random(domains) * 1e4, rng.integers(1, 10_000, domains)
    work = rng.random((256, 256), np.float32)
    taken = []
    for step in range(calls):
        for _ in range(products):
            work @ work
        began = time.perf_counter()
        report(step, losses, tokens)
        taken.append((time.perf_counter() - began) * 1e6)
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--domains", type=int, default=32)
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--brokers")
    options = parser.parse_args()
    paces = [("in a training loop", options.calls // 4, 3), ("back to back", options.calls, 0)]

    def read(what: str, report: "Callable[[int, Any, Any], None]") -> None:
        for title, calls, products in paces:
            taken = measure(report, calls, options.domains, products)
            p50, p99, p999 = np.percentile(taken, [50, 99, 99.9])
            print(f"{what}, {title}: p50 {p50:.1f} µs, p99 {p99:.1f} µs, p99.9 {p999:.1f} µs, worst {max(taken):.0f} µs")

    print(f"{options.domains} domains, {options.calls // 4} and {options.calls} calls")

    def copy(_step: int, losses: Any, tokens: Any) -> None:
        losses.tolist()
        tokens.tolist()

    read("bare copy", copy)
    domains = [f"domain-{i}" for i in range(options.domains)]
    run = mixdesk.start(f"bench-log-losses-{time.time_ns()}", domains=domains, policy="uniform", brokers=options.brokers)

    def step_of_training(step: int, losses: Any, tokens: Any) -> None:
        run.boundary(step)
        run.log_losses(step, losses, tokens)

    read("boundary and log_losses", step_of_training)
    run.finish(timeout=30)
    print(run.stats)


if __name__ == "__main__":
    main()
