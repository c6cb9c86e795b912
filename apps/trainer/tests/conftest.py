"""A real Kafka for every test: the one at MIXDESK_KAFKA_BROKERS, or else one that Mixdesk's own engines start."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Iterator

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from support import Broker

REPOSITORY = Path(__file__).resolve().parents[3]
ENGINES = REPOSITORY / "libs" / "engines" / "dist" / "index.js"
PARTITIONS = 12

START_KAFKA = """
const { startEngines } = await import(process.argv[1])
const engines = await startEngines({ home: process.argv[2], need: ['kafka'], onProgress: (line) => console.error(line) })
console.log(JSON.stringify(engines.endpoints.kafka.brokers))
process.stdin.resume().on('end', () => engines.stop().then(() => process.exit(0)))
"""


@pytest.fixture(scope="session")
def brokers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    configured = os.environ.get("MIXDESK_KAFKA_BROKERS")
    if configured:
        yield configured
        return
    node = shutil.which("node")
    if node is None or not ENGINES.exists():
        pytest.fail(
            "These tests need Kafka: set MIXDESK_KAFKA_BROKERS, or build the repository (npm ci && npm run build) so that one can be started.",
            pytrace=False,
        )
    home = tmp_path_factory.mktemp("engines")
    started = subprocess.Popen(
        [node, "--input-type=module", "--eval", START_KAFKA, str(ENGINES), str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert started.stdin is not None
    assert started.stdout is not None
    line = started.stdout.readline()
    if not line:
        pytest.fail(f"Kafka did not start (node ended with {started.wait()}); its words are above.", pytrace=False)
    yield ",".join(json.loads(line))
    started.stdin.close()
    started.wait(60)
    started.stdout.close()


@pytest.fixture(scope="session")
def broker(brokers: str) -> Broker:
    """The broker, with Mixdesk's topics."""
    admin = AdminClient({"bootstrap.servers": brokers})
    wanted = [
        NewTopic("mixdesk.trainer-events.v1", PARTITIONS, 1),
        NewTopic("mixdesk.trainer-commands.v1", PARTITIONS, 1, config={"cleanup.policy": "compact"}),
    ]
    for made in admin.create_topics(wanted).values():
        try:
            made.result(30)
        except KafkaException as error:
            if error.args[0].name() != "TOPIC_ALREADY_EXISTS":
                raise
    return Broker(brokers)
