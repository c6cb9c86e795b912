"""How long a command takes to its first batch, beside a bare Kafka client that does nothing but receive it.

    python bench/first_batch.py --brokers 127.0.0.1:19092 [--commands 300] [--step-ms 5]

One process sends commands for a run, one at a time, at moments unrelated to the steps. A training loop in another
thread takes mixtures at its boundaries and draws a batch by each; a bare consumer of the same partition, with the
client's settings, notes when it has the same message. One JSON object is printed: milliseconds from the send.
"""

import argparse
import json
import random
import threading
import time
from typing import Dict, List

from confluent_kafka import OFFSET_END, Consumer, Producer, TopicPartition

import mixdesk

TOPIC = "mixdesk.trainer-commands.v1"
DOMAINS = [f"domain-{i}" for i in range(32)]


class Bare:
    """A consumer that parses nothing but the version."""

    def __init__(self, brokers: str, run: str) -> None:
        self.seen: Dict[int, float] = {}
        self._run = run.encode()
        self._consumer = Consumer({"bootstrap.servers": brokers, "group.id": "bench", "enable.auto.commit": False})
        partitions = self._consumer.list_topics(TOPIC, timeout=10).topics[TOPIC].partitions
        self._consumer.assign([TopicPartition(TOPIC, p, OFFSET_END) for p in partitions])
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._work, daemon=True)
        self.thread.start()

    def _work(self) -> None:
        while not self.stopping.is_set():
            message = self._consumer.poll(0.25)
            if message is None or message.error() is not None or message.key() != self._run:
                continue
            moment = time.perf_counter()
            value = message.value()
            assert value is not None
            self.seen[int(json.loads(value)["version"])] = moment
        self._consumer.close()


def command(run: str, version: int, weights: List[float]) -> bytes:
    data = {
        "run": run,
        "attempt": 1,
        "version": version,
        "fromStep": 0,
        "domains": DOMAINS,
        "weights": weights,
        "meaning": "samplingProbability",
        "lifecycle": "train",
        "decidedAtStep": 0,
        "policy": {"name": "odm", "version": 1},
        "decisionId": f"bench-{version}",
        "because": "a benchmark",
    }
    return json.dumps(data).encode()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--brokers", required=True)
    parser.add_argument("--commands", type=int, default=300)
    parser.add_argument("--step-ms", type=float, default=5.0)
    options = parser.parse_args()
    name = f"bench-first-batch-{time.time_ns()}"
    rng = random.Random(0)
    bare = Bare(options.brokers, name)
    # Not the server decides here: its run never starts, the commands are the benchmark's own.
    run = mixdesk.start(name, domains=DOMAINS, policy="uniform", brokers=options.brokers)
    first: Dict[int, float] = {}
    stopping = threading.Event()

    def train() -> None:
        step = 0
        while not stopping.is_set():
            mixture = run.boundary(step)
            rng.choices(DOMAINS, mixture.weights, k=32)
            first.setdefault(mixture.version, time.perf_counter())
            time.sleep(options.step_ms / 1000)  # the step; on a GPU the interpreter waits as idly
            step += 1

    loop = threading.Thread(target=train, daemon=True)
    loop.start()
    producer = Producer({"bootstrap.servers": options.brokers, "partitioner": "murmur2", "acks": "all", "linger.ms": 0})
    headers = [("ce_specversion", b"1.0"), ("ce_type", b"mixdesk.mixture.set.v1"), ("ce_source", b"bench"), ("content-type", b"application/json")]
    sent: Dict[int, float] = {}
    pause = random.Random(1)
    for version in range(10, 10 + options.commands + 20):
        weights = [pause.random() for _ in DOMAINS]
        value = command(name, version, [weight / sum(weights) for weight in weights])
        time.sleep(pause.uniform(0.005, 0.015))
        sent[version] = time.perf_counter()
        producer.produce(TOPIC, key=name.encode(), value=value, headers=[*headers, ("ce_id", f"{name}-{version}".encode())])
        producer.flush(10)
        deadline = time.monotonic() + 10
        while not (version in first and version in bare.seen):
            if time.monotonic() > deadline:
                raise SystemExit(f"Version {version} did not come within 10 s.")
            time.sleep(0.0005)
    stopping.set()
    bare.stopping.set()
    loop.join()
    bare.thread.join()
    run.finish(timeout=30)
    counted = sorted(sent)[20:]  # the first ones warm up
    result = {
        "stepMs": options.step_ms,
        "domains": len(DOMAINS),
        "firstBatch": [(first[v] - sent[v]) * 1000 for v in counted],
        "bare": [(bare.seen[v] - sent[v]) * 1000 for v in counted],
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
