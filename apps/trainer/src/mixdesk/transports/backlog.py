"""What is not delivered yet: where it waits, and in which order it goes.

Order is kept over four places: what is in the hands of the carrier is oldest, then comes what lies unread in the
spool, then what was taken from the queue, then the queue. Once something new is in the spool, everything newer goes
behind it. Only the sending thread changes a backlog.
"""

from __future__ import annotations

import math
import shlex
import uuid
from collections import OrderedDict, deque
from pathlib import Path
from typing import Deque, List, NamedTuple, Optional, Tuple

from .._checks import encode
from .._notices import Notices
from .._outbox import Outbox, Record
from .carrier import Carrier
from .event import LARGEST_MESSAGE, Event, moment
from .segment import Place
from .spool import SpoolError, SpoolIn

BATCH = 256


class Flight(NamedTuple):
    """An event in the hands of the carrier."""

    event: Event
    place: Optional[Place]
    """Where it lies in the spool, too."""

    @property
    def mine(self) -> bool:
        """Whether this process reported it, and not an earlier one that left it in the spool."""
        return self.place is None or not self.place.segment.foreign


class Backlog:
    """The reports of one process, from the queue until they are delivered. Without `spool` everything waits in memory.

    What is put behind a `gate`, a number in the queue, is not handed over. The spool may take it.
    """

    def __init__(self, run: str, rank: int, outbox: Outbox, notices: Notices, spool: Optional[SpoolIn]) -> None:
        self._run = run
        self._source = f"mixdesk-python/{run}/{rank}"
        self._session = uuid.uuid4().hex
        self._outbox = outbox
        self._notices = notices
        self._spool = spool.of(run, rank, self._session) if spool is not None else None
        self._flights: "OrderedDict[int, Flight]" = OrderedDict()
        self._next = 0
        self._held: Deque[Tuple[int, Event]] = deque()
        """Taken from the queue, with their numbers there."""
        self._taking = False
        self.sent = 0
        self.acknowledged = 0
        self.dropped = 0
        self.spooled = 0
        self.recovered = 0
        """Reports of earlier processes that were found in the spool and delivered. They count nowhere else."""

    @property
    def in_flight(self) -> int:
        """How many events are in the hands of the carrier."""
        return len(self._flights)

    @property
    def waiting(self) -> bool:
        """Whether something could be handed over, but for a gate in the queue."""
        return bool(self._held) or len(self._outbox) > 0 or (self._spool is not None and self._spool.unread)

    @property
    def gated(self) -> bool:
        """Whether something is there that a gate may keep back."""
        return bool(self._held) or len(self._outbox) > 0 or (self._spool is not None and self._spool.holds)

    @property
    def unsent(self) -> int:
        """Reports that are not acknowledged yet, wherever they are. Any thread may ask: what moves meanwhile counts twice, and never
        not at all."""
        return len(self._outbox) + self._taking + len(self._held) + len(self._flights) + self.spooled

    # ---- to the carrier ----

    def adopt(self) -> bool:
        """Takes what earlier processes of this run left in the spool: it goes first. False while another one is sending that."""
        if self._spool is None:
            return True
        try:
            return self._spool.adopt()
        except OSError as error:
            self._notices.warn("spool", f"the spool in {self._spool.folder} cannot be looked at ({error.strerror or error})")
            return True

    def feed(self, carrier: Carrier, gate: float) -> int:
        """Hands over what comes next, as far as the carrier takes it. Returns how many events that were."""
        room = min(carrier.most - len(self._flights), BATCH)
        if room <= 0 or carrier.full:
            return 0
        if self._spool is not None and self._spool.unread:
            torn = self._spool.torn
            entries = self._spool.read(room)
            if self._spool.torn > torn:
                self._notices.warn("torn", f"{self._spool.torn - torn} unreadable lines of the spool in {self._spool.folder} were skipped")
            for entry in entries:
                flight = Flight(entry.event, entry.place)
                self._hand_over(carrier, flight)
                if flight.mine:
                    self.sent += 1
                    self.spooled -= 1
            return len(entries)
        if self._spool is not None and self._spool.holds:
            return 0  # all the rest is newer
        if not self._held:
            self._hold(room, gate)
        fed = 0
        while self._held and fed < room and self._held[0][0] < gate:
            self.sent += 1
            self._hand_over(carrier, Flight(self._held[0][1], None))
            self._held.popleft()
            fed += 1
        return fed

    def feed_again(self, carrier: Carrier) -> None:
        """Hands over once more what the carrier has let fall."""
        for number, flight in list(self._flights.items()):
            carrier.hand_over(number, flight.event)

    def _hand_over(self, carrier: Carrier, flight: Flight) -> None:
        number = self._next
        self._next += 1
        self._flights[number] = flight
        carrier.hand_over(number, flight.event)

    def _hold(self, most: int, before: float) -> None:
        self._taking = True
        for record in self._outbox.take(most, before):
            event = self._event(record)
            if event is not None:
                self._held.append((record.number, event))
        self._taking = False

    def _event(self, record: Record) -> Optional[Event]:
        data = encode(record.data)
        if len(data) > LARGEST_MESSAGE:
            self.dropped += 1
            self._notices.warn("size", f"a {record.name} of {len(data)} bytes was dropped; at most {LARGEST_MESSAGE} are accepted")
            return None
        return Event(
            id=record.id or f"{self._session}-{record.number}",
            type=f"mixdesk.{record.name}.v1",
            source=self._source,
            run=self._run,
            data=data,
            time=moment(record.time),
        )

    # ---- what became of it ----

    def delivered(self, number: int) -> Optional[Event]:
        """The event of that number, where it was on its way."""
        flight = self._settle(number)
        if flight is None:
            return None
        if flight.mine:
            self.acknowledged += 1
        else:
            self.recovered += 1
        return flight.event

    def refused(self, number: int) -> bool:
        """Whether it was on its way. It will not be sent again."""
        flight = self._settle(number)
        if flight is not None and flight.mine:
            self.sent -= 1
            self.dropped += 1
        return flight is not None

    def _settle(self, number: int) -> Optional[Flight]:
        flight = self._flights.pop(number, None)
        if flight is not None and flight.place is not None and self._spool is not None:
            self._spool.settled(flight.place)
        return flight

    # ---- to the spool ----

    def shelter(self, batches: int, gate: float) -> bool:
        """Puts into the spool what is not there yet, at most so many batches of what is new: they may come faster than they go.
        False where the spool takes no more, which is said once."""
        spool = self._spool
        assert spool is not None
        try:
            spool.holding = spool.holds
            bare = [(number, flight.event) for number, flight in self._flights.items() if flight.place is None]
            for i in range(0, len(bare), BATCH):
                part = bare[i : i + BATCH]
                places = spool.append([event for _, event in part], handed_over=True)
                for (number, event), place in zip(part, places):
                    self._flights[number] = Flight(event, place)
            for _ in range(batches):
                if not self._held:
                    self._hold(BATCH, gate)
                if not self._held:
                    self._hold(BATCH, math.inf)
                if not self._held:
                    break
                spool.holding = spool.holds or self._held[0][0] >= gate
                events = [event for number, event in self._held if spool.holding or number < gate]
                spool.append(events)
                self.spooled += len(events)
                for _ in events:
                    self._held.popleft()
        except SpoolError as error:
            self._notices.warn("spool", f"{error}; reports wait in memory, where the oldest are dropped when the queue is full")
            return False
        return True

    def release(self) -> None:
        """There is no gate any more: what the spool kept back may be read."""
        if self._spool is not None:
            self._spool.release()

    def leave(self, gate: float) -> None:
        """The end: what was not delivered goes to disk, where there is a spool that takes it."""
        spool = self._spool
        if spool is not None and (self._flights or self._held or len(self._outbox)):
            self.shelter(len(self._outbox) // BATCH + 2, gate)
        kept = [flight for flight in self._flights.values() if flight.place is not None and flight.mine]
        lost = sum(flight.place is None for flight in self._flights.values())
        self.sent -= len(kept) + lost
        self.spooled += len(kept)
        lost += len(self._held) + len(self._outbox)
        self._flights.clear()
        self._held.clear()
        self._outbox.take(len(self._outbox))
        if lost:
            self.dropped += lost
            self._notices.warn("unsent", f"{lost} reports were not sent before the run closed")
        if spool is not None:
            self._say_where(*spool.close())

    def _say_where(self, lines: int, files: List[Path]) -> None:
        if not lines:
            return
        # The names are the same up to the run's key, which holds nothing that a shell would take amiss.
        name = files[0].name if len(files) == 1 else f"{files[0].name.split('.')[0]}.*.jsonl"
        self._notices.warn(
            "kept",
            f"{lines} reports were not sent before the run closed; the next start of this run on this machine sends them, "
            f"or: mixdesk upload --remove {shlex.quote(str(files[0].parent))}/{name}",
        )
