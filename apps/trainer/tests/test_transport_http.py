"""Over HTTP: no Kafka in the trainer, and the same promises. The server is the real one; what stands before it is a gate that misbehaves."""

import json
import logging
import shutil
import subprocess
import threading
import time
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional

import pytest
from gate import Gate, Reply, Seen, times
from server import Server
from support import kept_port, new_run, put_away, until

import mixdesk
from mixdesk._notices import Notices
from mixdesk._outbox import FACTS, LOSSES, Outbox
from mixdesk.transports.http import HttpTransport
from mixdesk.transports.http_receiver import FIRST_PAUSE
from mixdesk.transports.reporting import Reporting

SECRET = "a-token-that-nobody-should-read"


@pytest.fixture
def gate(server: Server) -> Iterator[Gate]:
    made = Gate(server.url)
    yield made
    made.close()


def lost_and_doubled(server: Server, name: str, steps: int, domains: int = 2) -> None:
    """Every step is in the history, each once."""
    server.until_step(name, steps - 1)
    until("the history has all", lambda: server.sql(f"SELECT count() FROM losses WHERE run = '{name}'") == [[steps * domains]])
    rows = server.sql(f"SELECT step, count() FROM losses WHERE run = '{name}' GROUP BY step ORDER BY step")
    assert rows == [[step, domains] for step in range(steps)]


def log(run: mixdesk.Run, step: int) -> None:
    run.log_losses(step, [3.0 - step / 100, 2.0 + step / 100], [1, 1], sequences=[1, 1], mixture_version=0)


def weights(server: Server, name: str) -> List[Any]:
    return [(fact["data"]["version"], fact["data"]["weights"]) for fact in server.decisions(name, "MixtureDecided")]


def test_a_run_over_http_gets_its_mixtures_and_the_decisions_that_it_gets_over_kafka(server: Server) -> None:
    names = {"url": new_run(), "brokers": new_run()}
    for way, name in names.items():
        where: Dict[str, Any] = {way: getattr(server, way)}
        run = mixdesk.start(name, domains=["web", "code"], policy="odm", cadence=5, strict=True, **where)
        for step in range(40):
            run.boundary(step)
            log(run, step)
        until("the mixture of step 40", lambda: run.boundary(40).from_step == 40)  # noqa: B023
        run.finish()
        assert run.stats.dropped == run.stats.spooled == run.stats.errors == 0
        lost_and_doubled(server, name, 40)
        until("the end", lambda: (server.run(name) or {}).get("status") == "completed")  # noqa: B023
        newest = weights(server, name)[-1][0]
        until("the last is confirmed", lambda: server.sql(f"SELECT max(version) FROM applied WHERE run = '{name}'") == [[newest]])  # noqa: B023
    assert weights(server, names["url"]) == weights(server, names["brokers"])


def test_a_server_that_is_killed_and_comes_back_has_everything_once(server: Server) -> None:
    name = new_run()
    run = mixdesk.start(name, domains=["web", "code"], policy="odm", cadence=5, url=server.url, strict=True)
    for step in range(300):
        log(run, step)
        if step in (100, 200):
            until("some arrives", lambda: run.stats.acknowledged > 0)
            server.kill()
        if step in (150, 250):
            server.start()
    until("all arrives", lambda: run.stats.acknowledged == 301)
    run.finish()
    assert run.stats.dropped == 0
    lost_and_doubled(server, name, 300)


def test_answers_that_are_lost_make_nothing_twice(server: Server, gate: Gate) -> None:
    name = new_run()
    gate.lose = 3
    with mixdesk.start(name, domains=["web", "code"], policy="odm", url=gate.url) as run:
        for step in range(50):
            log(run, step)
            if step % 10 == 0:
                until("the gate loses answers", lambda: gate.lose < 3)
        until("all is lost that shall be", lambda: gate.lose == 0)
    lost_and_doubled(server, name, 50)
    assert len(gate.posts()) >= 4


