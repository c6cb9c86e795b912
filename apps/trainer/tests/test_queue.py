"""The queue has a bound: metrics go first, then losses, oldest first; what is left keeps its order."""

import logging
import threading

import pytest
from support import Broker, Line, new_run, until

import mixdesk
from mixdesk._outbox import FACTS, LOSSES, METRICS, Outbox


def test_the_oldest_metrics_go_first_then_the_oldest_losses_and_order_is_kept() -> None:
    outbox = Outbox(messages=4)
    outbox.put(FACTS, "start", 0, {})
    outbox.put(LOSSES, "loss 1", 0, {})
    outbox.put(METRICS, "metric 1", 0, {})
    outbox.put(LOSSES, "loss 2", 0, {})
    assert outbox.put(METRICS, "metric 2", 0, {}) == "metric 1"
    assert outbox.put(LOSSES, "loss 3", 0, {}) == "metric 2"
    assert outbox.put(LOSSES, "loss 4", 0, {}) == "loss 1"
    assert (len(outbox), outbox.dropped) == (4, 3)
    assert [record.name for record in outbox.take(3)] == ["start", "loss 2", "loss 3"]
    assert [record.name for record in outbox.take(3)] == ["loss 4"]
    assert len(outbox) == 0


def test_facts_are_never_dropped_for_others() -> None:
    outbox = Outbox(messages=2)
    outbox.put(FACTS, "start", 0, {})
    outbox.put(FACTS, "checkpoint", 0, {})
    assert outbox.put(LOSSES, "loss", 0, {}) == "loss"
    assert [record.name for record in outbox.take(9)] == ["start", "checkpoint"]


def test_large_records_count_for_more() -> None:
    outbox = Outbox(messages=100, numbers=10)
    for i in range(5):
        outbox.put(LOSSES, f"loss {i}", 0, {}, size=4)
    assert [record.name for record in outbox.take(9)] == ["loss 3", "loss 4"]
    outbox.put(LOSSES, "larger than all", 0, {}, size=11)
    assert len(outbox) == 1


def test_without_kafka_the_newest_losses_wait_and_the_drops_are_counted_and_said_once(broker: Broker, caplog: pytest.LogCaptureFixture) -> None:
    name = new_run()
    line = Line(broker.addresses)
    with caplog.at_level(logging.WARNING, logger="mixdesk"):
        run = mixdesk.start(name, domains=["web"], policy="odm", queue=101, brokers=line.address, spool=False)
        for step in range(500):
            run.log_losses(step, [1.0], [1])
            run.log_metrics(step, {"x": 1})
        assert run.stats.queued == 101
        assert run.stats.dropped == 900
        until("it is said", lambda: "cannot be reached" in caplog.text)
        # The end is told while the line is still cut: or there might be room for it already.
        ending = threading.Thread(target=run.finish)
        ending.start()
        until("the end is told", lambda: run.stats.dropped == 901)
        line.mend()
        ending.join()
    line.cut()
    events = broker.events(name)
    assert events[0].name == "run.started"
    assert events[-1].name == "run.finished"
    assert [event.data["step"] for event in events[1:-1]] == list(range(401, 500))
    assert sum("the queue is full; a losses.measured" in record.getMessage() for record in caplog.records) == 1
    assert sum("cannot be reached" in record.getMessage() for record in caplog.records) == 1
