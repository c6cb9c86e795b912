"""Events into Kafka: one topic, keyed by run, so that all about a run stays in order."""

from __future__ import annotations

import contextlib
from collections import deque
from typing import Any, Callable, Deque, Dict, Mapping, Optional, Tuple

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from .carrier import Desk
from .event import LARGEST_MESSAGE, Event
from .secrets import hidden

TOPIC = "mixdesk.trainer-events.v1"
IN_FLIGHT = 1_000
"""Messages in the hands of the Kafka client. The rest wait in the outbox, where dropping the oldest is still possible."""

_HOPELESS = (KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.INVALID_MSG, KafkaError.INVALID_RECORD)
"""Refusals that sending again cannot cure."""
_AWAY = (KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError._TIMED_OUT, KafkaError._RESOLVE)


class KafkaCarrier:
    """A `Carrier` over librdkafka. `client` makes the producer."""

    most = IN_FLIGHT

    def __init__(self, desk: Desk, settings: Mapping[str, Any], client: Callable[[Dict[str, Any]], Producer] = Producer) -> None:
        self._desk = desk
        self._settings = self._complete(settings)
        self._client = client
        self._producer: Optional[Producer] = None
        self._waiting: Deque[Tuple[int, Event]] = deque()
        self.broken = False
        self.pause = 0.0

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

    def connect(self, patience: float) -> bool:
        """True once the topic is there. Producing to a topic not yet made would fail instead of wait."""
        if self._producer is None:
            try:
                self._producer = self._client(dict(self._settings))
            except (KafkaException, TypeError, ValueError) as error:
                said = hidden(_sentence(error), self._settings)
                self._desk.trouble("settings", f"the Kafka client refuses its settings ({said}); nothing can be reported")
                self.pause = 5.0
                return False
        try:
            found = self._producer.list_topics(timeout=patience).topics.get(TOPIC)
        except KafkaException as error:
            self._unreachable(_error_of(error))
            if _error_of(error).fatal():
                self.drop()
            self.pause = 0.05
            return False
        if found is None or found.error is not None or not found.partitions:
            self._desk.trouble("topic", f"the topic {TOPIC} is not there yet; reports are kept until it is")
            self.pause = 0.25
            return False
        self.broken = False
        return True

    @property
    def full(self) -> bool:
        return bool(self._waiting)

    def hand_over(self, number: int, event: Event) -> None:
        self._waiting.append((number, event))
        self._produce()

    def work(self, patience: float) -> None:
        assert self._producer is not None
        try:
            self._producer.poll(0)
        except KafkaException as error:
            self._lost(_error_of(error))
        self._produce()

    def _produce(self) -> None:
        """Gives the client what waits, until its own queue is full (of bytes: there is a bound for those, too)."""
        producer = self._producer
        assert producer is not None
        while self._waiting and not self.broken:
            number, event = self._waiting[0]
            try:
                producer.produce(
                    TOPIC, value=event.data, key=event.run.encode("utf-8"), headers=list(event.headers()), on_delivery=self._answer(number)
                )
            except BufferError:
                return
            except KafkaException as error:
                self._delivered(number, _error_of(error))
            self._waiting.popleft()

    def _answer(self, number: int) -> Callable[[Optional[KafkaError], Message], None]:
        return lambda error, _message: self._delivered(number, error)

    def _delivered(self, number: int, error: Optional[KafkaError]) -> None:
        if error is None:
            self._desk.delivered(number)
        elif error.code() in _HOPELESS:
            self._desk.refused(number, error.name(), f"Kafka refused a message: {error.str()}")
        else:
            self._lost(error)

    def _lost(self, error: KafkaError) -> None:
        """A fresh producer sends again what was not delivered, in order and under the same ids. A broker that comes back from
        a crash, or another one at its address, may know nothing of this one's numbers: that is fatal to a producer, not to us."""
        if not self.broken and error.code() not in (KafkaError._PURGE_QUEUE, KafkaError._PURGE_INFLIGHT):
            self._desk.trouble(f"delivery {error.name()}", f"Kafka did not take a message: {error.str()}; it will be sent again")
        self.broken = True
        self.pause = 1.0

    def drop(self) -> None:
        producer, self._producer = self._producer, None
        self._waiting.clear()
        if producer is not None:
            with contextlib.suppress(KafkaException):  # of a producer that is beyond help
                producer.purge()
                producer.poll(0.1)  # what was delivered meanwhile is told

    def interrupt(self) -> None:
        """Nothing here waits long."""

    def close(self) -> None:
        self.broken = True  # what the purge gives back is no news
        self.drop()

    def _on_error(self, error: KafkaError) -> None:
        self._unreachable(error)

    def _unreachable(self, error: KafkaError) -> None:
        if error.code() in _AWAY:
            brokers = self._settings.get("bootstrap.servers")
            self._desk.trouble("unreachable", f"Kafka at {brokers} cannot be reached; training goes on, reports are kept for later")
        else:
            self._desk.trouble(f"kafka {error.name()}", hidden(f"Kafka says: {error.str()}", self._settings))


def _error_of(error: KafkaException) -> KafkaError:
    found = error.args[0]
    return found if isinstance(found, KafkaError) else KafkaError(KafkaError._FAIL, str(error))


def _sentence(error: Exception) -> str:
    return _error_of(error).str() if isinstance(error, KafkaException) else str(error)
