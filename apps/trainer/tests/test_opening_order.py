"""What ranks report before rank 0 has opened the attempt would be lost at the server: it waits, in memory or on disk, and not for ever."""

import random
import time
from pathlib import Path
from typing import Any, List, Optional

import pytest
from server import Server
from support import Broker, Line, new_run, put_away, until

import mixdesk
from mixdesk._notices import Notices
from mixdesk._outbox import LOSSES, Outbox
from mixdesk.transports import reporting
from mixdesk.transports.kafka import KafkaTransport
from mixdesk.transports.reporting import Reporting
from mixdesk.transports.spool import SpoolIn


def begin(name: str, rank: int, **options: Any) -> mixdesk.Run:
    return mixdesk.start(name, domains=["web", "code"], policy="odm", ranks=2, rank=rank, **options)


def log(run: mixdesk.Run, first: int, count: int) -> None:
    for step in range(first, first + count):
        run.log(step, losses=[1.0, 1.0], tokens=[1, 1], sequences=[1, 1])


def could_send(run: mixdesk.Run) -> bool:
    """Whether it is connected, and keeps something back all the same."""
    assert isinstance(run._reporter, Reporting)
    return run._reporter._gate_since is not None


def told(broker: Broker, name: str) -> List[Any]:
    return [(event.name, event.data.get("attempt"), event.data.get("rank"), event.data.get("step")) for event in broker.events(name)]


def test_what_a_rank_reports_early_waits_for_the_answer_to_the_start_and_to_each_resume(broker: Broker) -> None:
    name = new_run()
    other = begin(name, 1, brokers=broker.addresses)
    log(other, 0, 3)
    until("it could send", lambda: could_send(other))
    until("all of it waits", lambda: other.stats.queued + other.stats.spooled == 3)  # in memory, or on disk after some seconds
    assert (other.stats.sent, broker.events(name)) == (0, [])
    first = begin(name, 0, brokers=broker.addresses)
    log(first, 0, 3)
    until("rank 0 is through", lambda: first.stats.acknowledged == 4)
    opening = broker.events(name, "run.started")[0].headers["ce_id"]
    assert other.stats.sent == 0
    broker.command(name, 1, [0.5, 0.5], openedBy=opening)
    until("all of attempt 1 is there", lambda: other.stats.acknowledged == 3)
    log(other, 3, 1)
    until("nothing waits any more", lambda: other.stats.acknowledged == 4)

    # Back to step 1; rank 1 is there first.
    other.resume(1)
    log(other, 2, 2)
    until("it could send", lambda: could_send(other))
    first.resume(1)
    log(first, 2, 2)
    until("rank 0 is through", lambda: first.stats.acknowledged == 7)
    assert other.stats.sent == 4
    broker.command(name, 2, [0.4, 0.6], attempt=2, openedBy=broker.events(name, "run.resumed")[0].headers["ce_id"])
    until("all of attempt 2 is there", lambda: other.stats.acknowledged == 6)
    other.finish()
    first.finish()
    assert (other.rejected, first.rejected) == (None, None)
    assert other.stats.errors == first.stats.errors == 0
    assert told(broker, name) == [
        ("run.started", 1, None, None),
        *[("losses.measured", 1, 0, step) for step in range(3)],
        *[("losses.measured", 1, 1, step) for step in range(4)],
        ("run.resumed", 2, None, 1),
        *[("losses.measured", 2, 0, step) for step in (2, 3)],
        *[("losses.measured", 2, 1, step) for step in (2, 3)],
        ("run.finished", 2, None, 3),
    ]


@pytest.mark.parametrize("way", ["brokers", "url"])
def test_the_server_loses_nothing_of_a_rank_that_is_there_first(server: Server, way: str) -> None:
    name, where = new_run(), {way: getattr(server, way)}
    other = begin(name, 1, **where)
    log(other, 0, 20)
    until("it could send", lambda: could_send(other))
    with begin(name, 0, **where) as first:
        log(first, 0, 20)
        until("all is there", lambda: other.stats.acknowledged == 20)
        log(other, 20, 5)
        log(first, 20, 5)
        other.finish()
    server.until_step(name, 24)
    counted = f"SELECT count(), uniqExact(step), min(ranks), max(ranks) FROM losses WHERE run = '{name}'"
    until("the history has all steps of both", lambda: server.sql(counted) == [[50, 25, 2, 2]])


