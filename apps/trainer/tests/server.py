"""A real Mixdesk for tests: Kafka, PostgreSQL, chDB and the server from the build, each of which may be killed and started again."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO, Any, Dict, List, Mapping, Optional, Set
from urllib.parse import quote

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from support import kept_port

PARTITIONS = 12
REPOSITORY = Path(__file__).resolve().parents[3]
ENGINES = REPOSITORY / "libs" / "engines" / "dist" / "index.js"
SERVER = REPOSITORY / "test" / "support" / "server-process.mjs"
BUILT = REPOSITORY / "apps" / "server" / "dist" / "index.js"

# One line in, one line out: "kafka kill", "kafka start", "postgres kill", ...; the end of the input stops all.
ENGINES_PROCESS = """
const { startEngines } = await import(process.argv[1])
const [home, need, kafkaPort, postgresPort] = process.argv.slice(2)
const ports = { kafka: Number(kafkaPort), postgres: Number(postgresPort) }
const engines = await startEngines({ home, need: need.split(','), ports, onProgress: (line) => console.error(line) })
const { kafka, postgres } = engines.endpoints
console.log(JSON.stringify({ brokers: kafka.brokers.join(','), postgres: postgres.url }))
const { createInterface } = await import('node:readline')
for await (const line of createInterface({ input: process.stdin })) {
  const [engine, order] = line.split(' ')
  await engines[engine][order]().then(() => console.log('done'), (error) => console.log(String(error)))
}
await engines.stop()
process.exit(0)
"""


UP: Set[str] = set()
"""The brokers that should answer now."""


class Missing(Exception):
    """What these tests need is not there; the sentence says how to get it."""


def make_topics(brokers: str) -> None:
    """The topics of the trainers, as the server makes them."""
    admin = AdminClient({"bootstrap.servers": brokers})
    wanted = [
        NewTopic("mixdesk.trainer-events.v1", PARTITIONS, 1),
        NewTopic("mixdesk.trainer-commands.v1", PARTITIONS, 1, config={"cleanup.policy": "compact"}),
    ]
    for made in admin.create_topics(wanted, request_timeout=120).values():
        try:
            made.result(150)
        except KafkaException as error:
            if error.args[0].name() != "TOPIC_ALREADY_EXISTS":
                raise


class Engines:
    """Kafka, and PostgreSQL where asked for, on ports and in a folder of their own. Not on the usual ports: while a broker is down,
    another Mixdesk that starts on this machine would take its port."""

    def __init__(self, home: Path, need: str = "kafka,postgres") -> None:
        node = shutil.which("node")
        if node is None or not ENGINES.exists():
            raise Missing("Build the repository first (npm ci && npm run build), so that Kafka and the server can be started.")
        home.mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen(
            [node, "--input-type=module", "--eval", ENGINES_PROCESS, str(ENGINES), str(home), need, str(kept_port()), str(kept_port())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            start_new_session=True,  # Ctrl-C at the tests must not end it before they have
        )
        line = self._line()
        if not line:
            raise Missing(f"The engines did not start (node ended with {self._process.wait()}); their words are above.")
        told = json.loads(line)
        self.brokers: str = told["brokers"]
        self.postgres: str = told["postgres"]
        UP.add(self.brokers)

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def order(self, engine: str, what: str) -> None:
        """`kill` (-9), `stop` or `start` of `kafka` or `postgres`; the address stays the same."""
        assert self._process.stdin is not None
        if engine == "kafka" and what != "start":
            UP.discard(self.brokers)
        self._process.stdin.write(f"{engine} {what}\n")
        answer = self._line().strip()
        assert answer == "done", f"{engine} {what}: {answer or 'the process of the engines has ended'}"
        if engine == "kafka" and what == "start":
            UP.add(self.brokers)

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        UP.discard(self.brokers)
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        self._process.wait(300)
        self._process.stdout.close()


class Server:
    """Mixdesk as it runs on one machine. `brokers` and `url` stay the same however often its parts are started again."""

    def __init__(self, home: Path, environment: Optional[Mapping[str, str]] = None) -> None:
        if not BUILT.exists():
            raise Missing("Build the repository first (npm ci && npm run build), so that the server can be started.")
        self.home = home
        self._environment = dict(environment or {})
        self._port = str(kept_port())  # nobody else gets it while the server is down
        self._process: Optional["subprocess.Popen[str]"] = None
        self._log: Optional[IO[str]] = None
        self.url = ""
        self._engines = Engines(home / "engines")
        self.brokers = self._engines.brokers
        try:
            self.start()
        except BaseException:
            self._engines.close()
            raise

    # ---- its parts ----

    def start(self) -> None:
        """Starts the server, where it does not run."""
        if self._process is not None:
            return
        self._log = (self.home / "server.log").open("a", encoding="utf-8")
        settings = {key: value for key, value in os.environ.items() if not key.startswith("MIXDESK_")}
        settings.update(
            UV_THREADPOOL_SIZE="16",
            MIXDESK_HOME=str(self.home / "server"),
            MIXDESK_PORT=self._port,
            MIXDESK_KAFKA_BROKERS=self.brokers,
            MIXDESK_POSTGRES_URL=self._engines.postgres,
            MIXDESK_KAFKA_SESSION_TIMEOUT_MS="6000",  # short, so that a killed member's partitions move on soon
        )
        settings.update(self._environment)
        self._process = subprocess.Popen(
            [str(shutil.which("node")), str(SERVER)], env=settings, stdout=subprocess.PIPE, stderr=self._log, text=True, start_new_session=True
        )
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith('{"url":'):
                self.url = json.loads(line)["url"]
                break
            self._log.write(line)
        else:
            status = self._process.wait()
            self._process.stdout.close()
            self._process = None
            self._log.close()
            raise Missing(f"The server ended with {status} before it was up:\n{self.log()[-4000:]}")
        assert self.url.endswith(f":{self._port}"), self.url

    def kill(self) -> None:
        """`kill -9` of the server alone; the engines stay."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Lets the server drain and end; the engines stay."""
        self._end(signal.SIGTERM)

    def restart(self) -> None:
        """Ends the server as a crash does, and starts it again at the same address."""
        self.kill()
        self.start()

    def kill_broker(self) -> None:
        """`kill -9` of Kafka alone."""
        self._engines.order("kafka", "kill")

    def start_broker(self) -> None:
        """Starts Kafka again, at the same address and with the same data."""
        self._engines.order("kafka", "start")

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(120)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(120)
        assert process.stdout is not None
        process.stdout.close()
        if self._log is not None:
            self._log.close()

    def close(self) -> None:
        self.kill()  # draining takes long where somebody still polls
        self._engines.close()

    # ---- what it knows ----

    def log(self) -> str:
        """What the server has said, for a failing test."""
        return (self.home / "server.log").read_text(encoding="utf-8", errors="replace")

    def ask(self, path: str, body: Optional[object] = None, timeout: float = 120.0) -> Any:
        """The JSON that is answered at a path; posts where there is a body. A problem document raises with its sentence."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, headers={"content-type": "application/json"})
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=timeout) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            with error:
                raise LookupError(f"{error.code} at {path}: {error.read().decode('utf-8', 'replace')}") from None
        return json.loads(text) if text else None

    def sql(self, query: str) -> List[List[Any]]:
        """Rows of a SELECT over the history."""
        rows: List[List[Any]] = self.ask("/v1/sql", {"sql": query, "maxRows": 100_000})["rows"]
        return rows

    def run(self, name: str) -> Optional[Dict[str, Any]]:
        """The run as it stands in the ledger; None where it is not there (yet)."""
        try:
            found: Dict[str, Any] = self.ask(f"/v1/runs/{quote(name, safe='')}")
        except LookupError as error:
            if str(error).startswith("404"):
                return None
            raise
        return found

    def decisions(self, name: str, type: Optional[str] = None) -> List[Dict[str, Any]]:
        """Everything decided, held and asked of a run, oldest first; of one type (`MixtureDecided`) where given. Nothing of a run that
        the ledger does not hold (yet): a trainer may well end before the server has read of it."""
        found: List[Dict[str, Any]] = []
        if self.run(name) is None:
            return found
        after = 0
        while True:
            page = self.ask(f"/v1/runs/{quote(name, safe='')}/decisions?after={after}&limit=1000")["decisions"]
            if not page:
                return [fact for fact in found if type is None or fact["type"] == type]
            found += page
            after = page[-1]["version"]

    def until_step(self, name: str, step: int, timeout: float = 120.0) -> Dict[str, Any]:
        """Waits until the ledger has seen this step of the run; returns the run."""
        deadline = time.monotonic() + timeout
        while True:
            found = self.run(name)
            if found is not None and found.get("step", -1) >= step:
                return found
            assert time.monotonic() < deadline, f"waited {timeout} s for step {step} of {name}; the ledger says {found}\n{self.log()[-2000:]}"
            time.sleep(0.05)

    def until_decided(self, name: str, step: int, timeout: float = 120.0) -> List[Dict[str, Any]]:
        """Waits until a mixture has been decided on the evidence up to this step; returns all that were, oldest first. The ledger
        may have seen the step for some time before."""
        deadline = time.monotonic() + timeout
        while True:
            found = self.decisions(name, "MixtureDecided")
            steps = [fact["data"]["step"] for fact in found]
            if step in steps:
                return found
            assert time.monotonic() < deadline, f"waited {timeout} s for the decision after step {step} of {name}; there are those after {steps}"
            time.sleep(0.05)
