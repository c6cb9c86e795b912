"""Reports on the local disk, for as long as they cannot be sent. JSON lines: what `mixdesk upload` reads.

A spool is a queue of segments, files of some megabytes. New reports go to the end of the last one; each is removed
when all of it has been delivered. Segments of earlier processes of the same run, which ended before they could send
them, stand before ours. Only the sending thread touches a spool.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple
from urllib.parse import quote

from .event import Event, read_event
from .lock import FileLock

SEGMENT_BYTES = 16 << 20
CHUNK = 1 << 18
_FILE = re.compile(r"(?P<key>[^.]+)\.(?P<ordinal>\d{4,})\.r(?P<rank>\d{5,})\.(?P<session>[0-9a-f]+)\.(?P<part>\d{6,})\.jsonl\Z")
"""Names sort in the order in which the files should be sent: older processes first, rank 0 before the others."""


class SpoolError(Exception):
    """The spool can take no more; the sentence says why."""


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
    def done(self) -> bool:
        return self.read_to >= self.size and not self.in_flight


class Place(NamedTuple):
    """Where an event lies in a spool."""

    segment: Segment
    start: int


class Entry(NamedTuple):
    """An event of the spool that was read to be sent."""

    event: Event
    place: Place


class SpoolIn(NamedTuple):
    """Where spools go, how large each may grow, and after how many seconds without a delivery."""

    folder: Path
    most: int
    after: float = 5.0

    def of(self, run: str, rank: int, session: str) -> Spool:
        """The spool of one process of a run."""
        return Spool(self.folder, run, rank, session, self.most)


def default_folder() -> Path:
    """`MIXDESK_SPOOL`, else `mixdesk/spool` in the user's cache folder."""
    told = os.environ.get("MIXDESK_SPOOL")
    if told:
        return Path(told).expanduser()
    cache = os.environ.get("XDG_CACHE_HOME")
    # The specification of XDG wants what is not absolute to be ignored.
    base = Path(cache) if cache and Path(cache).is_absolute() else Path("~/.cache").expanduser()
    return base / "mixdesk" / "spool"


def key_of(run: str) -> str:
    """The run in a file's name: no dots, no slashes, never too long, and different for different runs."""
    quoted = quote(run, safe="").replace(".", "%2E")
    return quoted if len(quoted) <= 120 else f"{quoted[:80]}~{hashlib.sha256(run.encode()).hexdigest()[:24]}"


def in_order(paths: Sequence[Path]) -> List[Path]:
    """Files in the order in which they should be sent."""
    return sorted(paths, key=lambda path: path.name)


def owner_of(path: Path) -> Optional[str]:
    """What the names of all files of one process begin with; None where the file is no spool's."""
    found = _FILE.match(path.name)
    return path.name[: found.start("part")] if found else None


def lock_of(path: Path) -> Optional[FileLock]:
    """The lock of the process that writes this file; None where the file is no spool's."""
    owner = owner_of(path)
    return FileLock(path.with_name(f"{owner}lock")) if owner else None


