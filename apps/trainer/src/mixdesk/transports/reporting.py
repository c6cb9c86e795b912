"""The thread that sends. Everything slow happens here: serialising, connecting, waiting, retrying, writing to disk.

Order is kept over three places: what is in the hands of the carrier is oldest, then comes what lies unread in the
spool, then what was taken from the queue, then the queue. An event goes into the spool when nothing has arrived for
some seconds, or when the queue is half full and the carrier takes no more; everything newer goes behind it.

A gate may stand in the queue: what was put after `hold` is not handed over before `release`. The spool may take it.
"""

from __future__ import annotations

import math
import shlex
import threading
import time
import uuid
from collections import OrderedDict, deque
from pathlib import Path
from typing import Callable, Deque, List, NamedTuple, Optional, Tuple

from .._checks import encode
from .._notices import Notices
from .._outbox import Outbox, Record
from .carrier import Carrier, Desk
from .event import LARGEST_MESSAGE, Event, moment
from .spool import Place, SpoolError, SpoolIn

TICK, BUSY = 0.003, 0.1
"""Seconds between looks at the outbox for as long as something came in the last BUSY seconds; after that, it must be woken."""
BATCH = 256
SPOOL_AGAIN = 15.0
"""Seconds until the next try, when the spool could take no more."""
OTHERS = 30.0
"""Seconds to wait for another process that is sending what earlier ones left."""
LONGEST_HOLD = 30.0
"""Seconds for which the gate stays shut, counted from when what waits behind it could have been sent."""
OPENINGS = frozenset(("mixdesk.run.started.v1", "mixdesk.run.resumed.v1"))


class Flight(NamedTuple):
    """An event in the hands of the carrier."""

    event: Event
    place: Optional[Place]
    """Where it lies in the spool, too."""