def test_where_nobody_answers_it_waits_no_longer_than_a_while(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reporting, "LONGEST_HOLD", 0.2)
    name = new_run()
    with begin(name, 1, brokers=broker.addresses) as run:
        log(run, 0, 3)
        until("all is there", lambda: run.stats.acknowledged == 3)
    assert run.stats.dropped == 0


def test_while_kafka_is_away_no_time_counts(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ranks find it at the same moment again, and rank 0 may be the slower one."""
    monkeypatch.setattr(reporting, "LONGEST_HOLD", 0.0)
    line = Line(broker.addresses)
    with begin(new_run(), 1, brokers=line.address) as run:
        log(run, 0, 3)
        until("it has tried", lambda: run.stats.errors > 0)
        assert isinstance(run._reporter, Reporting)
        assert run._reporter._gate == 0
        line.mend()
        until("all is there", lambda: run.stats.acknowledged == 3)
    line.cut()


@pytest.mark.parametrize("how", ["finish", "flush"])
def test_the_end_and_a_flush_let_go(broker: Broker, how: str) -> None:
    name = new_run()
    run = begin(name, 1, brokers=broker.addresses)
    log(run, 0, 3)
    until("it could send", lambda: could_send(run))
    if how == "flush":
        assert run.flush()
        until("all is there", lambda: run.stats.acknowledged == 3)
        log(run, 3, 1)  # no gate is shut again
        until("this one is there, too", lambda: run.stats.acknowledged == 4)
    run.finish()
    assert [event.data["step"] for event in broker.events(name)] == list(range(4 if how == "flush" else 3))


def test_a_process_that_ends_while_nobody_answers_leaves_all_in_the_spool(broker: Broker, spool: Path) -> None:
    name = new_run()
    run = begin(name, 1, brokers=Line(broker.addresses).address)
    log(run, 0, 600)
    run.finish(timeout=0.1)
    put_away(run)
    assert (run.stats.spooled, run.stats.dropped) == (600, 0)
    assert sum(len(path.read_text().splitlines()) for path in spool.glob("*.jsonl")) == 600


# ---- the gate ----


@pytest.mark.parametrize("seed", range(4))
def test_nothing_passes_a_shut_gate_and_all_comes_in_order(broker: Broker, tmp_path: Path, seed: int) -> None:
    """With a spool that takes what waits at once, and a line that is cut and mended."""
    chance, name, line = random.Random(seed), new_run(), Line(broker.addresses)
    line.mend()
    outbox, notices = Outbox(chance.choice([64, 20_000])), Notices(name)
    made = KafkaTransport(line.address, None, SpoolIn(tmp_path / "mine", 1 << 30, 0.02)).reporter(name, 1, outbox, notices)
    assert isinstance(made, Reporting)
    made.start()
    put = 0
    gate: Optional[int] = None
    story = []
    for _ in range(25):
        deed = chance.choice(["put", "put", "put", "hold", "release", "rest", "line"])
        story.append(deed)
        if deed == "put":
            for _ in range(chance.choice([1, 20, 300])):
                until("there is room", lambda: len(outbox) < 60)
                outbox.put(LOSSES, "losses.measured", time.time(), {"run": name, "attempt": 1, "step": put, "rank": 1})
                made.wake()
                put += 1
        elif deed == "hold":
            made.hold()
            gate = put if gate is None else gate
        elif deed == "release":
            made.release()
            gate = None
        elif deed == "line" and chance.random() < 0.5:
            line.cut()
            line.mend()
        elif deed == "rest":
            limit = put if gate is None else gate
            until(f"seed {seed}, {story}: {limit} are there", lambda limit=limit: made.acknowledged >= limit)  # type: ignore[misc]
            assert made.acknowledged == limit, f"seed {seed}, {story}"
            until("the rest is kept", lambda: made.unsent == put - limit)  # noqa: B023
    made.close(120)
    put_away(made)
    line.cut()
    assert (made.acknowledged, made.spooled, made.dropped) == (put, 0, 0), f"seed {seed}, {story}"
    assert [event.data["step"] for event in broker.events(name)] == list(range(put)), f"seed {seed}, {story}"
