"""What the tests look at Kafka with. Nothing here uses the package under test."""

import contextlib
import json
import socket
import threading
import time
import uuid
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Producer, TopicPartition

EVENTS = "mixdesk.trainer-events.v1"
COMMANDS = "mixdesk.trainer-commands.v1"


def new_run() -> str:
    return f"test-{uuid.uuid4().hex[:12]}"


def until(what: str, condition: Callable[[], object], timeout: float = 120.0) -> None:
    """Waits for a condition, and says which one where it never comes."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"waited {timeout} s for: {what}"
        time.sleep(0.01)


def kept_port() -> int:
    """A port of this machine that nobody else gets, for as long as this process lives. Nobody listens there before somebody does who
    knows of it. One that was only looked up may be taken meanwhile: by an outgoing connection, or by another test."""
    keeper = socket.socket()
    keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # those that listen there set it, too
    keeper.bind(("127.0.0.1", 0))
    port: int = keeper.getsockname()[1]
    keeper.detach()
    return port


def put_away(reporting: Any) -> None:
    """Waits until a run, or a reporter, that was closed is done with what it had: the end waits no longer than asked, and may be
    quicker than the thread that writes the rest to disk."""
    reporter = getattr(reporting, "_reporter", reporting)
    until("the sending thread has ended", lambda: not reporter._thread.is_alive())


class Seen(NamedTuple):
    """One message as it lies in Kafka."""

    name: str
    headers: Dict[str, str]
    data: Dict[str, Any]
    partition: int
    offset: int


_LATER = (KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError._TIMED_OUT, KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN)


def patiently(consumer: Consumer, ask: Callable[[], Any]) -> Any:
    """What a broker answers; it may be slow, and a topic that has just been made may not have its leaders yet."""
    deadline = time.monotonic() + 120
    while True:
        try:
            return ask()
        except KafkaException as error:
            young = error.args[0].retriable() or error.args[0].code() in _LATER
            if not young or time.monotonic() > deadline:
                raise
            consumer.poll(0.1)


def partitions_of(consumer: Consumer) -> List[int]:
    """The partitions of the events' topic; none before the broker knows of them all."""
    found = consumer.list_topics(EVENTS, timeout=30).topics[EVENTS]
    sound = found.error is None and all(one.error is None for one in found.partitions.values())
    return list(found.partitions) if sound else []


def end_of(consumer: Consumer, partition: int) -> int:
    end: int = patiently(consumer, lambda: consumer.get_watermark_offsets(TopicPartition(EVENTS, partition), timeout=30))[1]
    return end


