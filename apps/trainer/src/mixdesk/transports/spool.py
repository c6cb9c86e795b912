"""Reports on the local disk, for as long as they cannot be sent. JSON lines: what `mixdesk upload` reads.

A spool is a queue of segments, files of some megabytes. New reports go to the end of the last one; each is removed
when all of it has been delivered. Segments of earlier processes of the same run, which ended before they could send
them, stand before ours. Only the sending thread touches a spool.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

from .event import Event
from .lock import FileLock
from .segment import Entry, Place, Segment, write
from .spool_names import files_of, key_of, lock_of, own_lock, owner_behind, owner_of, part_of

SEGMENT_BYTES = 16 << 20


class SpoolError(Exception):
    """The spool can take no more; the sentence says why."""


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
        self._owner: Optional[str] = None
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

    def _strangers(self) -> List[Path]:
        return [path for path in files_of(self.folder, self._key) if self._owner is None or not path.name.startswith(self._owner)]

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
            write(self._tail, b"".join(lines))
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
            path = self.folder / part_of(self._begin(), self._part)
            self._tail = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        except OSError as error:
            raise SpoolError(f"the spool in {self.folder} cannot be made ({error.strerror or error})") from None
        self._part += 1
        self._segments.append(Segment(path, 0, foreign=False, held=self.holding))
        return self._segments[-1]

    def _begin(self) -> str:
        """Chooses names behind those of all earlier processes of the run, and says that their owner is alive."""
        if self._owner is None:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            owner = owner_behind(files_of(self.folder, self._key), self._key, self._rank, self._session)
            lock = own_lock(self.folder, owner)
            if not lock.acquire():
                raise OSError("its lock is taken")
            self._owner, self._own_lock = owner, lock
        return self._owner

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
        return any(segment.unread for segment in self._segments)

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
            if len(entries) < most and segment.unread:
                read, torn = segment.read(most - len(entries))
                entries += read
                self.torn += torn
        self._sweep()
        return entries

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
            self._own_lock = self._owner = None

    # ---- the end ----

    def close(self) -> Tuple[int, List[Path]]:
        """Leaves what is not delivered for later. Returns how many lines that are, and their files."""
        self._rotate()
        lines = 0
        for segment in self._segments:
            segment.trim()
            lines += segment.lines()
        left = [segment.path for segment in self._segments]
        for lock in (*self._adopted.values(), self._run_lock, self._own_lock):
            if lock is not None:
                lock.release()
        return lines, left
