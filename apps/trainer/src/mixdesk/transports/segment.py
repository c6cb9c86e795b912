"""A file of a spool: JSON lines that are read once, from the front, and whose delivered beginning can be taken away."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Dict, List, NamedTuple, Tuple

from .event import Event, read_event

CHUNK = 1 << 18


class Segment:
    """A file of the spool: `size` bytes, of which `read_to` were read and handed over."""

    __slots__ = ("foreign", "held", "in_flight", "path", "read_to", "size")

    def __init__(self, path: Path, size: int, foreign: bool, held: bool = False) -> None:
        self.path = path
        self.size = size
        self.read_to = 0
        self.in_flight: Dict[int, None] = {}
        """Where the lines begin that were handed over and not delivered yet."""
        self.foreign = foreign
        """Whether an earlier process wrote it."""
        self.held = held
        """Whether it may not be read yet; no segment after it may, either."""

    @property
    def unread(self) -> bool:
        """Whether something is to be read here, now."""
        return self.read_to < self.size and not self.held

    @property
    def done(self) -> bool:
        return self.read_to >= self.size and not self.in_flight

    def read(self, most: int) -> Tuple[List[Entry], int]:
        """The next events, at most so many, and how many lines were none: skipped."""
        entries: List[Entry] = []
        torn = 0
        try:
            with self.path.open("rb") as file:
                file.seek(self.read_to)
                while self.read_to < self.size and len(entries) < most:
                    start = self.read_to
                    line = file.readline(self.size - start)
                    self.read_to += len(line) or self.size - start  # shorter than it was: cut by somebody
                    try:
                        if not line.endswith(b"\n"):
                            raise ValueError("is cut off")
                        entries.append(Entry(read_event(line), Place(self, start)))
                        self.in_flight[start] = None
                    except ValueError:
                        torn += 1
        except OSError:  # removed by hand, or a disk that gave up
            torn += 1
            self.read_to = self.size
        return entries, torn

    def lines(self) -> int:
        """How many whole lines the file holds; none where it cannot be read."""
        try:
            with self.path.open("rb") as file:
                return sum(line.endswith(b"\n") for line in file)
        except OSError:
            return 0

    def trim(self) -> None:
        """Takes the delivered beginning away, so that it is not sent again. Where that fails it is, which does no harm."""
        first = min(self.in_flight, default=self.read_to)
        if first == 0:
            return
        rest = self.path.with_suffix(".rest")
        try:
            with self.path.open("rb") as file:
                file.seek(first)
                descriptor = os.open(rest, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
                try:
                    while chunk := file.read(CHUNK):
                        write(descriptor, chunk)
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
            rest.replace(self.path)
            self.size -= first
        except OSError:
            with contextlib.suppress(OSError):
                rest.unlink()


class Place(NamedTuple):
    """Where an event lies in a spool."""

    segment: Segment
    start: int


class Entry(NamedTuple):
    """An event of the spool that was read to be sent."""

    event: Event
    place: Place


def write(descriptor: int, data: bytes) -> None:
    """Without a buffer: a forked child would write it a second time at its end."""
    rest = memoryview(data)
    while len(rest):
        rest = rest[os.write(descriptor, rest) :]
