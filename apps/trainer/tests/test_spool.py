"""What cannot be sent goes to the local disk, and from there to Mixdesk: in order, nothing lost, nothing twice."""

import itertools
import json
import logging
import os
import random
import signal
import subprocess
import sys
import time
from collections import deque
from pathlib import Path
from typing import Deque, Iterator, List, Optional, Tuple

import pytest
from support import Broker, Line, new_run, put_away, until

import mixdesk
from mixdesk._notices import Notices
from mixdesk._outbox import FACTS, LOSSES, Outbox
from mixdesk.transports.event import Event
from mixdesk.transports.kafka import KafkaTransport
from mixdesk.transports.kafka_carrier import IN_FLIGHT
from mixdesk.transports.reporting import Reporting
from mixdesk.transports.segment import Entry, Place
from mixdesk.transports.spool import Spool, SpoolError, SpoolIn, default_folder
from mixdesk.transports.spool_names import key_of


def event(i: int, run: str = "r", pad: int = 0) -> Event:
    data = {"run": run, "step": i, "pad": "x" * pad}
    return Event(id=f"e-{i}", type="mixdesk.losses.measured.v1", source="test", run=run, data=json.dumps(data).encode())


def files(folder: Path) -> List[str]:
    return sorted(path.name for path in folder.glob("*")) if folder.exists() else []


def steps_of(broker: Broker, name: str) -> List[int]:
    return [seen.data["step"] for seen in broker.events(name, "losses.measured")]


def assert_once(broker: Broker, name: str) -> None:
    ids = [seen.headers["ce_id"] for seen in broker.events(name)]
    assert len(set(ids)) == len(ids)


class Sending:
    """A reporter with a spool that takes over soon, and what goes into it."""

    def __init__(self, address: str, folder: Path, name: str, queue: int = 20_000, most: int = 1 << 30, after: float = 0.2, rank: int = 0) -> None:
        self.name = name
        self.outbox = Outbox(queue)
        self.notices = Notices(name)
        made = KafkaTransport(address, None, SpoolIn(folder, most, after)).reporter(name, rank, self.outbox, self.notices)
        assert isinstance(made, Reporting)
        self.reporter = made
        self.reporter.start()

    def put(self, step: int, lane: int = LOSSES, pad: int = 0) -> None:
        data = {"run": self.name, "attempt": 1, "step": step, "rank": 0, "pad": "x" * pad}
        self.outbox.put(lane, "losses.measured", time.time(), data)
        self.reporter.wake()

    def end(self, timeout: float = 120.0) -> None:
        self.reporter.close(timeout)
        put_away(self.reporter)


# ---- the files ----


@pytest.mark.parametrize("seed", range(30))
def test_a_spool_is_a_queue_over_any_number_of_files_and_processes(tmp_path: Path, seed: int) -> None:
    """Against a plain list: every event comes out in order; over the processes each at least once, and exactly once until it is delivered."""
    chance = random.Random(seed)
    expected: Deque[int] = deque()
    carried: Deque[Tuple[int, Optional[Place]]] = deque()  # handed over, in order; the place where it lies in the spool, too
    made = 0
    session = 0
    spool = Spool(tmp_path, "r", 0, f"{session:x}", 1 << 20, segment_bytes=1 << 16)

    def settle(count: int) -> None:
        for _ in range(min(count, len(carried))):
            i, place = carried.popleft()
            assert expected.popleft() == i, f"seed {seed}"
            if place is not None:
                spool.settled(place)

    for _ in range(300):
        what = chance.random()
        if what < 0.3:
            new = [event(made + i, pad=chance.randrange(3000)) for i in range(chance.randrange(1, 9))]
            spool.append(new)
            expected.extend(range(made, made + len(new)))
            made += len(new)
        elif what < 0.4 and not spool.unread:
            new = [event(made + i) for i in range(chance.randrange(1, 4))]
            places = spool.append(new, handed_over=True)
            expected.extend(range(made, made + len(new)))
            carried.extend((made + i, place) for i, place in enumerate(places))
            made += len(new)
        elif what < 0.65:
            read: List[Entry] = spool.read(chance.randrange(1, 12))
            carried.extend((json.loads(entry.event.data)["step"], entry.place) for entry in read)
        elif what < 0.95:
            settle(chance.randrange(1, 12))
        else:
            lines, left = spool.close()
            assert lines == len(expected), f"seed {seed}"
            assert bool(left) == bool(expected), f"seed {seed}"
            carried.clear()
            session += 1
            spool = Spool(tmp_path, "r", 0, f"{session:x}", 1 << 20, segment_bytes=1 << 16)
            assert spool.adopt(), f"seed {seed}"
    carried.extend((json.loads(entry.event.data)["step"], entry.place) for entry in spool.read(10_000))
    settle(len(carried))
    assert not expected, f"seed {seed}"
    assert spool.close() == (0, []), f"seed {seed}"
    assert files(tmp_path) == [], f"seed {seed}"


