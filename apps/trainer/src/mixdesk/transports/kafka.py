"""Kafka: reports go to one topic, commands come from the run's partition of another."""

from __future__ import annotations

from typing import Any, Callable, Dict, Mapping, Optional

from confluent_kafka import Consumer, Producer

from .._notices import Notices
from .._outbox import Outbox
from .base import Receiver, Reporter, Take
from .carrier import Carrier, Desk
from .kafka_carrier import KafkaCarrier
from .kafka_receiver import KafkaReceiver
from .reporting import Reporting
from .secrets import shown
from .spool import SpoolIn


class KafkaTransport:
    """Kafka at `brokers`; `settings` are further ones of librdkafka (TLS, SASL, ...) and go before ours."""

    def __init__(
        self,
        brokers: str,
        settings: Optional[Mapping[str, Any]] = None,
        spool: Optional[SpoolIn] = None,
        producer: Callable[[Dict[str, Any]], Producer] = Producer,
        consumer: Callable[[Dict[str, Any]], Consumer] = Consumer,
    ) -> None:
        self._settings: Dict[str, Any] = {"bootstrap.servers": brokers, **(settings or {})}
        self._spool = spool
        self._producer = producer
        self._consumer = consumer

    def __repr__(self) -> str:
        return f"KafkaTransport({shown(self._settings)})"

    def reporter(self, run: str, rank: int, outbox: Outbox, notices: Notices) -> Reporter:
        return Reporting(run, rank, outbox, notices, self.carrier, self._spool)

    def carrier(self, desk: Desk) -> Carrier:
        return KafkaCarrier(desk, self._settings, self._producer)

    def receiver(self, run: str, take: Take, notices: Notices) -> Receiver:
        return KafkaReceiver(run, take, notices, self._settings, self._consumer)
