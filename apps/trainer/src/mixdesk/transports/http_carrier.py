"""Events over HTTP: `POST /v1/events`, in batches, one after the other."""

from __future__ import annotations

import random
import time
from collections import deque
from typing import Any, Deque, Dict, List, Optional, Set, Tuple

from .carrier import Desk
from .event import Event
from .http_client import Answer, HttpAddress, HttpClient, Silent, Unreachable

MOST_EVENTS = 500
MOST_BYTES = 4 << 20
"""Of one request. The server takes 10,000 events and 16 MiB."""
PATIENCE = 15.0
"""Seconds to wait for an answer: the server answers when Kafka has all of the batch."""
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 15.0
STARTING = 60.0
"""Seconds for which events wait for their run to be known: another rank tells of the start, and the server learns of it with a delay."""

Numbered = Tuple[int, Event]


class HttpCarrier:
    """A `Carrier` over HTTP. A batch is taken whole or not at all; events that the server finds at fault are dropped
    and the rest is sent again, so that one of them never blocks the others."""

    most = MOST_EVENTS

    def __init__(self, desk: Desk, address: HttpAddress) -> None:
        self._desk = desk
        self._address = address
        self._client = HttpClient(address)
        self._waiting: Deque[Numbered] = deque()
        self._batch = MOST_EVENTS
        self._failures = 0
        self._unknown_since: Optional[float] = None
        self._never: Set[str] = set()
        """Runs whose start was refused: nobody needs to wait for them."""
        self._told_plain = False
        self.broken = False
        self.pause = 0.0

    @property
    def full(self) -> bool:
        return False

    def connect(self, patience: float) -> bool:
        self.broken = False
        if not self._told_plain and "authorization" in {key.lower() for key in self._address.headers}:
            self._told_plain = True
            if not self._address.tls and not self._address.loopback:
                self._desk.trouble("plain", f"the authorization goes to {self._address} in the clear; use https")
        return True  # the first request will show

    def hand_over(self, number: int, event: Event) -> None:
        self._waiting.append((number, event))

    def drop(self) -> None:
        self._waiting.clear()
        self._client.close()

    def interrupt(self) -> None:
        self._client.interrupt()

    def close(self) -> None:
        self.drop()

    def work(self, patience: float) -> None:
        if not self._waiting:
            return
        batch = self._next_batch()
        try:
            answer = self._post(batch)
        except Silent as error:
            self._batch = max(1, len(batch) // 2)  # perhaps it was too much at once
            self._fail("unreachable", str(error))
        except Unreachable as error:
            self._fail("unreachable", str(error))
        else:
            self._take(batch, answer)

    def _next_batch(self) -> List[Numbered]:
        batch: List[Numbered] = []
        size = 0
        for numbered in self._waiting:
            size += len(numbered[1].data) + 512
            if batch and (len(batch) >= self._batch or size > MOST_BYTES):
                break
            batch.append(numbered)
        return batch

    def _post(self, batch: List[Numbered]) -> Answer:
        body = b"[%s]" % b",".join(event.json() for _, event in batch)
        return self._client.ask("POST", self._client.path("/v1/events"), PATIENCE, body, "application/cloudevents-batch+json")

    def _take(self, batch: List[Numbered], answer: Answer) -> None:
        status, said = answer.status, answer.detail
        if status in (200, 202):
            told = answer.json()
            if isinstance(told, dict) and told.get("accepted") == len(batch):
                self._accepted(batch)
            else:
                self._fail("answer", f"what answers at {self._address} does not seem to be Mixdesk")
        elif status == 422 and self._faulty(batch, answer):
            pass
        elif status in (400, 413, 415, 422):
            self._split(batch, answer)
        elif status in (401, 403, 407):
            self._fail(f"status {status}", f"{self._address} does not let us in ({said})")
        elif status in (408, 425, 429) or status >= 500:
            self._fail(f"status {status}", f"{self._address} cannot take reports now ({said})", answer.retry_after)
        else:
            self._fail(f"status {status}", f"{self._address} does not take reports ({said}): is it Mixdesk's address?")

    def _accepted(self, batch: List[Numbered]) -> None:
        self._failures = 0
        self._unknown_since = None
        self._batch = min(MOST_EVENTS, self._batch * 2)
        for number, _ in batch:
            self._waiting.popleft()
            self._desk.delivered(number)

    def _faulty(self, batch: List[Numbered], answer: Answer) -> bool:
        """Drops the events that the server finds at fault. False where it does not say which."""
        document = answer.json()
        faults: Any = document.get("faults") if isinstance(document, dict) else None
        named = {
            fault["index"]: fault
            for fault in (faults if isinstance(faults, list) else [])
            if isinstance(fault, dict) and isinstance(fault.get("index"), int) and 0 <= fault["index"] < len(batch)
        }
        if not named:
            return False
        final = {index: fault for index, fault in named.items() if not _may_wait(fault)}
        if not final and not any(batch[index][1].run in self._never for index in named) and self._patient():
            # Its start is on the way, perhaps by another rank, or known to the log and not yet to the ledger.
            self._fail("starting", f"{self._address}: {_because(next(iter(named.values())))} Waiting for it", 0.5)
            return True
        for index, fault in (final or named).items():
            self._refuse(batch[index], _because(fault))
        return True

    def _patient(self) -> bool:
        if self._unknown_since is None:
            self._unknown_since = time.monotonic()
        return time.monotonic() - self._unknown_since < STARTING

    def _split(self, batch: List[Numbered], answer: Answer) -> None:
        """The batch was refused and nobody says for which event: half of it, and so on, until one is left."""
        if len(batch) == 1:
            self._batch = MOST_EVENTS
            self._refuse(batch[0], answer.detail)
        else:
            self._batch = len(batch) // 2

    def _refuse(self, numbered: Numbered, because: str) -> None:
        self._waiting.remove(numbered)
        number, event = numbered
        if event.name == "run.started":
            self._never.add(event.run)
        self._desk.refused(number, event.name, f"{self._address} refused a {event.name}: {because[:1000]}")

    def _fail(self, cause: str, sentence: str, pause: Optional[float] = None) -> None:
        self._desk.trouble(cause, f"{sentence}; training goes on, reports are kept for later")
        self._failures += 1
        longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(self._failures - 1, 10))
        # Jitter: a thousand ranks that lost the server together should not come back together.
        self.pause = pause if pause is not None else longest * random.uniform(0.5, 1.0)
        self.broken = True


def _because(fault: Dict[str, Any]) -> str:
    return str(fault.get("because", ""))


def _may_wait(fault: Dict[str, Any]) -> bool:
    """Whether the event may be taken later: the start of its run can be on the way. Older servers say so in words only."""
    return fault.get("retriable") is True or "has not started" in _because(fault)
