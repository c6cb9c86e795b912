"""Mixtures from Kafka: the run's partition, without a group, from the beginning (the topic is compacted)."""

from __future__ import annotations

import json
from typing import Any, Callable, Dict, Mapping, Optional

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition

from .._notices import Notices, logger
from .._partition import partition_of
from .base import Take
from .listening import Listening

TOPIC = "mixdesk.trainer-commands.v1"
TYPE = "mixdesk.mixture.set.v1"


class KafkaReceiver(Listening):
    """Hands every `mixture.set` of the run to `take`. `client` makes the consumer."""

    def __init__(
        self,
        run: str,
        take: Take,
        notices: Notices,
        settings: Mapping[str, Any],
        client: Callable[[Dict[str, Any]], Consumer] = Consumer,
    ) -> None:
        super().__init__(take, notices)
        self._run = run
        self._key = run.encode("utf-8")
        self._settings: Dict[str, Any] = {
            "group.id": "mixdesk-trainer",  # the client wants one; nothing is ever committed to it
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "earliest",
            "allow.auto.create.topics": False,
            "enable.partition.eof": True,
            "reconnect.backoff.max.ms": 2_000,
            "log_level": 0,
            "error_cb": lambda _error: None,  # the carrier tells of an unreachable Kafka
            **settings,
        }
        self._client = client
        self._consumer: Optional[Consumer] = None

    def _listen(self) -> None:
        try:
            consumer = self._consumer = self._client(dict(self._settings))
        except (KafkaException, TypeError, ValueError):
            return  # the carrier has the same settings and says so
        partitions = self._partitions(consumer)
        if partitions is None:
            return
        consumer.assign([TopicPartition(TOPIC, partition_of(self._run, partitions), OFFSET_BEGINNING)])
        while not self._closing.is_set():
            message = consumer.poll(0.25)
            if message is None:
                continue
            error = message.error()
            if error is not None:
                if error.code() == KafkaError._PARTITION_EOF:
                    self.caught_up.set()
                elif error.code() not in (KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN):
                    self._notices.warn(f"commands {error.name()}", f"reading commands: {error.str()}")
                continue
            if message.key() == self._key:
                self._read(message)

    def _disconnect(self) -> None:
        if self._consumer is not None:
            self._consumer.close()

    def _partitions(self, consumer: Consumer) -> Optional[int]:
        while not self._closing.is_set():
            try:
                found = consumer.list_topics(timeout=1.0).topics.get(TOPIC)
                if found is not None and found.error is None and found.partitions:
                    return len(found.partitions)
            except KafkaException:
                pass  # the carrier tells of an unreachable Kafka
            self._closing.wait(0.25)
        return None

    def _read(self, message: Message) -> None:
        value = message.value()
        if value is None:
            return
        try:
            data = json.loads(value)
        except ValueError:
            self._notices.warn("command", "a command is not JSON and was ignored")
            return
        headers: Dict[str, Any] = dict(message.headers() or [])
        kind: Any = headers.get("ce_type")
        if kind is None and isinstance(data, dict) and "specversion" in data:  # structured mode
            kind, data = data.get("type"), data.get("data")
        if isinstance(kind, bytes):
            kind = kind.decode("utf-8", "replace")
        if kind != TYPE:
            logger.debug("Mixdesk, run %s: a command of type %r was ignored; %s is understood", self._run, kind, TYPE)
        elif not isinstance(data, dict):
            self._notices.warn("command", "a command holds no JSON object and was ignored")
        else:
            self._take(data)
