"""The thread that owns the Kafka producer. Everything slow happens here: serialising, connecting, waiting, retrying."""

from __future__ import annotations

import threading
import time
import uuid
from collections import OrderedDict
from datetime import datetime, timezone
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from ._checks import encode
from ._notices import Notices
from ._outbox import Outbox, Record

TOPIC = "mixdesk.trainer-events.v1"
LARGEST_MESSAGE = 1024 * 1024
IN_FLIGHT = 1_000
"""Messages in the hands of the Kafka client. The rest wait in the outbox, where dropping the oldest is still possible."""

TICK, BUSY = 0.003, 0.1
"""Seconds between looks at the outbox for as long as something came in the last BUSY seconds; after that, it must be woken."""

_HOPELESS = (KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.INVALID_MSG, KafkaError.INVALID_RECORD)
"""Refusals that sending again cannot cure."""

Headers = List[Tuple[str, bytes]]


class Encoded:
    """A message on its way. It keeps its id however often it is sent."""

    __slots__ = ("headers", "name", "value")

    def __init__(self, name: str, headers: Headers, value: bytes) -> None:
        self.name = name
        self.headers = headers
        self.value = value


class Sender:
    """Sends what is in the outbox, in order. `client` makes the producer; tests may hand in their own."""

    def __init__(
        self,
        run: str,
        rank: int,
        outbox: Outbox,
        notices: Notices,
        settings: Mapping[str, Any],
        client: Callable[[Dict[str, Any]], Producer] = Producer,
    ) -> None:
        self._run = run
        self._key = run.encode("utf-8")
        self._source = f"mixdesk-python/{run}/{rank}".encode()
        self._session = uuid.uuid4().hex
        self._outbox = outbox
        self._notices = notices
        self._settings = self._complete(settings)
        self._client = client
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._dozing = False
        self._deadline: Optional[float] = None
        self._outstanding: "OrderedDict[int, Encoded]" = OrderedDict()
        self._broken = False
        self.sent = 0
        self.acknowledged = 0
        self.dropped = 0
        self._thread = threading.Thread(target=self._work, name="mixdesk-sender", daemon=True)

    def _complete(self, settings: Mapping[str, Any]) -> Dict[str, Any]:
        return {
            "enable.idempotence": True,
            "acks": "all",
            "compression.type": "lz4",
            "linger.ms": 5,
            "partitioner": "murmur2",
            "message.timeout.ms": 0,
            "message.max.bytes": LARGEST_MESSAGE + 64 * 1024,
            "queue.buffering.max.kbytes": 64 * 1024,
            "topic.metadata.refresh.interval.ms": 60_000,
            "reconnect.backoff.max.ms": 2_000,
            "log_level": 0,
            "error_cb": self._on_error,
            **settings,
        }

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Says that the outbox holds something. Costs a plain read while the thread is looking anyway: waking a thread
        makes it ask for the interpreter at once, and was seen to cost the training loop several times all the rest."""
        if self._dozing:
            self._dozing = False
            self._wake.set()

    def close(self, timeout: float) -> None:
        """Sends what is left, for at most `timeout` seconds."""
        self._deadline = time.monotonic() + timeout
        self._closing.set()
        self._wake.set()
        self._thread.join(timeout + 2.0)

    @property
    def unsent(self) -> int:
        return len(self._outbox) + len(self._outstanding)

    # ---- the thread ----

    def _work(self) -> None:
        try:
            self._send_all()
        except Exception as error:  # a fault of ours must not look like a healthy run
            self._notices.warn("sender", f"sending has ended by a fault: {error!r}; training goes on unreported")
        lost = self.unsent
        if lost:
            self._outbox.take(lost)
            self.dropped += lost
            self._notices.warn("unsent", f"{lost} reports were not sent before the run closed")

    def _send_all(self) -> None:
        producer: Optional[Producer] = None
        busy = time.monotonic()
        while not self._over():
            if producer is None:
                producer = self._connect()
                if producer is None:
                    continue
            moved = self._hand_over(producer)
            producer.poll(0)
            if self._broken:
                self._abandon(producer)
                producer = None
            elif moved:
                busy = time.monotonic()
            elif not self._over():
                self._rest(time.monotonic() - busy < BUSY)
        if producer is not None and self._outstanding:
            self._abandon(producer)

    def _rest(self, busy: bool) -> None:
        if busy or self._outstanding:
            time.sleep(TICK if busy else 0.02)
            return
        self._wake.clear()
        self._dozing = True
        if not len(self._outbox) and not self._closing.is_set():  # nothing came while it lay down
            self._wake.wait(0.5)
        self._dozing = False

    def _over(self) -> bool:
        return self._closing.is_set() and (not self.unsent or self._left() <= 0)

    def _pause(self, seconds: float) -> None:
        """Waits, but not past the end of the run."""
        if not self._closing.is_set():
            self._closing.wait(seconds)
        else:
            time.sleep(max(0.0, min(seconds, self._left())))

    def _left(self) -> float:
        deadline = self._deadline
        return float("inf") if deadline is None else deadline - time.monotonic()

    def _connect(self) -> Optional[Producer]:
        """A producer once the topic is there. Producing to a topic not yet made would fail instead of wait."""
        try:
            producer = self._client(dict(self._settings))
        except (KafkaException, TypeError, ValueError) as error:
            self._notices.warn("settings", f"the Kafka client refuses its settings ({_sentence(error)}); nothing can be reported")
            self._pause(5.0)
            return None
        while not self._over():
            try:
                found = producer.list_topics(timeout=max(0.05, min(1.0, self._left()))).topics.get(TOPIC)
                if found is not None and found.error is None and found.partitions:
                    self._resend(producer)
                    return producer
                self._notices.warn("topic", f"the topic {TOPIC} is not there yet; reports are kept until it is")
                self._pause(0.25)
            except KafkaException as error:
                self._unreachable(error)
                self._pause(0.05)
        return None

    def _resend(self, producer: Producer) -> None:
        self._broken = False
        for number, message in list(self._outstanding.items()):
            self._produce(producer, number, message)

    def _hand_over(self, producer: Producer) -> int:
        room = IN_FLIGHT - len(self._outstanding)
        taken = self._outbox.take(min(room, 256)) if room > 0 else []
        for record in taken:
            message = self._encode(record)
            if message is not None:
                self._outstanding[record.number] = message
                self.sent += 1
                self._produce(producer, record.number, message)
        return len(taken)

    def _encode(self, record: Record) -> Optional[Encoded]:
        value = encode(record.data)
        if len(value) > LARGEST_MESSAGE:
            self.dropped += 1
            self._notices.warn("size", f"a {record.name} of {len(value)} bytes was dropped; at most {LARGEST_MESSAGE} are accepted")
            return None
        moment = datetime.fromtimestamp(record.time, timezone.utc).isoformat(timespec="milliseconds")
        headers = [
            ("ce_specversion", b"1.0"),
            ("ce_id", f"{self._session}-{record.number}".encode()),
            ("ce_type", f"mixdesk.{record.name}.v1".encode()),
            ("ce_source", self._source),
            ("ce_time", moment.replace("+00:00", "Z").encode()),
            ("content-type", b"application/json"),
        ]
        return Encoded(record.name, headers, value)

    def _produce(self, producer: Producer, number: int, message: Encoded) -> None:
        def delivered(error: Optional[KafkaError], _message: Message) -> None:
            self._delivered(number, error)

        while not self._broken:
            try:
                producer.produce(TOPIC, value=message.value, key=self._key, headers=list(message.headers), on_delivery=delivered)
                return
            except BufferError:
                producer.poll(0.05)
                if self._over():
                    return
            except KafkaException as error:
                self._delivered(number, _error_of(error))
                return

    def _delivered(self, number: int, error: Optional[KafkaError]) -> None:
        if error is None:
            if self._outstanding.pop(number, None) is not None:
                self.acknowledged += 1
            return
        if error.code() in _HOPELESS:
            if self._outstanding.pop(number, None) is not None:
                self.dropped += 1
                self._notices.warn(f"refused {error.name()}", f"Kafka refused a message: {error.str()}")
            return
        # Still outstanding: a fresh producer sends it again, with all after it, under the same ids.
        if not self._broken and error.code() not in (KafkaError._PURGE_QUEUE, KafkaError._PURGE_INFLIGHT):
            self._notices.warn(f"delivery {error.name()}", f"Kafka did not take a message: {error.str()}; it will be sent again")
        self._broken = True

    def _abandon(self, producer: Producer) -> None:
        producer.purge()
        producer.poll(0.1)
        self._pause(1.0)

    def _on_error(self, error: KafkaError) -> None:
        self._unreachable(KafkaException(error))

    def _unreachable(self, error: KafkaException) -> None:
        cause = _error_of(error)
        if cause.code() in (KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError._TIMED_OUT, KafkaError._RESOLVE):
            brokers = self._settings.get("bootstrap.servers")
            self._notices.warn("unreachable", f"Kafka at {brokers} cannot be reached; training goes on, reports are kept for later")
        else:
            self._notices.warn(f"kafka {cause.name()}", f"Kafka says: {cause.str()}")


def _error_of(error: KafkaException) -> KafkaError:
    found = error.args[0]
    return found if isinstance(found, KafkaError) else KafkaError(KafkaError._FAIL, str(error))


def _sentence(error: Exception) -> str:
    return _error_of(error).str() if isinstance(error, KafkaException) else str(error)