def test_a_line_that_was_torn_by_a_kill_is_skipped_and_counted(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "r", 0, "a", 1 << 20)
    spool.append([event(0), event(1)])
    _, (path,) = spool.close()
    whole = path.read_bytes()
    for end, torn in ((len(whole) - 1, 1), (len(whole) - 60, 1), (whole.index(b"\n") + 1, 0), (5, 1)):
        path.write_bytes(whole[:end])
        after = Spool(tmp_path, "r", 0, "b", 1 << 20)
        assert after.adopt()
        entries = after.read(9)
        assert [json.loads(entry.event.data)["step"] for entry in entries] == list(range(whole[:end].count(b"\n")))
        assert after.torn == torn
        for entry in entries:
            after.settled(entry.place)
        assert after.close() == (0, [])
        assert files(tmp_path) == []


def test_names_are_safe_for_every_run_and_never_those_of_another(tmp_path: Path) -> None:
    runs = ["r", "r.r", "..", ".", "a/b", "a:b", "/" * 128, "/" * 127 + ".", "R-1_x"]
    keys = [key_of(run) for run in runs]
    assert len(set(keys)) == len(runs)
    assert all("." not in key and "/" not in key and len(key) <= 120 for key in keys)
    for run in runs:
        spool = Spool(tmp_path / "spool", run, 0, "a", 1 << 20)
        spool.append([event(7, run)])
        spool.close()
    assert [path.name for path in tmp_path.iterdir()] == ["spool"]
    for run in runs:
        spool = Spool(tmp_path / "spool", run, 0, "b", 1 << 20)
        assert spool.adopt()
        assert [entry.event.run for entry in spool.read(99)] == [run]


def test_files_are_for_the_user_alone(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "cache" / "spool", "r", 0, "a", 1 << 20)
    spool.append([event(0)])
    assert (tmp_path / "cache" / "spool").stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "cache" / "spool").iterdir()} == {0o600}


def test_the_folder_is_mixdesk_spool_then_the_cache_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIXDESK_SPOOL", str(tmp_path / "mine"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert default_folder() == tmp_path / "mine"
    monkeypatch.delenv("MIXDESK_SPOOL")
    assert default_folder() == tmp_path / "cache" / "mixdesk" / "spool"
    monkeypatch.setenv("XDG_CACHE_HOME", "not/absolute")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_folder() == tmp_path / ".cache" / "mixdesk" / "spool"


def test_a_full_spool_takes_no_part_of_what_has_no_room(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "r", 0, "a", 4000)
    spool.append([event(0, pad=3000)])
    with pytest.raises(SpoolError, match="4000 bytes"):
        spool.append([event(1), event(2, pad=3000)])
    (entry,) = spool.read(9)
    spool.settled(entry.place)
    spool.append([event(1), event(2, pad=3000)])
    assert [json.loads(entry.event.data)["step"] for entry in spool.read(9)] == [1, 2]


# ---- outages ----


def test_reports_of_a_long_outage_wait_on_disk_and_arrive_once_in_order(broker: Broker, tmp_path: Path) -> None:
    name = new_run()
    line = Line(broker.addresses)
    line.mend()
    sending = Sending(line.address, tmp_path, name, queue=500)
    step = 0
    for _ in range(2):
        for _ in range(300):  # some arrive, some are under way when the line is cut
            sending.put(step)
            step += 1
        line.cut()
        for _ in range(40):  # many times what the queue holds
            for _ in range(100):
                sending.put(step)
                step += 1
            until("there is room again", lambda: len(sending.outbox) < 250)
        # All of the 4,000 but what waits in the queue and what the Kafka client had been handed, of which the spool has copies.
        until("most of it is on disk", lambda: sending.reporter.spooled > 4000 - 500 - IN_FLIGHT)
        line.mend()
        until("all is sent", lambda: sending.reporter.unsent == 0, timeout=240)
        until("the spool is gone", lambda: files(tmp_path) == [])
    sending.end()
    line.cut()
    assert steps_of(broker, name) == list(range(step))
    assert_once(broker, name)
    reporter = sending.reporter
    assert (reporter.sent, reporter.acknowledged, reporter.spooled, reporter.dropped + sending.outbox.dropped) == (step, step, 0, 0)


