"""Sending files of events: what a `file=` transport has recorded, or a spool has kept."""

from __future__ import annotations

import gzip
import time
import zlib
from collections import OrderedDict
from pathlib import Path
from typing import IO, Callable, Iterator, List, NamedTuple, Optional, Sequence, Union

from .carrier import Carrier, Desk
from .event import Event, read_event
from .lock import FileLock
from .spool_names import lock_of

LONGEST_LINE = 4 << 20


class Line(NamedTuple):
    """A line of a file."""

    path: Path
    number: int
    """From 1."""
    read: Union[Event, str]
    """Its event, or the sentence that says why it is none."""
    last: bool = False
    """Whether the file ends in the middle of it: its writer was killed."""

    def __str__(self) -> str:
        return f"{self.path}, line {self.number}"


class GaveUp(Exception):
    """Nothing could be delivered for too long. The sentence says why."""


def files_of(given: Sequence[Path]) -> List[Path]:
    """The files, and those in the folders, in the order in which they should be sent. Raises an OSError where one is not there."""
    found: List[Path] = []
    for path in given:
        if path.is_dir():
            found += sorted([*path.glob("*.jsonl"), *path.glob("*.jsonl.gz")])
        else:
            path.stat()
            found.append(path)
    return found


def lines_of(path: Path) -> Iterator[Line]:
    """The lines of a file, plain or gzipped. Empty ones are left out."""
    number = 0
    with path.open("rb") as raw:
        zipped = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        file: IO[bytes] = gzip.GzipFile(fileobj=raw) if zipped else raw  # type: ignore[assignment]
        try:
            while line := file.readline(LONGEST_LINE):
                number += 1
                if line.strip():
                    yield _read(path, number, line)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            yield Line(path, number + 1, f"cannot be unpacked ({error})")


def _read(path: Path, number: int, line: bytes) -> Line:
    try:
        return Line(path, number, read_event(line))
    except ValueError as error:
        return Line(path, number, str(error), last=not line.endswith(b"\n") and len(line) < LONGEST_LINE)


def hold(path: Path) -> Optional[FileLock]:
    """Keeps the process that wrote this spool, and those that come after it, from sending it at the same time. None for files
    that are no spools. Raises a BlockingIOError where somebody is at it."""
    lock = lock_of(path)
    if lock is not None and not lock.acquire():
        raise BlockingIOError("belongs to a run that is going on, and that will send it")
    return lock


class Uploader:
    """Sends lines in order, and waits until all have arrived. `tell` is called with the number sent so far."""

    def __init__(self, carry: Callable[[Desk], Carrier], timeout: float, tell: Callable[[int], None], refused: Callable[[Line, str], None]) -> None:
        self._carrier = carry(self)
        self._timeout = timeout
        self._tell = tell
        self._refuse = refused
        self._flights: "OrderedDict[int, Line]" = OrderedDict()
        self._next = 0
        self._moved = 0.0
        self._trouble = "nothing answers"
        self.sent = 0

    # ---- the desk ----

    def delivered(self, number: int) -> None:
        if self._flights.pop(number, None) is not None:
            self.sent += 1
            self._moved = time.monotonic()

    def refused(self, number: int, cause: str, sentence: str) -> None:
        line = self._flights.pop(number, None)
        if line is not None:
            self._moved = time.monotonic()
            self._refuse(line, sentence)

    def trouble(self, cause: str, sentence: str) -> None:
        self._trouble = sentence.split(";")[0]

    # ---- sending ----

    def send(self, lines: Iterator[Line]) -> None:
        """Raises `GaveUp` when nothing was delivered for `timeout` seconds."""
        connected, ended, retry_at = False, False, 0.0
        self._moved = time.monotonic()
        while not (ended and not self._flights):
            before = self.sent
            if not connected and time.monotonic() >= retry_at:
                connected = self._connect()
                retry_at = time.monotonic() + self._carrier.pause
            if connected:
                ended = ended or not self._feed(lines)
                self._carrier.work(1.0)
                if self._carrier.broken:
                    self._carrier.drop()
                    connected = False
                    retry_at = time.monotonic() + self._carrier.pause
            if self.sent > before:
                self._tell(self.sent)
            elif time.monotonic() - self._moved > self._timeout:
                raise GaveUp(self._trouble)
            else:
                time.sleep(0.01)

    def _connect(self) -> bool:
        if not self._carrier.connect(1.0):
            return False
        for number, line in self._flights.items():
            assert isinstance(line.read, Event)
            self._carrier.hand_over(number, line.read)
        return True

    def _feed(self, lines: Iterator[Line]) -> bool:
        while len(self._flights) < self._carrier.most and not self._carrier.full:
            line = next(lines, None)
            if line is None:
                return False
            assert isinstance(line.read, Event)
            self._flights[self._next] = line
            self._carrier.hand_over(self._next, line.read)
            self._next += 1
        return True

    def close(self) -> None:
        self._carrier.close()
