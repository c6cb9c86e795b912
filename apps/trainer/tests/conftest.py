"""A real Kafka for every test (the one at MIXDESK_KAFKA_BROKERS, or else one that Mixdesk's own engines start), and a real server
for those that ask for it. Spools go to a folder of the test."""

import os
from pathlib import Path
from typing import Iterator

import pytest
from patience import be_patient
from server import UP, Engines, Missing, Server, make_topics
from support import Broker

be_patient(UP.__contains__)


@pytest.fixture(autouse=True)
def spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that spools go to, never the user's."""
    folder = tmp_path / "spool"
    monkeypatch.setenv("MIXDESK_SPOOL", str(folder))
    return folder


@pytest.fixture(scope="session")
def brokers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    configured = os.environ.get("MIXDESK_KAFKA_BROKERS")
    if configured:
        UP.add(configured)
        yield configured
        return
    try:
        engines = Engines(tmp_path_factory.mktemp("engines"), need="kafka")
    except Missing as missing:
        pytest.fail(f"These tests need Kafka; set MIXDESK_KAFKA_BROKERS, or: {missing}", pytrace=False)
    yield engines.brokers
    engines.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Mixdesk on engines of its own. A test that ends a part of it starts that part again."""
    try:
        started = Server(tmp_path_factory.mktemp("mixdesk"))
    except Missing as missing:
        pytest.fail(str(missing), pytrace=False)
    yield started
    started.close()


@pytest.fixture(scope="session")
def broker(brokers: str) -> Broker:
    """The broker, with Mixdesk's topics."""
    make_topics(brokers)
    return Broker(brokers)
