"""The thread that sends. Everything slow happens here: serialising, connecting, waiting, retrying, writing to disk.

What it sends, and in which order, is the backlog's business; when is this one's. Reports go into the spool when nothing
has arrived for some seconds, or when the queue is half full and the carrier takes no more.

A gate may stand in the queue: what was put after `hold` is not handed over before `release`.
"""

from __future__ import annotations

import math
import threading
import time
from typing import Callable, Optional

from .._notices import Notices
from .._outbox import Outbox
from .backlog import Backlog
from .carrier import Carrier, Desk
from .spool import SpoolIn

TICK, BUSY = 0.01, 0.1
"""Seconds between looks at the outbox for as long as something came in the last BUSY seconds; after that, it must be woken. Where all
cores are busy, each look interrupts the training loop: looks every 3 ms were seen in half as many reports again as these."""
SPOOL_AGAIN = 15.0
"""Seconds until the next try, when the spool could take no more."""
OTHERS = 30.0
"""Seconds to wait for another process that is sending what earlier ones left."""
LONGEST_HOLD = 30.0
"""Seconds for which the gate stays shut, counted from when what waits behind it could have been sent."""
SAVING = 10.0
"""Seconds that the end may take beyond what was asked for, for putting on disk what was not sent: disks may be slow, and then be full."""
OPENINGS = frozenset(("mixdesk.run.started.v1", "mixdesk.run.resumed.v1"))


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
        self._outbox = outbox
        self._notices = notices
        self._carrier = carry(self)
        self._backlog = Backlog(run, rank, outbox, notices, spool)
        self._spool_after = math.inf if spool is None else spool.after
        self._spool_at = math.inf if spool is None else 0.0
        """When the spool may be tried."""
        self._adopted = False
        self._began = self._look_at = 0.0
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._dozing = False
        self._deadline: Optional[float] = None
        self._gate: float = math.inf
        """The first number of the queue that may not be handed over."""
        self._gate_since: Optional[float] = None
        self._moved = time.monotonic()
        self.opened: Optional[str] = None
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
            self._thread.join(SAVING)

    @property
    def sent(self) -> int:
        return self._backlog.sent

    @property
    def acknowledged(self) -> int:
        return self._backlog.acknowledged

    @property
    def dropped(self) -> int:
        return self._backlog.dropped

    @property
    def spooled(self) -> int:
        return self._backlog.spooled

    @property
    def recovered(self) -> int:
        """Reports of earlier processes that were found in the spool and delivered. They count nowhere else."""
        return self._backlog.recovered

    @property
    def unsent(self) -> int:
        return self._backlog.unsent

    # ---- the desk ----

    def delivered(self, number: int) -> None:
        event = self._backlog.delivered(number)
        if event is not None:
            self._moved = time.monotonic()
            if event.type in OPENINGS:
                self.opened = event.id

    def refused(self, number: int, cause: str, sentence: str) -> None:
        if self._backlog.refused(number):
            self._moved = time.monotonic()
            self._notices.warn(f"refused {cause}", sentence)

    def trouble(self, cause: str, sentence: str) -> None:
        self._notices.warn(cause, sentence)

    # ---- the thread ----

    def _work(self) -> None:
        try:
            self._send_all()
        except Exception as error:  # a fault of ours must not look like a healthy run
            self._notices.warn("sender", f"sending has ended by a fault: {error!r}; training goes on unreported")
        try:
            self._carrier.close()
            self._backlog.leave(self._gate)
        except Exception as error:
            self._notices.warn("leaving", f"what was not sent could not be kept: {error!r}")

    def _send_all(self) -> None:
        carrier, backlog = self._carrier, self._backlog
        connected = False
        self._began = self._moved = retry_at = busy = time.monotonic()
        while not self._over():
            moved = 0
            self._look_at_gate(connected)
            if not connected and time.monotonic() >= retry_at:
                connected = carrier.connect(max(0.05, min(1.0, self._left())))
                if connected:
                    backlog.feed_again(carrier)
                else:
                    retry_at = time.monotonic() + carrier.pause
            if connected:
                moved = backlog.feed(carrier, self._gate) if self._may_begin() else 0
                carrier.work(min(1.0, self._left()))
                if carrier.broken:
                    carrier.drop()
                    connected = False
                    retry_at = time.monotonic() + carrier.pause
            if not backlog.in_flight and not backlog.waiting:
                self._moved = time.monotonic()
            elif self._late(connected) and not backlog.shelter(8, self._gate):
                self._spool_at = time.monotonic() + SPOOL_AGAIN
            if moved:
                busy = time.monotonic()
            elif not self._over():
                self._rest(connected, time.monotonic() - busy < BUSY, retry_at)

    def _may_begin(self) -> bool:
        """What earlier processes of this run left goes first."""
        if not self._adopted and time.monotonic() >= self._look_at:
            self._look_at = time.monotonic() + 0.2
            self._adopted = self._backlog.adopt()
            if not self._adopted and time.monotonic() > self._began + OTHERS:
                self._adopted = True
                self._notices.warn("others", "another process is still sending what an earlier one left of this run; going on without waiting for it")
        return self._adopted

    def _late(self, connected: bool) -> bool:
        """Whether it is time for the spool."""
        if time.monotonic() < self._spool_at:
            return False
        if time.monotonic() - self._moved >= self._spool_after:
            return True
        shut = not connected or self._carrier.full or self._gate < math.inf
        return self._outbox.half_full and (shut or self._backlog.in_flight >= self._carrier.most // 2)

    def _rest(self, connected: bool, busy: bool, retry_at: float) -> None:
        if not connected:
            self._pause(min(0.25, max(0.01, retry_at - time.monotonic())))
        elif busy:
            time.sleep(TICK)
        elif self._backlog.in_flight or self._backlog.waiting or self._gate_since is not None:
            self._pause(0.02)
        else:
            self._wake.clear()
            self._dozing = True
            if not len(self._outbox) and not self._closing.is_set():  # nothing came while it lay down
                self._wake.wait(0.5)
            self._dozing = False

    def _look_at_gate(self, connected: bool) -> None:
        """Opens it when it was shut for too long: Mixdesk may be away, or rank 0 may have been here long ago."""
        if self._gate < math.inf:
            if not connected or not self._backlog.gated:
                self._gate_since = None
            elif self._gate_since is None:
                self._gate_since = time.monotonic()
            elif time.monotonic() - self._gate_since >= LONGEST_HOLD:
                self._gate = math.inf
        if self._gate == math.inf:
            self._gate_since = None
            self._backlog.release()

    def _over(self) -> bool:
        if not self._closing.is_set():
            return False
        self._look_at_gate(connected=False)
        return not (self._backlog.in_flight or self._backlog.waiting) or self._left() <= 0

    def _pause(self, seconds: float) -> None:
        """Waits, but not past the end of the run."""
        if not self._closing.is_set():
            self._closing.wait(seconds)
        else:
            time.sleep(max(0.0, min(seconds, self._left())))

    def _left(self) -> float:
        deadline = self._deadline
        return math.inf if deadline is None else deadline - time.monotonic()