class Broker:
    def __init__(self, addresses: str) -> None:
        self.addresses = addresses

    def events(self, run: str, name: Optional[str] = None) -> List[Seen]:
        """All that lies in the topic for a run at this moment, in order."""
        consumer = Consumer({"bootstrap.servers": self.addresses, "group.id": "tests", "enable.auto.commit": False})
        try:
            until("the topic is there", lambda: patiently(consumer, lambda: partitions_of(consumer)))
            ends = {p: end_of(consumer, p) for p in patiently(consumer, lambda: partitions_of(consumer))}
            open_ends = {p: end for p, end in ends.items() if end > 0}
            consumer.assign([TopicPartition(EVENTS, p, OFFSET_BEGINNING) for p in open_ends])
            seen = []
            deadline = time.monotonic() + 300
            while open_ends:
                assert time.monotonic() < deadline, f"waited for the ends {open_ends} of the topic"
                for message in consumer.consume(5000, timeout=0.2):
                    failed = message.error()
                    if failed is not None and failed.code() in _LATER:
                        continue
                    assert failed is None, failed
                    partition, offset = message.partition(), message.offset()
                    assert partition is not None
                    assert offset is not None
                    if offset + 1 >= ends[partition]:
                        open_ends.pop(partition, None)
                    if message.key() == run.encode():
                        seen.append(_seen(message, partition, offset))
        finally:
            consumer.close()
        assert len({event.partition for event in seen}) <= 1, "a run's messages lie in several partitions"
        seen.sort(key=lambda event: event.offset)
        return [event for event in seen if name is None or event.name == name]

    def command(self, run: str, version: int, weights: List[float], **fields: Any) -> None:
        """Sends a `mixture.set` as the server does."""
        data = {
            "run": run,
            "attempt": 1,
            "version": version,
            "fromStep": 0,
            "domains": ["web", "code"],
            "weights": weights,
            "meaning": "samplingProbability",
            "lifecycle": "train",
            "decidedAtStep": 9,
            "policy": {"name": "odm", "version": 1},
            "decisionId": f"decision-{version}",
            "because": "a test wants it",
            **fields,
        }
        self.raw_command(run, json.dumps(data).encode())

    def raw_command(self, run: str, value: Optional[bytes], kind: Optional[str] = "mixdesk.mixture.set.v1") -> None:
        producer = Producer({"bootstrap.servers": self.addresses, "partitioner": "murmur2", "acks": "all"})
        headers = [
            ("ce_id", uuid.uuid4().hex.encode()),
            *([("ce_type", kind.encode())] if kind else []),
            ("ce_source", b"mixdesk/relay"),
            ("ce_specversion", b"1.0"),
            ("content-type", b"application/json"),
        ]
        producer.produce(COMMANDS, key=run.encode(), value=value, headers=headers)  # type: ignore[arg-type]
        assert producer.flush(120) == 0


def _seen(message: Any, partition: int, offset: int) -> Seen:
    headers = {key: value.decode() for key, value in message.headers()}
    name = headers["ce_type"][len("mixdesk.") : -len(".v1")]
    return Seen(name, headers, json.loads(message.value()), partition, offset)


class Line:
    """A telephone line to a broker, to be cut and mended. It hears when the broker tells its own address, and gives its own instead,
    so that clients never go round it."""

    def __init__(self, broker: str) -> None:
        self.lead_to(broker)
        self.port = kept_port()
        self._mine = b"127.0.0.1" + self.port.to_bytes(4, "big")
        self._lock = threading.Lock()
        self._server: Optional[socket.socket] = None
        self._open: List[socket.socket] = []

    def lead_to(self, broker: str) -> None:
        """The broker at its other end, from the next call on."""
        host, port = broker.split(",")[0].rsplit(":", 1)
        assert len(host) == len("127.0.0.1"), "the broker should be at 127.0.0.1 (or another address of nine characters)"
        self._broker = (host, int(port))
        self._told = host.encode() + int(port).to_bytes(4, "big")

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def mend(self) -> None:
        server = socket.socket()
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", self.port))
        server.listen()
        self._server = server
        threading.Thread(target=self._accept, args=(server,), daemon=True).start()

    def cut(self) -> None:
        with self._lock:  # or a call that is being put through would go on
            server, self._server = self._server, None
            for end in [*([server] if server else []), *self._open]:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                end.close()
            self._open.clear()

    def _accept(self, server: socket.socket) -> None:
        while True:
            try:
                client, _ = server.accept()
            except OSError:
                return
            broker = socket.socket()
            try:
                broker.connect(self._broker)
            except OSError:
                client.close()
                broker.close()
                continue
            with self._lock:
                if self._server is not server:
                    client.close()
                    broker.close()
                    return
                self._open += [client, broker]
            threading.Thread(target=self._carry, args=(client, broker), daemon=True).start()
            threading.Thread(target=self._carry, args=(broker, client), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            for frame in _frames(source):
                sink.sendall(frame.replace(self._told, self._mine))
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def _frames(source: socket.socket) -> Iterator[bytes]:
    """Requests and answers of the Kafka protocol: a length, then that many bytes."""
    stream = source.makefile("rb")
    while True:
        head = stream.read(4)
        if len(head) < 4:
            return
        yield head + stream.read(int.from_bytes(head, "big"))
