"""The bounded queue between the training loop and the sending thread."""

from __future__ import annotations

import math
import threading
from collections import deque
from typing import Any, Deque, Dict, List, Optional, Tuple

FACTS, LOSSES, METRICS = 0, 1, 2
"""Lanes. A full queue drops the oldest metrics first, then the oldest losses; never a fact while one of those is left."""


class Record:
    """Something reported. The sending thread turns it into a message. No tuple with names: making one takes twice as long."""

    __slots__ = ("data", "id", "name", "number", "size", "time")

    def __init__(self, number: int, name: str, time: float, data: Dict[str, Any], size: int, id: Optional[str] = None) -> None:
        self.number = number
        self.name = name
        self.time = time
        self.data = data
        self.size = size
        self.id = id
        """The event's id, where whoever reports it has one; else the sending thread makes it."""


class Outbox:
    """Keeps order over its lanes, and never more than `messages` records or `numbers` values."""

    def __init__(self, messages: int, numbers: int = 8_000_000) -> None:
        self._messages = messages
        self._numbers = numbers
        self._lock = threading.Lock()
        self._lanes: Tuple[Deque[Record], ...] = (deque(), deque(), deque())
        self._next = 0
        self._count = 0
        self._size = 0
        self.dropped = 0

    def __len__(self) -> int:
        return self._count

    @property
    def next(self) -> int:
        """The number that the next record will get."""
        return self._next

    @property
    def half_full(self) -> bool:
        return 2 * self._count >= self._messages or 2 * self._size >= self._numbers

    def put(self, lane: int, name: str, time: float, data: Dict[str, Any], size: int = 1, id: Optional[str] = None) -> Optional[str]:
        """Takes a record. Returns the name of an event that was dropped for it (its own, where only facts are left)."""
        dropped = None
        with self._lock:
            while self._count and (self._count >= self._messages or self._size + size > self._numbers):
                dropped = self._drop_oldest()
                if dropped is None:
                    self.dropped += 1
                    return name
            self._lanes[lane].append(Record(self._next, name, time, data, size, id))
            self._next += 1
            self._count += 1
            self._size += size
        return dropped

    def _drop_oldest(self) -> Optional[str]:
        for lane in (METRICS, LOSSES):
            if self._lanes[lane]:
                record = self._take(lane)
                self.dropped += 1
                return record.name
        return None

    def _take(self, lane: int) -> Record:
        record = self._lanes[lane].popleft()
        self._count -= 1
        self._size -= record.size
        return record

    def take(self, most: int, before: float = math.inf) -> List[Record]:
        """The oldest records, in the order they were put; only those with numbers below `before`."""
        taken: List[Record] = []
        with self._lock:
            while len(taken) < most and self._count:
                number, lane = min((queue[0].number, i) for i, queue in enumerate(self._lanes) if queue)
                if number >= before:
                    break
                taken.append(self._take(lane))
        return taken
