"""How an attempt begins: told with the first report, under an id by which the server says whose attempt it is."""

from __future__ import annotations

import threading
import uuid
from typing import Any, Dict, List, NamedTuple, Optional

from ._desk import Refusal


class Start(NamedTuple):
    """What opens an attempt: a `run.started` or a `run.resumed`."""

    name: str
    attempt: int
    data: Dict[str, Any]
    size: int
    id: str


class Contest(NamedTuple):
    """The server says that somebody else has opened this attempt, or a later one."""

    attempt: int
    opened_by: Optional[str]
    """By which event; `None` where the server does not say."""


class Opening:
    """Holds back the opening event until there is something to tell, and compares it with what the server says came first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.pending: Optional[Start] = None
        self.told: Optional[Start] = None
        """What opened the attempt at hand."""
        self._early: List[Refusal] = []
        self._newest = Contest(0, None)

    def plan(self, name: str, attempt: int, data: Dict[str, Any], size: int = 1) -> None:
        """The attempt that the next report will open, in place of any planned before."""
        start = Start(name, attempt, data, size, f"{uuid.uuid4().hex}-{attempt}")
        with self._lock:
            self.pending = start

    def open(self) -> Optional[Start]:
        """The opening event to send now, once."""
        with self._lock:
            start, self.pending = self.pending, None
            self.told = start or self.told
            return start

    def hold(self, refusal: Refusal) -> bool:
        """Keeps a refusal for later where no attempt is open yet."""
        with self._lock:
            if self.pending is None:
                return False
            self._early.append(refusal)
            return True

    def held(self) -> List[Refusal]:
        """What was refused before the attempt was open, and belongs to it."""
        with self._lock:
            held, self._early = self._early, []
            return [one for one in held if self.told is not None and one.attempt == self.told.attempt]

    def seen(self, attempt: int, opened_by: Optional[str]) -> None:
        """What a command says: which event opened its attempt. A server that does not say is taken to mean this process's, where
        the attempt is; a later one was opened by somebody else."""
        with self._lock:
            mine = self.told or self.pending
            if opened_by is None and self.told is not None and attempt == self.told.attempt:
                opened_by = self.told.id
            later = mine is not None and attempt > mine.attempt
            if (opened_by is not None or later) and attempt >= self._newest.attempt:
                self._newest = Contest(attempt, opened_by)

    @property
    def confirmed(self) -> bool:
        """Whether the server says that the attempt is this process's."""
        with self._lock:
            return self.told is not None and self.told.id == self._newest.opened_by

    def contested(self) -> Optional[Contest]:
        """Who else has it, where somebody has."""
        with self._lock:
            newest, told = self._newest, self.told
            return None if told is None or newest.attempt < told.attempt or newest.opened_by == told.id else newest
