"""A file of events, to be sent later by `mixdesk upload`. No mixtures come from it: training keeps those it began with."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import List, Optional, Tuple

from .._notices import Notices
from .._outbox import Outbox
from .base import Receiver, Reporter, Take
from .carrier import Desk
from .event import Event
from .reporting import Reporting


class FileTransport:
    """Appends JSON lines to `path`; `{rank}` in its name becomes the rank."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __repr__(self) -> str:
        return f"FileTransport({str(self._path)!r})"

    def reporter(self, run: str, rank: int, outbox: Outbox, notices: Notices) -> Reporter:
        path = self._path.with_name(self._path.name.replace("{rank}", str(rank)))
        return Reporting(run, rank, outbox, notices, lambda desk: FileCarrier(desk, path))

    def receiver(self, run: str, take: Take, notices: Notices) -> Receiver:
        return NoReceiver()


class FileCarrier:
    """A `Carrier` into a file. Several processes may append to one, on a local disk: each write holds whole lines."""

    most = 1_000

    def __init__(self, desk: Desk, path: Path) -> None:
        self._desk = desk
        self._path = path
        self._descriptor: Optional[int] = None
        self._waiting: List[Tuple[int, Event]] = []
        self.broken = False
        self.pause = 1.0

    @property
    def full(self) -> bool:
        return False

    def connect(self, patience: float) -> bool:
        self.broken = False
        if self._descriptor is None:
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
                self._end_line()
            except OSError as error:
                self._fail(error)
                return False
        return True

    def _end_line(self) -> None:
        """Whoever wrote here before may have been killed in the middle of a line."""
        assert self._descriptor is not None
        size = os.fstat(self._descriptor).st_size
        if size and os.pread(self._descriptor, 1, size - 1) != b"\n":
            os.write(self._descriptor, b"\n")

    def hand_over(self, number: int, event: Event) -> None:
        self._waiting.append((number, event))

    def work(self, patience: float) -> None:
        if not self._waiting:
            return
        assert self._descriptor is not None
        lines = b"".join(event.json() + b"\n" for _, event in self._waiting)
        size = os.fstat(self._descriptor).st_size
        try:
            written = os.write(self._descriptor, lines)
            if written < len(lines):  # the disk is full, or nearly
                os.ftruncate(self._descriptor, size)
                os.write(self._descriptor, lines)
        except OSError as error:
            self._fail(error)
            return
        done, self._waiting = self._waiting, []
        for number, _ in done:
            self._desk.delivered(number)

    def _fail(self, error: OSError) -> None:
        self._desk.trouble("file", f"{self._path} cannot be written ({error.strerror or error}); reports wait in memory for now")
        self.broken = True

    def drop(self) -> None:
        self._waiting = []
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def interrupt(self) -> None:
        """Nothing here waits."""

    def close(self) -> None:
        if self._descriptor is not None:
            try:
                os.fsync(self._descriptor)
            except OSError as error:
                self._fail(error)
        self.drop()


class NoReceiver:
    """A `Receiver` of nothing."""

    def __init__(self) -> None:
        self.caught_up = threading.Event()
        self.caught_up.set()

    def start(self) -> None:
        """There is nothing to start."""

    def close(self) -> None:
        """There is nothing to end."""

    def join(self, timeout: float) -> None:
        """There is nothing to wait for."""
