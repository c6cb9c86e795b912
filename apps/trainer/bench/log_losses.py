"""How long `log_losses` keeps a training loop, in microseconds.

    python bench/log_losses.py [--domains 32] [--calls 20000] [--brokers ...]

Two readings: calls at a pace (a training step of 1 ms in between), and calls back to back, where the sending thread
competes for the interpreter all the time. Kafka may be there or not; without it, the queue fills and drops.
"""

import argparse
import time
from typing import List

import numpy as np

import mixdesk


def measure(run: mixdesk.Run, calls: int, domains: int, pause: float) -> "List[float]":
    rng = np.random.default_rng(0)
    losses, tokens = rng.random(domains) * 1e4, rng.integers(1, 10_000, domains)
    taken = []
    for step in range(calls):
        if pause:
            until = time.perf_counter() + pause
            while time.perf_counter() < until:
                losses @ losses
        began = time.perf_counter()
        run.boundary(step)
        run.log_losses(step, losses, tokens)
        taken.append((time.perf_counter() - began) * 1e6)
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--domains", type=int, default=32)
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--brokers")
    options = parser.parse_args()
    run = mixdesk.start(
        f"bench-log-losses-{time.time_ns()}", domains=[f"domain-{i}" for i in range(options.domains)], policy="uniform", brokers=options.brokers
    )
    for title, calls, pause in [("a call a millisecond", options.calls // 4, 1e-3), ("back to back", options.calls, 0.0)]:
        taken = measure(run, calls, options.domains, pause)
        p50, p99, p999 = np.percentile(taken, [50, 99, 99.9])
        print(f"{title}, {options.domains} domains, {calls} calls:")
        print(f"  p50 {p50:.1f} µs, p99 {p99:.1f} µs, p99.9 {p999:.1f} µs, worst {max(taken):.0f} µs")
    run.finish(timeout=30)
    print(run.stats)


if __name__ == "__main__":
    main()