def test_if_mixdesk_is_away_for_the_whole_run_the_next_start_sends_everything_first(
    broker: Broker, spool: Path, caplog: pytest.LogCaptureFixture
) -> None:
    name = new_run()
    with caplog.at_level(logging.WARNING, logger="mixdesk"):
        run = mixdesk.start(name, domains=["web"], policy="odm", brokers=Line(broker.addresses).address)
        for step in range(500):
            run.log_losses(step, [1.0], [1])
        run.finish(timeout=0.2)
        put_away(run)
    assert (run.stats.spooled, run.stats.sent, run.stats.dropped, run.stats.queued) == (502, 0, 0, 0)
    (path,) = spool.iterdir()
    (said,) = [record.getMessage() for record in caplog.records if f"{name}: 502 reports were not sent before" in record.getMessage()]
    assert f"mixdesk upload --remove {path}" in said
    again = mixdesk.resume(name, step=499, attempt=2, domains=["web"], brokers=broker.addresses)
    again.log_losses(500, [1.0], [1])
    until("all is sent", lambda: files(spool) == [])
    again.finish()
    assert steps_of(broker, name) == list(range(501))
    names = [seen.name for seen in broker.events(name)]
    assert names == ["run.started", *["losses.measured"] * 500, "run.finished", "run.resumed", "losses.measured", "run.finished"]
    assert_once(broker, name)
    assert (again.stats.acknowledged, again.stats.dropped) == (3, 0)


def test_what_was_left_unfinished_by_two_processes_is_left_again_without_what_arrived(broker: Broker, tmp_path: Path) -> None:
    name = new_run()
    dead = Line(broker.addresses).address
    for first in (0, 100):
        sending = Sending(dead, tmp_path, name)
        for step in range(first, first + 100):
            sending.put(step)
        sending.end(0.1)
        assert sending.reporter.spooled == 100
    sending = Sending(broker.addresses, tmp_path, name)
    until("it is recovered", lambda: sending.reporter.recovered == 200)
    sending.end()
    assert (sending.reporter.sent, sending.reporter.acknowledged, sending.reporter.spooled) == (0, 0, 0)
    assert steps_of(broker, name) == list(range(200))
    assert files(tmp_path) == []


def test_without_a_spool_nothing_is_written_and_the_rest_is_given_up(broker: Broker, spool: Path) -> None:
    run = mixdesk.start(new_run(), domains=["web"], policy="odm", brokers=Line(broker.addresses).address, spool=False)
    run.log_losses(0, [1.0], [1])
    run.finish(timeout=0.1)
    put_away(run)
    assert (run.stats.dropped, run.stats.spooled) == (3, 0)
    assert not spool.exists()


