"""Sends prepared messages with librdkafka, as trainers do: the least that load can cost its machine.

Reads commands from stdin, a line each: ``prepare FILE`` (a line a message: key, id, type, time and value, tabs between)
and ``go``; answers each with a line of JSON.
"""

import json
import resource
import sys
import time

from confluent_kafka import Producer

brokers, topic, compression = sys.argv[1:4]
producer = Producer(
    {
        "bootstrap.servers": brokers,
        "partitioner": "murmur2_random",
        "acks": "all",
        "compression.type": compression,
        "linger.ms": 5,
        "queue.buffering.max.messages": 200_000,
        "queue.buffering.max.kbytes": 262_144,
    }
)
failed: "list[str]" = []


def delivered(error, _message):
    if error is not None:
        failed.append(str(error))


def prepare(path):
    messages = []
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            key, id_, type_, time_, value = line.rstrip("\n").split("\t", 4)
            headers = [
                ("ce_specversion", "1.0"),
                ("ce_id", id_),
                ("ce_type", type_),
                ("ce_source", "mixdesk-bench"),
                ("ce_time", time_),
                ("content-type", "application/json"),
            ]
            messages.append((key.encode(), value.encode(), headers))
    return messages


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def go(messages):
    began, cpu = time.perf_counter(), cpu_seconds()
    # The start of every run first, as a trainer waits for nothing but that.
    for key, value, headers in messages:
        while True:
            try:
                producer.produce(topic, value, key, on_delivery=delivered, headers=headers)
                break
            except BufferError:
                producer.poll(0.05)
    producer.flush()
    if failed:
        raise SystemExit(f"{len(failed)} messages were not delivered: {failed[0]}")
    return {"seconds": time.perf_counter() - began, "cpuSeconds": cpu_seconds() - cpu}


prepared = []
for line in sys.stdin:
    command, _, path = line.strip().partition(" ")
    if command == "prepare":
        prepared = prepare(path)
        answer = {"messages": len(prepared)}
    else:
        answer = go(prepared)
        prepared = []
    print(json.dumps(answer), flush=True)
