"""A trainer whose reports are a function of step and rank alone, so that whatever happens to Mixdesk, the same decisions are due.

    python steady_trainer.py '{"run": ..., "brokers": ..., "steps": 200}'

Prints a JSON line for each step: how long the client kept it. The policy is DoReMi, which reads excess losses and does not ask
under which mixture they were sampled. Options: `first` (the step to begin with), `rank`, `ranks`, `pace` (seconds a step, default 0.02),
`slow` (every tenth step takes this much longer), `jump` (the wall clock leaps by this many seconds every 30 steps, there and back),
`wait` (finish waits this long), `state` (of `Run.state_dict`), `spool_bytes`, `stay` (after this step it goes on only when its standard
input ends). Rank 0 of several ends when its standard input does.
"""

import dataclasses
import json
import sys
import time
from typing import Any, Dict, List

from support import put_away, until

import mixdesk

DOMAINS = ["web", "code", "books"]
CADENCE = 10


def tokens(step: int, rank: int) -> List[int]:
    return [64 + (7 * step + 13 * rank + 29 * i) % 64 for i in range(len(DOMAINS))]


def excess(step: int, rank: int) -> List[float]:
    """Sums of clipped excess losses; powers of two, so that they add up exactly in any order."""
    return [((3 * step + 5 * rank + 11 * (i + 1)) % (20 + 9 * i)) / 8 for i in range(len(DOMAINS))]


def losses(step: int, rank: int) -> List[float]:
    return [2.0 * counted + over for counted, over in zip(tokens(step, rank), excess(step, rank))]


def leap(seconds: float) -> None:
    """From now on the wall clock says something else, as after a correction by hand."""
    real = time.time
    time.time = lambda: real() + seconds  # the client asks for it by this name


def train(options: Dict[str, Any]) -> None:
    rank, ranks = options.get("rank", 0), options.get("ranks", 1)
    run = mixdesk.start(
        options["run"],
        domains=DOMAINS,
        policy="doremi",
        cadence=CADENCE,
        lateness=options["steps"],  # processes start seconds apart, which is many of these steps
        ranks=ranks,
        rank=rank,
        brokers=options.get("brokers"),
        url=options.get("url"),
        signals=["clippedExcessSum"],
        state=options.get("state"),
        spool_bytes=options.get("spool_bytes", 1 << 20),
    )
    with_jumps = options.get("jump")
    for step in range(options.get("first", 0), options["steps"]):
        if with_jumps and step % 30 == 29:
            leap(with_jumps if step % 60 == 29 else -with_jumps)
        began = time.perf_counter()
        mixture = run.boundary(step)
        run.log(step, losses=losses(step, rank), tokens=tokens(step, rank), signals={"clippedExcessSum": excess(step, rank)})
        kept = time.perf_counter() - began
        told = {"step": step, "version": mixture.version, "kept": kept, "rejected": run.rejected, "dropped": run.stats.dropped}
        print(json.dumps(told), flush=True)
        if run.should_stop:
            break
        if step == options.get("stay"):
            sys.stdin.read()
        time.sleep(options.get("pace", 0.02) + (options.get("slow", 0.0) if step % 10 == 9 else 0.0))
    if rank == 0 and ranks > 1:
        sys.stdin.read()  # rank 0 tells of the end, and the others may not be there yet
    if rank > 0:  # a rank that ends lets go what it keeps back until rank 0 has opened the run
        until("the run is open", lambda: run.offered is not None or run.mixture.version > 0)
    run.finish(timeout=options.get("wait", 120.0))
    put_away(run)
    print(json.dumps({"stats": dataclasses.asdict(run.stats)}), flush=True)


if __name__ == "__main__":
    train(json.loads(sys.argv[1]))