def test_a_folder_that_cannot_be_made_is_said_once_and_the_queue_goes_on(broker: Broker, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    name = new_run()
    (tmp_path / "file").write_text("in the way")
    line = Line(broker.addresses)
    with caplog.at_level(logging.WARNING, logger="mixdesk"):
        sending = Sending(line.address, tmp_path / "file" / "spool", name, after=0.05)
        for step in range(300):
            sending.put(step)
        until("it is said", lambda: any("the spool in" in record.getMessage() for record in caplog.records))
        line.mend()
        sending.end()
    line.cut()
    assert steps_of(broker, name) == list(range(300))
    assert sum("the spool in" in record.getMessage() for record in caplog.records) == 1


FULL_DISK = """
import resource, signal, sys, time
if sys.argv[4] != "0":
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[4]), int(sys.argv[4])))
sys.path[:0] = sys.argv[5].split(":")
from pathlib import Path
from support import until
from test_spool import Sending
import logging
logging.basicConfig(level=logging.WARNING, stream=sys.stdout, format="%(message)s")
sending = Sending(sys.argv[1], Path(sys.argv[2]), sys.argv[3], queue=10_000, after=0.1)
for step in range(3000):
    sending.put(step)
    if step % 100 == 0:
        time.sleep(0.01)
until("the disk is full", lambda: "spool" in sending.notices._counts)
print("logged", flush=True)
sys.stdin.readline()
sending.end()
print("closed", sending.reporter.sent, sending.reporter.acknowledged, sending.reporter.dropped + sending.outbox.dropped, sending.reporter.spooled)
"""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(folder)], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("only root can mount a small disk; the limit on file sizes is tested all the same")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def _train_on_a_full_disk(broker: Broker, folder: Path, limit: int) -> None:
    name = new_run()
    line = Line(broker.addresses)
    child = subprocess.Popen(
        [sys.executable, "-c", FULL_DISK, line.address, str(folder), name, str(limit), f"{Path(__file__).parent}:{Path(__file__).parents[1]}/src"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    said: List[str] = []
    for text in child.stdout:
        said.append(text)
        if text == "logged\n":
            line.mend()
            child.stdin.write("\n")
            child.stdin.flush()
    assert child.wait(120) == 0
    child.stdin.close()
    child.stdout.close()
    line.cut()
    assert sum("cannot be written" in text for text in said) == 1, said
    assert said[-1] == "closed 3000 3000 0 0\n", said
    assert steps_of(broker, name) == list(range(3000))
    assert_once(broker, name)


def test_a_disk_that_is_full_is_said_once_and_nothing_is_lost_that_the_queue_can_hold(broker: Broker, small_disk: Path) -> None:
    _train_on_a_full_disk(broker, small_disk, 0)
    assert files(small_disk) == []


def test_a_limit_on_file_sizes_is_a_full_disk(broker: Broker, tmp_path: Path) -> None:
    _train_on_a_full_disk(broker, tmp_path / "spool", 100_000)
    assert files(tmp_path / "spool") == []


# ---- several processes ----

CHILD = """
import os, sys, time
sys.path[:0] = sys.argv[4].split(":")
from pathlib import Path
from test_spool import Sending
sending = Sending(sys.argv[1], Path(sys.argv[2]), sys.argv[3], after=0.05)
for step in range(200):
    sending.put(step)
while sending.reporter.spooled < 200:
    time.sleep(0.01)
child = os.fork()  # a data loader that outlives it
if child == 0:
    time.sleep(1200)
    os._exit(0)
print(child, flush=True)
time.sleep(1200)  # both are killed before
"""


def test_a_spool_is_left_alone_while_its_process_lives_and_sent_when_it_was_killed(broker: Broker, tmp_path: Path) -> None:
    name = new_run()
    arguments = [Line(broker.addresses).address, str(tmp_path), name, f"{Path(__file__).parent}:{Path(__file__).parents[1]}/src"]
    owner = subprocess.Popen([sys.executable, "-W", "ignore", "-c", CHILD, *arguments], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    loader = int(owner.stdout.readline())
    try:
        other = Sending(broker.addresses, tmp_path, name)
        other.put(1000)
        until("its own arrives", lambda: other.reporter.acknowledged == 1)
        other.end()
        assert steps_of(broker, name) == [1000]
        owner.kill()
        owner.wait()
        after = Sending(broker.addresses, tmp_path, name)
        after.put(2000)
        until("what was left arrives", lambda: after.reporter.recovered == 200)
        after.end()
        assert steps_of(broker, name) == [1000, *range(200), 2000]
        assert files(tmp_path) == []
    finally:
        os.kill(loader, signal.SIGKILL)
        owner.kill()
        owner.stdout.close()


def test_two_processes_that_start_at_once_send_what_was_left_once_and_their_own_after_it(broker: Broker, tmp_path: Path) -> None:
    name = new_run()
    for first in (0, 3000):
        left = Sending(Line(broker.addresses).address, tmp_path, name)
        for step in range(first, first + 3000):
            left.put(step, lane=FACTS)
        left.end(0.1)
    ranks = [Sending(broker.addresses, tmp_path, name, rank=rank) for rank in range(3)]
    for i, sending in enumerate(ranks):
        sending.put(10_000 + i)
    until("all is sent", lambda: sum(sending.reporter.recovered for sending in ranks) == 6000 and all(s.reporter.acknowledged for s in ranks))
    for sending in ranks:
        sending.end()
    steps = steps_of(broker, name)
    assert steps[:6000] == list(range(6000))
    assert sorted(steps[6000:]) == [10_000, 10_001, 10_002]
    assert files(tmp_path) == []


def test_clock_jumps_change_nothing_but_the_time_in_the_events(broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = new_run()
    line = Line(broker.addresses)
    jumps = itertools.cycle([0.0, 4e9, -5.0, 1e9])
    monkeypatch.setattr(time, "time", lambda: next(jumps))
    sending = Sending(line.address, tmp_path, name)
    for step in range(100):
        sending.put(step)
    until("it is on disk", lambda: sending.reporter.spooled == 100)
    line.mend()
    until("it is sent", lambda: sending.reporter.unsent == 0)
    sending.end()
    line.cut()
    assert steps_of(broker, name) == list(range(100))