class Spool:
    """The spool of one process for one run. Nothing is made on disk before the first report comes."""

    def __init__(self, folder: Path, run: str, rank: int, session: str, most: int, segment_bytes: int = SEGMENT_BYTES) -> None:
        self.folder = folder
        self._key = key_of(run)
        self._rank = rank
        self._session = session
        self._most = most
        self._segment_bytes = min(segment_bytes, max(most // 8, 1 << 16))
        self._segments: List[Segment] = []
        self._tail: Optional[int] = None
        self._prefix: Optional[str] = None
        self._part = 0
        self._own_lock: Optional[FileLock] = None
        self._run_lock: Optional[FileLock] = None
        self._adopted: Dict[str, FileLock] = {}
        self.holding = False
        """Whether what is appended from now on may not be read, until `release`."""
        self.torn = 0
        """Lines that could not be read: the writer was killed in the middle, or the disk is bad."""

    # ---- what earlier processes left ----

    def adopt(self) -> bool:
        """Takes over what ended processes of this run left here. False: another process is about to send it; ask again."""
        if not self._strangers():
            return True
        lock = FileLock(self.folder / f"{self._key}.lock")
        if not lock.acquire():
            return False
        taken: List[Segment] = []
        for path in self._strangers():  # again: who had the lock may have sent them meanwhile
            owner, lives = owner_of(path), lock_of(path)
            assert owner is not None
            assert lives is not None
            if owner not in self._adopted:
                if not lives.acquire():
                    continue  # its writer is alive and will send it
                self._adopted[owner] = lives
            with contextlib.suppress(FileNotFoundError):
                taken.append(Segment(path, path.stat().st_size, foreign=True))
        self._segments[:0] = taken
        if taken:
            self._run_lock = lock
        else:
            lock.release()
        self._sweep()
        return True

    def _files(self) -> List[Path]:
        try:
            named = list(self.folder.iterdir())
        except OSError:
            return []
        matched = [(path, _FILE.match(path.name)) for path in named]
        return in_order([path for path, found in matched if found is not None and found["key"] == self._key])

    def _strangers(self) -> List[Path]:
        return [path for path in self._files() if self._prefix is None or not path.name.startswith(self._prefix)]

    # ---- writing ----

    def append(self, events: Sequence[Event], handed_over: bool = False) -> List[Place]:
        """Puts events at the end, all or none. `handed_over`: they are on their way already and lie here only in case
        that they do not arrive; everything before them must have been handed over, too."""
        lines = [event.json() + b"\n" for event in events]
        length = sum(map(len, lines))
        if self.bytes + length > self._most:
            raise SpoolError(f"the spool in {self.folder} holds its {self._most} bytes")
        segment = self._writable(length)
        assert self._tail is not None
        try:
            _write(self._tail, b"".join(lines))
        except OSError as error:
            with contextlib.suppress(OSError):  # not half a line for the next one to stick to
                os.ftruncate(self._tail, segment.size)
            self._rotate()
            raise SpoolError(f"the spool in {self.folder} cannot be written ({error.strerror or error})") from None
        places = []
        for line in lines:
            places.append(Place(segment, segment.size))
            segment.size += len(line)
        if handed_over:
            segment.read_to = segment.size
            segment.in_flight.update((place.start, None) for place in places)
        return places

    def _writable(self, length: int) -> Segment:
        if self._tail is not None:
            last = self._segments[-1]
            if last.size + length <= self._segment_bytes and last.held == self.holding:
                return last
            self._rotate()
        try:
            self._begin()
            path = self.folder / f"{self._prefix}{self._part:06d}.jsonl"
            self._tail = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        except OSError as error:
            raise SpoolError(f"the spool in {self.folder} cannot be made ({error.strerror or error})") from None
        self._part += 1
        self._segments.append(Segment(path, 0, foreign=False, held=self.holding))
        return self._segments[-1]

    def _begin(self) -> None:
        """Chooses a name behind those of all earlier processes of the run, and says that its owner is alive."""
        if self._own_lock is not None:
            return
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        ordinals = [int(found["ordinal"]) for found in (_FILE.match(path.name) for path in self._files()) if found is not None]
        prefix = f"{self._key}.{max(ordinals, default=0) + 1:04d}.r{self._rank:05d}.{self._session}."
        lock = FileLock(self.folder / f"{prefix}lock")
        if not lock.acquire():
            raise OSError("its lock is taken")
        self._prefix, self._own_lock = prefix, lock

    def _rotate(self) -> None:
        """Ends the last segment; an empty one vanishes."""
        tail, self._tail = self._tail, None
        if tail is not None:
            with contextlib.suppress(OSError):
                os.fsync(tail)
            os.close(tail)
        self._sweep()

    # ---- reading ----

    @property
    def bytes(self) -> int:
        """Bytes on disk."""
        return sum(segment.size for segment in self._segments)

    @property
    def unread(self) -> bool:
        """Whether something lies here that was not handed over yet, and may be."""
        return any(segment.read_to < segment.size and not segment.held for segment in self._segments)

    @property
    def holds(self) -> bool:
        """Whether something lies here that may not be read yet."""
        return any(segment.held for segment in self._segments)

    def release(self) -> None:
        """What was held may be read."""
        self.holding = False
        for segment in self._segments:
            segment.held = False

    def read(self, most: int) -> List[Entry]:
        """The next events, oldest first: at most so many, and none twice. Lines that are no events are skipped and counted."""
        entries: List[Entry] = []
        for segment in self._segments:
            if len(entries) < most and segment.read_to < segment.size and not segment.held:
                try:
                    self._read(segment, most, entries)
                except OSError:  # removed by hand, or a disk that gave up
                    self.torn += 1
                    segment.read_to = segment.size
        self._sweep()
        return entries

    def _read(self, segment: Segment, most: int, entries: List[Entry]) -> None:
        with segment.path.open("rb") as file:
            file.seek(segment.read_to)
            while segment.read_to < segment.size and len(entries) < most:
                start = segment.read_to
                line = file.readline(segment.size - start)
                segment.read_to += len(line) or segment.size - start  # shorter than it was: cut by somebody
                try:
                    if not line.endswith(b"\n"):
                        raise ValueError("is cut off")
                    entries.append(Entry(read_event(line), Place(segment, start)))
                    segment.in_flight[start] = None
                except ValueError:
                    self.torn += 1

    def settled(self, place: Place) -> None:
        """An event that was handed over has been delivered, or refused for good."""
        place.segment.in_flight.pop(place.start, None)
        if place.segment.done:
            self._sweep()

    def _sweep(self) -> None:
        """Removes what has been delivered."""
        for segment in [segment for segment in self._segments if segment.done]:
            if self._tail is not None and segment is self._segments[-1]:
                os.close(self._tail)
                self._tail = None
            with contextlib.suppress(OSError):
                segment.path.unlink()
            self._segments.remove(segment)
        if not any(segment.foreign for segment in self._segments):
            for lock in (*self._adopted.values(), self._run_lock):
                if lock is not None:
                    lock.release()
            self._adopted.clear()
            self._run_lock = None
        if self._own_lock is not None and all(segment.foreign for segment in self._segments):
            self._own_lock.release()
            self._own_lock = self._prefix = None

    # ---- the end ----

    def close(self) -> Tuple[int, List[Path]]:
        """Leaves what is not delivered for later. Returns how many lines that are, and their files."""
        self._rotate()
        lines = 0
        for segment in self._segments:
            self._trim(segment)
            with contextlib.suppress(OSError), segment.path.open("rb") as file:
                lines += sum(line.endswith(b"\n") for line in file)
        left = [segment.path for segment in self._segments]
        for lock in (*self._adopted.values(), self._run_lock, self._own_lock):
            if lock is not None:
                lock.release()
        return lines, left

    def _trim(self, segment: Segment) -> None:
        """Takes the delivered beginning away, so that it is not sent again. Where that fails it is, which does no harm."""
        first = min(segment.in_flight, default=segment.read_to)
        if first == 0:
            return
        rest = segment.path.with_suffix(".rest")
        try:
            with segment.path.open("rb") as file:
                file.seek(first)
                descriptor = os.open(rest, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
                try:
                    while chunk := file.read(CHUNK):
                        _write(descriptor, chunk)
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
            rest.replace(segment.path)
            segment.size -= first
        except OSError:
            with contextlib.suppress(OSError):
                rest.unlink()


def _write(descriptor: int, data: bytes) -> None:
    """Without a buffer: a forked child would write it a second time at its end."""
    rest = memoryview(data)
    while len(rest):
        rest = rest[os.write(descriptor, rest) :]