class Reporting:
    """A `Reporter` over any carrier. `carry` makes the carrier; without `spool` everything waits in memory."""

    def __init__(
        self,
        run: str,
        rank: int,
        outbox: Outbox,
        notices: Notices,
        carry: Callable[[Desk], Carrier],
        spool: Optional[SpoolIn] = None,
    ) -> None:
        self._run = run
        self._source = f"mixdesk-python/{run}/{rank}"
        self._session = uuid.uuid4().hex
        self._outbox = outbox
        self._notices = notices
        self._carrier = carry(self)
        self._spool = spool.of(run, rank, self._session) if spool is not None else None
        self._spool_after = spool.after if spool is not None else 0.0
        self._spool_at = 0.0
        self._adopted = self._spool is None
        self._began = self._look_at = 0.0
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._dozing = False
        self._deadline: Optional[float] = None
        self._flights: "OrderedDict[int, Flight]" = OrderedDict()
        self._next = 0
        self._held: Deque[Tuple[int, Event]] = deque()
        """Taken from the queue, with their numbers there."""
        self._gate: float = math.inf
        """The first number that may not be handed over."""
        self._gate_since: Optional[float] = None
        self._moved = time.monotonic()
        self.sent = 0
        self.acknowledged = 0
        self.dropped = 0
        self.spooled = 0
        self.opened: Optional[str] = None
        self.recovered = 0
        """Reports of earlier processes that were found in the spool and delivered. They count nowhere else."""
        self._thread = threading.Thread(target=self._work, name="mixdesk-sender", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Says that the outbox holds something. Costs a plain read while the thread is looking anyway: waking a thread
        makes it ask for the interpreter at once, and was seen to cost the training loop several times all the rest."""
        if self._dozing:
            self._dozing = False
            self._wake.set()

    def hold(self) -> None:
        """Shuts the gate behind what lies in the queue now; one that is shut stays where it is."""
        self._gate = min(self._gate, self._outbox.next)
        self._gate_since = None

    def release(self) -> None:
        """Opens the gate."""
        if self._gate < math.inf:
            self._gate = math.inf
            self._wake.set()

    def close(self, timeout: float) -> None:
        """Sends what is left, for at most `timeout` seconds; what remains goes to the spool."""
        self._gate = math.inf
        self._deadline = time.monotonic() + timeout
        self._closing.set()
        self._wake.set()
        self._thread.join(timeout + 0.5)
        if self._thread.is_alive():
            self._carrier.interrupt()
            self._thread.join(2.0)

    @property
    def unsent(self) -> int:
        return len(self._outbox) + len(self._held) + len(self._flights) + self.spooled

    # ---- the desk ----

    def delivered(self, number: int) -> None:
        flight = self._settle(number)
        if flight is not None:
            self._moved = time.monotonic()
            if flight.event.type in OPENINGS:
                self.opened = flight.event.id
            if _mine(flight.place):
                self.acknowledged += 1
            else:
                self.recovered += 1

    def refused(self, number: int, cause: str, sentence: str) -> None:
        flight = self._settle(number)
        if flight is not None:
            self._moved = time.monotonic()
            if _mine(flight.place):
                self.sent -= 1
                self.dropped += 1
            self._notices.warn(f"refused {cause}", sentence)

    def trouble(self, cause: str, sentence: str) -> None:
        self._notices.warn(cause, sentence)

    def _settle(self, number: int) -> Optional[Flight]:
        flight = self._flights.pop(number, None)
        if flight is not None and flight.place is not None and self._spool is not None:
            self._spool.settled(flight.place)
        return flight

    # ---- the thread ----

    def _work(self) -> None:
        try:
            self._send_all()
        except Exception as error:  # a fault of ours must not look like a healthy run
            self._notices.warn("sender", f"sending has ended by a fault: {error!r}; training goes on unreported")
        try:
            self._leave()
        except Exception as error:
            self._notices.warn("leaving", f"what was not sent could not be kept: {error!r}")

    def _send_all(self) -> None:
        carrier = self._carrier
        connected = False
        self._began = self._moved = retry_at = busy = time.monotonic()
        while not self._over():
            moved = 0
            self._look_at_gate(connected)
            if not connected and time.monotonic() >= retry_at:
                connected = carrier.connect(max(0.05, min(1.0, self._left())))
                if connected:
                    for number, flight in list(self._flights.items()):
                        carrier.hand_over(number, flight.event)
                else:
                    retry_at = time.monotonic() + carrier.pause
            if connected:
                moved = self._feed()
                carrier.work(min(1.0, self._left()))
                if carrier.broken:
                    carrier.drop()
                    connected = False
                    retry_at = time.monotonic() + carrier.pause
            if not self._flights and not self._waiting():
                self._moved = time.monotonic()
            elif self._late(connected):
                self._shelter(8)
            if moved:
                busy = time.monotonic()
            elif not self._over():
                self._rest(connected, time.monotonic() - busy < BUSY, retry_at)

    def _rest(self, connected: bool, busy: bool, retry_at: float) -> None:
        if not connected:
            self._pause(min(0.25, max(0.01, retry_at - time.monotonic())))
        elif busy:
            time.sleep(TICK)
        elif self._flights or self._waiting() or self._gate_since is not None:
            self._pause(0.02)
        else:
            self._wake.clear()
            self._dozing = True
            if not len(self._outbox) and not self._closing.is_set():  # nothing came while it lay down
                self._wake.wait(0.5)
            self._dozing = False

    def _waiting(self) -> bool:
        return bool(self._held) or len(self._outbox) > 0 or (self._spool is not None and self._spool.unread)

    def _look_at_gate(self, connected: bool) -> None:
        """Opens it when it was shut for too long: Mixdesk may be away, or rank 0 may have been here long ago."""
        spool = self._spool
        if self._gate < math.inf:
            if not connected or not (self._held or len(self._outbox) or (spool is not None and spool.holds)):
                self._gate_since = None
            elif self._gate_since is None:
                self._gate_since = time.monotonic()
            elif time.monotonic() - self._gate_since >= LONGEST_HOLD:
                self._gate = math.inf
        if self._gate == math.inf:
            self._gate_since = None
            if spool is not None:
                spool.release()

    def _over(self) -> bool:
        if not self._closing.is_set():
            return False
        self._look_at_gate(connected=False)
        return not (self._flights or self._waiting()) or self._left() <= 0

    def _pause(self, seconds: float) -> None:
        """Waits, but not past the end of the run."""
        if not self._closing.is_set():
            self._closing.wait(seconds)
        else:
            time.sleep(max(0.0, min(seconds, self._left())))

    def _left(self) -> float:
        deadline = self._deadline
        return float("inf") if deadline is None else deadline - time.monotonic()

    # ---- from the spool or the queue to the carrier ----

    def _feed(self) -> int:
        room = min(self._carrier.most - len(self._flights), BATCH)
        if room <= 0 or self._carrier.full or not self._may_begin():
            return 0
        if self._spool is not None and self._spool.unread:
            torn = self._spool.torn
            entries = self._spool.read(room)
            if self._spool.torn > torn:
                self._notices.warn("torn", f"{self._spool.torn - torn} unreadable lines of the spool in {self._spool.folder} were skipped")
            for entry in entries:
                if _mine(entry.place):
                    self.spooled -= 1
                    self.sent += 1
                self._hand_over(Flight(entry.event, entry.place))
            return len(entries)
        if self._spool is not None and self._spool.holds:
            return 0  # all the rest is newer
        gate = self._gate
        if not self._held:
            self._hold(room, gate)
        fed = 0
        while self._held and fed < room and self._held[0][0] < gate:
            self.sent += 1
            self._hand_over(Flight(self._held.popleft()[1], None))
            fed += 1
        return fed

    def _hand_over(self, flight: Flight) -> None:
        number = self._next
        self._next += 1
        self._flights[number] = flight
        self._carrier.hand_over(number, flight.event)

    def _hold(self, most: int, before: float) -> None:
        for record in self._outbox.take(most, before):
            event = self._event(record)
            if event is not None:
                self._held.append((record.number, event))

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

    # ---- the spool ----

    def _may_begin(self) -> bool:
        """What earlier processes of this run left goes first."""
        if not self._adopted and self._spool is not None and time.monotonic() >= self._look_at:
            self._look_at = time.monotonic() + 0.2
            try:
                self._adopted = self._spool.adopt()
            except OSError as error:
                self._adopted = True
                self._notices.warn("spool", f"the spool in {self._spool.folder} cannot be looked at ({error.strerror or error})")
            if not self._adopted and time.monotonic() > self._began + OTHERS:
                self._adopted = True
                self._notices.warn("others", "another process is still sending what an earlier one left of this run; going on without waiting for it")
        return self._adopted

    def _late(self, connected: bool) -> bool:
        if self._spool is None or time.monotonic() < self._spool_at:
            return False
        if time.monotonic() - self._moved >= self._spool_after:
            return True
        shut = not connected or self._carrier.full or self._gate < math.inf
        return self._outbox.half_full and (shut or len(self._flights) >= self._carrier.most // 2)

    def _shelter(self, batches: int) -> None:
        """Puts into the spool what is not there yet, at most so many batches of what is new: they may come faster than they go."""
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
            gate = self._gate
            for _ in range(batches):
                if not self._held:
                    self._hold(BATCH, gate)
                if not self._held:
                    self._hold(BATCH, math.inf)
                if not self._held:
                    return
                spool.holding = spool.holds or self._held[0][0] >= gate
                events = [event for number, event in self._held if spool.holding or number < gate]
                spool.append(events)
                self.spooled += len(events)
                for _ in events:
                    self._held.popleft()
        except SpoolError as error:
            self._spool_at = time.monotonic() + SPOOL_AGAIN
            self._notices.warn("spool", f"{error}; reports wait in memory, where the oldest are dropped when the queue is full")

    def _leave(self) -> None:
        """The end: what was not delivered goes to disk, where there is a spool that takes it."""
        self._carrier.close()
        spool = self._spool
        if spool is not None and (self._flights or self._held or len(self._outbox)):
            self._shelter(len(self._outbox) // BATCH + 2)
        kept = [flight for flight in self._flights.values() if flight.place is not None and _mine(flight.place)]
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


def _mine(place: Optional[Place]) -> bool:
    """Whether this process reported it, and not an earlier one that left it in the spool."""
    return place is None or not place.segment.foreign
