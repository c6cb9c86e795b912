"""Settings of the Kafka client go through, and what is secret in them stays so."""

import logging
import socket
import threading
import uuid
from typing import Any, Dict, List, Type

import pytest
from confluent_kafka import Consumer, Producer
from support import Broker, new_run, put_away, until

import mixdesk
from mixdesk._notices import Notices
from mixdesk._outbox import FACTS, Outbox
from mixdesk.transports import choose
from mixdesk.transports.kafka import KafkaTransport

SECRET = f"s3cr3t-{uuid.uuid4().hex}"
SECURED = {
    "security.protocol": "SASL_SSL",
    "sasl.mechanisms": "SCRAM-SHA-512",
    "sasl.username": "trainer",
    "sasl.password": SECRET,
    "ssl.key.password": SECRET + "-key",
    "enable.ssl.certificate.verification": "false",
    "client.id": "mine",
    "linger.ms": 7,
}


class Recorded:
    """Makes the real client, and keeps the settings that it was given."""

    def __init__(self, kind: Type[Any]) -> None:
        self._kind = kind
        self.settings: List[Dict[str, Any]] = []

    def __call__(self, settings: Dict[str, Any]) -> Any:
        self.settings.append(settings)
        return self._kind(settings)


def test_tls_sasl_and_everything_else_reach_both_clients_and_no_password_is_read_anywhere(caplog: pytest.LogCaptureFixture) -> None:
    producer, consumer = Recorded(Producer), Recorded(Consumer)
    transport = KafkaTransport("127.0.0.1:9", SECURED, None, producer, consumer)
    notices, outbox = Notices("r"), Outbox(10)
    with caplog.at_level(logging.DEBUG):
        reporter, receiver = transport.reporter("r", 0, outbox, notices), transport.receiver("r", lambda data: None, notices)
        outbox.put(FACTS, "run.annotated", 0.0, {"run": "r"})
        reporter.start()
        receiver.start()
        until("both clients are made", lambda: producer.settings and consumer.settings)
        until("it is said", lambda: caplog.records)
        receiver.close()
        reporter.close(0.1)
        receiver.join(120)
        put_away(reporter)
    for settings in (producer.settings[0], consumer.settings[0]):
        assert {key: settings[key] for key in SECURED} == SECURED
        assert settings["bootstrap.servers"] == "127.0.0.1:9"
    assert "SASL_SSL" in repr(transport)
    for text in (caplog.text, repr(transport), repr(reporter), repr(receiver)):
        assert SECRET not in text


def test_a_setting_that_is_refused_is_told_without_the_secret_beside_it(caplog: pytest.LogCaptureFixture) -> None:
    wrong = {**SECURED, "sasl.mechanisms": SECRET, "no.such.setting": SECRET}
    with caplog.at_level(logging.DEBUG):
        run = mixdesk.start(new_run(), domains=["web"], policy="odm", kafka=wrong, spool=False)
        run.log_losses(0, [1.0], [1])
        until("it is said", lambda: "refuses its settings" in caplog.text)
        run.finish(timeout=0.1)
        put_away(run)
    assert SECRET not in caplog.text


def test_with_tls_asked_for_tls_is_spoken() -> None:
    heard: List[bytes] = []
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        listening.settimeout(120)

        def hear() -> None:
            client, _ = listening.accept()
            with client:
                client.settimeout(120)
                heard.append(client.recv(3))

        ear = threading.Thread(target=hear)
        ear.start()
        address = f"127.0.0.1:{listening.getsockname()[1]}"
        run = mixdesk.start(new_run(), domains=["web"], policy="odm", brokers=address, kafka={"security.protocol": "ssl"}, spool=False)
        ear.join()
        run.finish(timeout=0.1)
        put_away(run)
    assert heard[0][:2] == b"\x16\x03", "the first bytes are not those of a TLS handshake"


def test_reports_larger_than_the_client_may_hold_wait_their_turn(broker: Broker) -> None:
    name = new_run()
    notices, outbox = Notices(name), Outbox(1000)
    transport = choose(brokers=broker.addresses, kafka={"queue.buffering.max.kbytes": 1024, "queue.buffering.max.messages": 10}, spool=False)
    reporter = transport.reporter(name, 0, outbox, notices)
    for step in range(200):
        outbox.put(FACTS, "losses.measured", 0.0, {"run": name, "step": step, "pad": "x" * 50_000})
    reporter.start()
    until("all arrive", lambda: reporter.acknowledged == 200)
    reporter.close(120)
    assert [seen.data["step"] for seen in broker.events(name)] == list(range(200))
    assert notices.errors == 0


def test_the_receiver_has_caught_up_when_it_has_read_what_was_there(broker: Broker) -> None:
    for commands in (0, 3):
        name = new_run()
        for version in range(commands):
            broker.command(name, version + 1, [0.5, 0.5])
        taken: List[Dict[str, Any]] = []
        receiver = choose(brokers=broker.addresses).receiver(name, taken.append, Notices(name))
        receiver.start()
        assert receiver.caught_up.wait(120)
        assert [data["version"] for data in taken] == list(range(1, commands + 1))
        receiver.close()
        receiver.join(120)


def test_where_reading_is_impossible_nobody_waits_for_it() -> None:
    receiver = choose(brokers="127.0.0.1:9", kafka={"no.such.setting": 1}).receiver("r", lambda data: None, Notices("r"))
    receiver.start()
    assert receiver.caught_up.wait(120)
    receiver.join(120)