def test_if_the_server_is_away_for_the_whole_run_the_next_start_sends_everything_first(server: Server, spool: Path) -> None:
    name = new_run()
    run = mixdesk.start(name, domains=["web", "code"], policy="odm", url=f"http://127.0.0.1:{kept_port()}")
    for step in range(100):
        log(run, step)
    began = time.perf_counter()
    run.finish(timeout=0.5)
    assert time.perf_counter() - began < 90
    put_away(run)
    assert (run.stats.spooled, run.stats.dropped) == (102, 0)
    again = mixdesk.resume(name, step=99, attempt=2, domains=["web", "code"], url=server.url)
    log(again, 100)
    until("the spool is gone", lambda: list(spool.iterdir()) == [])
    again.finish()
    lost_and_doubled(server, name, 101)


# ---- one event at fault ----


class Raw:
    """A reporter over HTTP, and what goes into it, unchecked."""

    def __init__(self, url: str, name: str, headers: Optional[Dict[str, str]] = None) -> None:
        self.name = name
        self.outbox = Outbox(20_000)
        self.notices = Notices(name)
        made = HttpTransport(url, headers).reporter(name, 0, self.outbox, self.notices)
        assert isinstance(made, Reporting)
        self.reporter = made

    def put(self, event: str, lane: int = LOSSES, **data: Any) -> None:
        self.outbox.put(lane, event, time.time(), {"run": self.name, "attempt": 1, **data})

    def started(self, policy: str = "odm") -> None:
        domains = [{"name": "web"}, {"name": "code"}]
        self.put("run.started", FACTS, project="default", domains=domains, policy={"name": policy}, ranks=1)

    def losses(self, step: int, domains: int = 2, pad: int = 0) -> None:
        self.put("losses.measured", step=step, rank=0, mixtureVersion=0, tokens=[1] * domains, lossSum=[1.0] * domains, pad="x" * pad)


