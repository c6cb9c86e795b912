"""Kafka may be away at the start, in the middle, or for ever. Training never notices."""

import time
from pathlib import Path
from typing import Any, List

import pytest
from confluent_kafka import Producer
from server import Engines, Server, make_topics
from support import EVENTS, Broker, Line, new_run, put_away, until

import mixdesk


def steps_of(broker: Broker, name: str) -> "list[int]":
    return [event.data["step"] for event in broker.events(name, "losses.measured")]


def test_kafka_comes_after_the_run_began_and_everything_arrives_once_in_order(broker: Broker) -> None:
    name = new_run()
    line = Line(broker.addresses)
    began = time.perf_counter()
    run = mixdesk.start(name, domains=["web", "code"], policy="odm", brokers=line.address, strict=True)
    for step in range(2000):
        run.boundary(step)
        run.log_losses(step, [1.0, 2.0], [1, 2])
    assert time.perf_counter() - began < 120  # calls that wait for as little as a tenth of a second would take longer
    # Where this took some seconds, part of it is on disk by now, or on the way there.
    until("all of it waits", lambda: run.stats.queued + run.stats.spooled == 2001)
    assert (run.stats.sent, run.stats.acknowledged) == (0, 0)
    line.mend()
    until("everything is acknowledged", lambda: run.stats.acknowledged == 2001)
    run.finish()
    line.cut()
    assert steps_of(broker, name) == list(range(2000))
    assert broker.events(name)[0].name == "run.started"


def test_the_line_is_cut_in_the_middle_and_nothing_is_lost_or_doubled(broker: Broker) -> None:
    name = new_run()
    line = Line(broker.addresses)
    line.mend()
    run = mixdesk.start(name, domains=["web"], policy="odm", brokers=line.address, strict=True)
    step = 0
    for _ in range(3):
        acknowledged = run.stats.acknowledged
        for _ in range(1500):
            run.log_losses(step, [1.0], [1])
            step += 1
        until("some are acknowledged", lambda seen=acknowledged: run.stats.acknowledged > seen)  # type: ignore[misc]
        line.cut()
        for _ in range(500):
            run.log_losses(step, [1.0], [1])
            step += 1
        line.mend()
    run.finish()
    line.cut()
    assert steps_of(broker, name) == list(range(6000))
    ids = [event.headers["ce_id"] for event in broker.events(name)]
    assert len(set(ids)) == len(ids)
    assert run.stats.dropped == 0


def test_a_mixture_arrives_after_an_outage(broker: Broker) -> None:
    name = new_run()
    line = Line(broker.addresses)
    line.mend()
    run = mixdesk.start(name, domains=["web", "code"], policy="odm", brokers=line.address)
    broker.command(name, 1, [0.9, 0.1])
    until("mixture 1", lambda: run.boundary(1).version == 1)
    line.cut()
    broker.command(name, 2, [0.8, 0.2])
    assert run.boundary(2).version == 1
    line.mend()
    until("mixture 2", lambda: run.boundary(3).version == 2)
    run.finish()
    line.cut()


def test_without_kafka_for_ever_the_end_waits_no_longer_than_asked(broker: Broker) -> None:
    run = mixdesk.start(new_run(), domains=["web"], policy="odm", brokers=Line(broker.addresses).address, spool=False)
    run.log_losses(0, [1.0], [1])
    began = time.perf_counter()
    run.finish(timeout=0.5)
    assert time.perf_counter() - began < 90
    put_away(run)
    assert run.stats.dropped == 3
    assert run.stats.queued == 0


def test_settings_that_kafka_refuses_do_not_reach_the_training_loop() -> None:
    run = mixdesk.start(new_run(), domains=["web"], policy="odm", kafka={"no.such.setting": 1}, spool=False)
    run.log_losses(0, [1.0], [1])
    until("it is said", lambda: run.stats.errors >= 1)  # and again, each time that it tries
    run.finish(timeout=0.2)
    put_away(run)
    assert run.stats.dropped == 3


def test_another_broker_at_the_address_that_knows_the_producer_as_somebody_else_gets_the_rest(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Such a producer is beyond help, says the client's library; the run is not."""
    name = new_run()
    first, second = Engines(tmp_path / "first", need="kafka"), Engines(tmp_path / "second", need="kafka")
    line = Line(first.brokers)
    try:
        for engines in (first, second):
            make_topics(engines.brokers)
        for _ in range(3):  # the numbers that brokers give to producers begin at 0
            other = Producer({"bootstrap.servers": second.brokers, "enable.idempotence": True, "partitioner": "murmur2"})
            other.produce(EVENTS, key=name.encode(), value=b"{}", headers=[("ce_type", b"mixdesk.run.annotated.v1")])
            assert other.flush(120) == 0
        line.mend()
        run = mixdesk.start(name, domains=["web"], policy="odm", brokers=line.address)
        for step in range(50):
            run.log_losses(step, [1.0], [1])
        until("the first part arrives", lambda: run.stats.acknowledged == 51)
        line.cut()
        for step in range(50, 100):
            run.log_losses(step, [1.0], [1])
        line.lead_to(second.brokers)
        line.mend()
        until("the second part arrives", lambda: run.stats.acknowledged == 101)
        for step in range(100, 150):
            run.log_losses(step, [1.0], [1])
        run.finish()
        assert (run.stats.dropped, run.stats.spooled) == (0, 0)
        assert steps_of(Broker(first.brokers), name) == list(range(50))
        assert steps_of(Broker(second.brokers), name) == list(range(50, 150))
        assert "it will be sent again" in caplog.text
    finally:
        line.cut()
        first.close()
        second.close()


def decisions_of(server: Server, name: str) -> List[Any]:
    return [(fact["data"]["version"], fact["data"]["step"], fact["data"]["weights"]) for fact in server.decisions(name, "MixtureDecided")]


def test_broker_and_server_are_killed_during_training_and_the_decisions_are_those_of_an_undisturbed_run(server: Server, spool: Path) -> None:
    names = [new_run(), new_run()]
    for name, disturbed in zip(names, (False, True)):
        run = mixdesk.start(name, domains=["web", "code"], policy="odm", cadence=5, brokers=server.brokers)
        for step in range(400):
            run.log_losses(step, [3.0 - step / 500, 2.0 + step / 500], [1, 1], sequences=[1, 1], mixture_version=0)
            if disturbed and step == 100:
                until("some arrives", lambda: run.stats.acknowledged > 50)  # noqa: B023
                server.kill_broker()
            if disturbed and step == 200:
                until("the spool takes over", lambda: spool.exists() and list(spool.glob("*.jsonl")))
                server.kill()
            if disturbed and step == 300:
                server.start_broker()
                server.start()
        until("all arrives", lambda: run.stats.acknowledged == 401)  # noqa: B023
        run.finish()
        assert (run.stats.dropped, run.stats.spooled) == (0, 0)
        server.until_step(name, 399)
        counted = f"SELECT count(), uniqExact(step) FROM losses WHERE run = '{name}'"
        until("the history has all, once", lambda: server.sql(counted) == [[800, 400]])  # noqa: B023
        server.until_decided(name, 399)
    assert decisions_of(server, names[1]) == decisions_of(server, names[0])
