"""Kafka may be away at the start, in the middle, or for ever. Training never notices."""

import time

from support import Broker, Line, new_run, until

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
    assert time.perf_counter() - began < 5
    assert run.stats.acknowledged == 0
    assert run.stats.queued == 2001
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
    run.finish(timeout=60)
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
    run = mixdesk.start(new_run(), domains=["web"], policy="odm", brokers=Line(broker.addresses).address)
    run.log_losses(0, [1.0], [1])
    began = time.perf_counter()
    run.finish(timeout=0.5)
    assert time.perf_counter() - began < 4
    assert run.stats.dropped == 3
    assert run.stats.queued == 0


def test_settings_that_kafka_refuses_do_not_reach_the_training_loop() -> None:
    run = mixdesk.start(new_run(), domains=["web"], policy="odm", kafka={"no.such.setting": 1})
    run.log_losses(0, [1.0], [1])
    until("it is said", lambda: run.stats.errors == 1)
    run.finish(timeout=0.2)
    assert run.stats.dropped == 3
