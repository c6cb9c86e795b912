"""What the client takes of a trainer's memory: imported, reporting, and with Kafka away until the queue is full.

    python bench/memory.py [--domains 32] [--steps 30000] [--brokers ...] [--away]

Resident memory as the system counts it, MiB, as one JSON object. `--away` reports to an address where nobody listens.
"""

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path
from typing import Dict


def resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--domains", type=int, default=32)
    parser.add_argument("--steps", type=int, default=30_000)
    parser.add_argument("--brokers")
    parser.add_argument("--away", action="store_true")
    options = parser.parse_args()
    taken: Dict[str, float] = {"python": resident()}

    import confluent_kafka

    assert confluent_kafka.libversion()
    taken["with librdkafka"] = resident()
    import mixdesk

    taken["imported"] = resident()
    domains = [f"domain-{i}" for i in range(options.domains)]
    with tempfile.TemporaryDirectory() as spool:
        brokers = "127.0.0.1:1" if options.away else options.brokers
        run = mixdesk.start(f"bench-memory-{time.time_ns()}", domains=domains, policy="uniform", brokers=brokers, spool=spool)
        taken["started"] = resident()
        losses, tokens = [1.5] * options.domains, [1000] * options.domains
        most = 0.0
        for step in range(options.steps):
            run.boundary(step)
            run.log_losses(step, losses, tokens)
            if step % 500 == 0:
                most = max(most, resident())
                if not options.away:
                    time.sleep(0.02)  # faster than any training, slower than the queue
        taken["most while reporting"] = max(most, resident())
        run.finish(timeout=30)
        taken["finished"] = resident()
        taken["spooled"] = sum(file.stat().st_size for file in Path(spool).rglob("*") if file.is_file()) / 2**20
    print(json.dumps(taken))


if __name__ == "__main__":
    main()