def test_events_at_fault_are_dropped_counted_and_said_once_and_block_nothing(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    raw = Raw(server.url, new_run())
    raw.started()
    for step in range(100):
        raw.losses(step)
        if step % 20 == 0:
            raw.losses(step, domains=3)
            raw.put("no.such.event", FACTS)
    with caplog.at_level(logging.WARNING, logger="mixdesk"):
        raw.reporter.start()
        until("the rest arrives", lambda: raw.reporter.acknowledged == 101)
        raw.reporter.close(120)
    assert (raw.reporter.dropped, raw.reporter.sent, raw.reporter.unsent) == (10, 101, 0)
    lost_and_doubled(server, raw.name, 100)
    said = [record.getMessage() for record in caplog.records if raw.name in record.getMessage()]
    assert len(said) == 2, said
    assert all("refused a" in sentence for sentence in said)


def test_what_comes_before_its_run_waits_for_it(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    early, first = Raw(server.url, new_run()), Raw(server.url, "")
    first.name = early.name
    for step in range(10):
        early.losses(step)
    with caplog.at_level(logging.WARNING, logger="mixdesk"):
        early.reporter.start()
        until("it is said", lambda: any("has not started" in record.getMessage() for record in caplog.records))
        assert early.reporter.dropped == 0
        first.started()
        first.reporter.start()
        until("all arrive", lambda: early.reporter.acknowledged == 10)
    early.reporter.close(120)
    first.reporter.close(120)
    lost_and_doubled(server, early.name, 10)


def test_a_run_that_is_refused_at_its_start_ends_at_once(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    raw = Raw(server.url, new_run())
    raw.started(policy="no-such-policy")
    for step in range(10):
        raw.losses(step)
    with caplog.at_level(logging.WARNING, logger="mixdesk"):
        raw.reporter.start()
        until("all are refused", lambda: raw.reporter.dropped == 11)
    raw.reporter.close(120)
    assert any("no-such-policy" in record.getMessage() for record in caplog.records)


def too_large(most: int) -> Callable[[Seen], Optional[Reply]]:
    return lambda seen: (413, {}, b"<html>too large</html>") if len(seen.body) > most else None


def test_a_proxy_that_takes_little_at_once_gets_little_and_only_what_is_too_large_for_it_alone_is_dropped(server: Server, gate: Gate) -> None:
    raw = Raw(gate.url, new_run())
    gate.rules.append(too_large(4000))
    raw.started()
    for step in range(100):
        raw.losses(step)
        if step == 50:
            raw.losses(1000, pad=5000)
    raw.reporter.start()
    until("all is decided", lambda: (raw.reporter.dropped, raw.reporter.acknowledged) == (1, 101))
    raw.reporter.close(120)
    assert (raw.reporter.dropped, raw.reporter.acknowledged) == (1, 101)
    lost_and_doubled(server, raw.name, 100)


@pytest.mark.parametrize(
    ("reply", "sentence"),
    [
        ((401, {}, b""), "does not let us in"),
        ((404, {}, b"not here"), "is it Mixdesk's address?"),
        ((429, {"retry-after": "0"}, b""), "cannot take reports now"),
        ((503, {}, b'{"detail": "Kafka is away."}'), "Kafka is away."),
        ((200, {"content-type": "text/html"}, b"<html>Welcome</html>"), "does not seem to be Mixdesk"),
        ((302, {"location": "https://elsewhere.example/login?next=1"}, b""), "redirects to https://elsewhere.example"),
    ],
)
def test_what_is_no_fault_of_an_event_drops_none(server: Server, gate: Gate, caplog: pytest.LogCaptureFixture, reply: Reply, sentence: str) -> None:
    name = new_run()
    gate.rules.append(times(3, reply))
    with caplog.at_level(logging.WARNING, logger="mixdesk"), mixdesk.start(name, domains=["web", "code"], policy="odm", url=gate.url) as run:
        for step in range(10):
            log(run, step)
        until("all arrive", lambda: run.stats.acknowledged == 11)
    lost_and_doubled(server, name, 10)
    assert sum(sentence in record.getMessage() for record in caplog.records) == 1, caplog.text


def test_a_redirect_to_the_same_server_is_followed(server: Server, gate: Gate) -> None:
    def moved(seen: Seen) -> Optional[Reply]:
        return None if seen.path.startswith("/v1/") else (308, {"location": seen.path.replace("/old", "")}, b"")

    name = new_run()
    gate.rules.append(moved)
    with mixdesk.start(name, domains=["web", "code"], policy="odm", url=gate.url + "/old/") as run:
        for step in range(10):
            log(run, step)
    lost_and_doubled(server, name, 10)
    assert run.stats.errors == 0


# ---- secrets and TLS ----


def test_headers_go_with_every_request_and_into_no_log(server: Server, gate: Gate, caplog: pytest.LogCaptureFixture) -> None:
    name = new_run()
    gate.rules.append(times(1, (401, {}, b'{"detail": "Give a token."}')))
    with caplog.at_level(logging.DEBUG):
        run = mixdesk.start(name, domains=["web", "code"], policy="odm", url=gate.url, headers={"Authorization": f"Bearer {SECRET}"})
        log(run, 0)
        until("both ways were used", lambda: {seen.method for seen in gate.seen} == {"GET", "POST"})
        run.finish()
    assert all(seen.headers["authorization"] == f"Bearer {SECRET}" for seen in gate.seen)
    assert SECRET not in caplog.text
    assert SECRET not in repr(HttpTransport(gate.url, {"Authorization": SECRET}))


def test_a_password_in_the_address_is_sent_as_such_and_shown_nowhere(server: Server, gate: Gate, caplog: pytest.LogCaptureFixture) -> None:
    address = gate.url.replace("http://", f"http://user:{SECRET}@")
    gate.rules.append(times(1, (403, {}, b"")))
    with caplog.at_level(logging.DEBUG):
        run = mixdesk.start(new_run(), domains=["web", "code"], policy="odm", url=address)
        log(run, 0)
        until("it arrives", lambda: run.stats.acknowledged == 2)
        run.finish()
    assert gate.seen[0].headers["authorization"].startswith("Basic ")
    assert "let us in" in caplog.text
    assert SECRET not in caplog.text
    assert SECRET not in repr(HttpTransport(address))


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl to make a certificate with")
    key, chain, both = tmp_path / "key.pem", tmp_path / "certificate.pem", tmp_path / "both.pem"
    asked = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([openssl, *asked, "-keyout", str(key), "-out", str(chain)], check=True, capture_output=True)
    both.write_text(key.read_text() + chain.read_text())
    return both


def test_https_is_verified(server: Server, certificate: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    gate = Gate(server.url, str(certificate))
    with caplog.at_level(logging.WARNING, logger="mixdesk"):
        run = mixdesk.start(new_run(), domains=["web", "code"], policy="odm", url=gate.url)
        log(run, 0)
        until("it is said", lambda: "not to be trusted" in caplog.text)
        run.finish(timeout=0.1)
        put_away(run)
    assert gate.seen == []
    assert run.stats.acknowledged == 0
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.with_name("certificate.pem")))
    with mixdesk.start(new_run(), domains=["web", "code"], policy="odm", url=gate.url) as again:
        log(again, 1)
        until("it arrives", lambda: again.stats.acknowledged >= 2)
    assert gate.posts()
    gate.close()


def test_an_answer_from_before_lowers_no_version_and_is_not_asked_for_at_once_again(server: Server, gate: Gate) -> None:
    name = new_run()
    command = {
        "run": name,
        "attempt": 1,
        "fromStep": 0,
        "domains": ["web", "code"],
        "weights": [0.5, 0.5],
        "meaning": "samplingProbability",
        "lifecycle": "train",
    }
    versions = [3, 7, 5, 5, 5, 8]

    def proxy(seen: Seen) -> Optional[Reply]:
        if seen.method != "GET" or len(asked) == len(versions):
            return None
        asked.append(seen.path.partition("?")[2])
        moments.append(time.monotonic())
        return 200, {"content-type": "application/json"}, json.dumps({**command, "version": versions[len(asked) - 1]}).encode()

    asked: List[str] = []
    moments: List[float] = []
    gate.rules.append(proxy)
    with mixdesk.start(name, domains=["web", "code"], policy="odm", url=gate.url) as run:
        until("version 8", lambda: run.boundary(0).version == 8)
        until("it asks for more", lambda: any("after=8" in seen.path for seen in gate.seen))
        assert (run.mixture.version, run.stats.errors) == (8, 0)
    assert [dict(part.split("=") for part in query.split("&")).get("after") for query in asked] == [None, "3", "7", "7", "7", "7"]
    assert moments[5] - moments[2] > 3 * 0.5 * FIRST_PAUSE  # at least: it rests longer from time to time


def test_the_end_does_not_wait_for_the_long_poll(server: Server, gate: Gate) -> None:
    answer = threading.Event()

    def hold(seen: Seen) -> Optional[Reply]:
        if "wait=30" not in seen.path:
            return None
        answer.wait(600)  # longer than the server would, and until all is looked at
        return 204, {}, b""

    gate.rules.append(hold)
    run = mixdesk.start(new_run(), domains=["web", "code"], policy="odm", url=gate.url)
    listener: Any = run._receiver
    log(run, 0)
    until("it polls", lambda: any("wait=30" in seen.path for seen in gate.seen))
    ending = threading.Thread(target=run.finish, daemon=True)
    ending.start()
    until("the run has ended", lambda: not ending.is_alive())
    until("nobody listens", lambda: not listener._thread.is_alive())
    assert sum("wait=30" in seen.path for seen in gate.seen) == 1, "it has asked once more"
    assert run.stats.acknowledged == 3
    answer.set()
