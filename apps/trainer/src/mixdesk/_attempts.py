"""Attempts: how one is opened and numbered, and what happens when another process has it.

A start that meets a run already there is told (`rejected`) and reports nothing more: two trainers have one name. A resume
that meets its own number is something else: a process before it died after opening that attempt and before the server
could say so. It opens the next one, and says again there what it has reported since.
"""

from __future__ import annotations

import threading
import time
from typing import Any, Dict, List, Optional, Set, Tuple

from ._commands import count
from ._core import Core, Setup
from ._desk import Refusal
from ._opening import Contest, Opening
from ._outbox import FACTS
from .transports.base import Receiver, Reporter

Kept = Tuple[int, str, Dict[str, Any], int]


class Attempts(Core):
    """The part of a run that talks to Mixdesk."""

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self._opening = Opening()
        self._rejected: Optional[str] = None
        self._withheld = 0
        self._kept: Optional[List[Kept]] = None
        """Reports of a resumed attempt, until the server says whose it is."""
        self._next: Optional[int] = None
        """The attempt to open in place of one that somebody else has, for ranks to do so together."""
        self._replaced: Set[int] = set()
        self._told_open = 0
        """The attempt of which rank 0 has told the others that its opening has arrived."""
        self._overtaken_by = 0
        """A later attempt of which this rank has heard before it was told to go there itself; 0 as a rule."""
        self._telling = threading.RLock()
        self._reporter: Reporter = setup.transport.reporter(setup.run, setup.rank, self._outbox, self._notices)
        # Where ranks agree, rank 0 listens for all of them.
        listens = setup.agreement is None or setup.rank == 0
        self._receiver: Optional[Receiver] = setup.transport.receiver(setup.run, self._receive, self._notices) if listens else None
        if self._rank:
            self._reporter.hold()
        self._reporter.start()
        if self._receiver is not None:
            self._receiver.start()

    @property
    def attempt(self) -> int:
        """The stretch of the run since its last (re)start, from 1."""
        return self._desk.attempt

    @property
    def rejected(self) -> Optional[str]:
        """Why nothing is reported any more: another process has opened this attempt, or a later one. `None` as a rule."""
        return self._rejected

    # ---- telling ----

    def _put(self, lane: int, name: str, data: Dict[str, Any], size: int = 1, id: Optional[str] = None) -> None:
        with self._telling:
            if self._opening.pending is not None:
                self._tell_opening()
            if self._desk.highest_attempt > self._desk.attempt:
                self._overtaken()
            if self._rejected is not None:
                self._withheld += 1
                return
            if self._replaced and data.get("attempt") in self._replaced:  # it was made just before
                data["attempt"] = self.attempt
            dropped = self._outbox.put(lane, name, time.time(), data, size, id)
            kept = self._kept
            if kept is not None and id is None and "attempt" in data:
                kept.append((lane, name, data, size))
                if len(kept) > self._queue:
                    self._kept = None
        self._reporter.wake()
        if dropped is not None:
            self._notices.warn(f"full {dropped}", f"the queue is full; a {dropped} was dropped")

    def _tell_opening(self) -> None:
        """The attempt begins: its first report is on its way. Rank 0 tells."""
        with self._telling:
            start = self._opening.open()
            if start is None:
                return
            self._kept = None if start.name == "run.started" else []
            if self._rank == 0:
                self._put(FACTS, start.name, start.data, start.size, start.id)
                self._compare()
            else:
                # What is reported before the attempt is open would be lost at the server.
                self._reporter.hold()
                self._release_where_open()
            for refusal in self._opening.held():
                self._refuse(refusal)

    def _say_refused(self, refusal: Refusal) -> Refusal:
        self._notices.warn("mixture", f"mixture {refusal.version} was refused: {refusal.because}")
        return refusal

    def _refuse(self, refusal: Refusal) -> None:
        attempt, version, because = refusal
        answer = {"run": self._name, "attempt": attempt, "version": version, "step": self._step, "because": because[:4096]}
        self._put(FACTS, "mixture.refused", answer)

    # ---- listening ----

    def _receive(self, data: Dict[str, Any]) -> None:
        """Takes a command. Runs on the listening thread, and never raises."""
        try:
            self._take_command(data)
        except Exception as error:
            self._notices.warn("command", f"a command was ignored: {error}")

    def _take_command(self, data: Dict[str, Any]) -> None:
        attempt = count(data.get("attempt"))
        if attempt is None:
            raise ValueError("it lacks its attempt")
        if self._rank == 0:
            self._opening.seen(attempt, data.get("openedBy"))
            self._compare()
            if self._opening.contested() is not None:
                self._desk.note(attempt)  # it is about what somebody else reported
                return
        refusal = self._desk.receive(data)
        if self._rank:
            self._release_where_open()
        if refusal is not None and not self._opening.hold(self._say_refused(refusal)):
            self._refuse(refusal)

    def _release_where_open(self) -> None:
        """Without agreement: a command for the attempt, or for one after it, is the answer to its opening."""
        with self._telling:
            if self._desk.highest_attempt >= self._desk.attempt:
                self._reporter.release()

    # ---- whose attempt it is ----

    def _overtaken(self) -> None:
        """A rank that listens for itself has seen a command of a later attempt, and trains on. Only here, and not where the command
        comes in: where all ranks go back together, rank 0 may tell of the next attempt before this one gets to it."""
        if self._rank and self._voice is None and self._rejected is None:
            self._overtaken_by = self._desk.highest_attempt
            self._reject(_sentence(Contest(self._overtaken_by, None)))

    def _compare(self) -> None:
        """Looks at whose attempt it is, after an opening and after each command."""
        contest = self._opening.contested()
        told = self._opening.told
        if contest is None or told is None:
            if self._voice is None and self._opening.confirmed:
                self._kept = None
        elif contest.attempt == told.attempt and self._kept is not None and self._voice is not None:
            self._next = contest.attempt + 1
        elif contest.attempt == told.attempt and self._kept is not None and self._ranks == 1:
            self._reopen(contest.attempt + 1)
        elif self._rejected is None and self._next is None:
            self._reject(_sentence(contest))

    def _reject(self, sentence: str) -> None:
        self._rejected = sentence
        self._desk.renumber(self.attempt, void=True)
        self._withheld += len(self._outbox.take(len(self._outbox)))
        self._notices.warn("rejected", f"{sentence}; nothing more is reported")

    def _open_attempt(self, step: int) -> None:
        """Tells of the attempt at hand, at once: the sooner Mixdesk knows, the sooner its mixture is here."""
        data = {"run": self._name, "attempt": self.attempt, "step": step, "ranks": self._ranks}
        self._opening.plan("run.resumed", self.attempt, data)
        if self._overtaken_by and self.attempt >= self._overtaken_by:
            self._rejected, self._overtaken_by = None, 0
        self._tell_opening()

    def _reopen(self, attempt: int) -> None:
        """Opens another attempt in place of one that somebody else has, and reports there what was reported here."""
        with self._telling:
            told, kept, self._next = self._opening.told, self._kept or [], None
            if told is None or attempt <= self.attempt:
                return
            self._replaced.add(self.attempt)
            self._desk.renumber(attempt)
            self._open_attempt(told.data["step"])
            for lane, name, data, size in kept:
                self._put(lane, name, {**data, "attempt": attempt}, size)

    # ---- its number ----

    def _next_attempt(self, known: int, step: int) -> int:
        """One above the highest attempt there was: of the checkpoint, and of the commands that lie there."""
        if self._opening.told is not None:
            known = max(known, self.attempt)
        if self._voice is None:
            return known + 1 if self._ranks > 1 else self._above(known, step)
        found = self._voice.share({"attempt": self._above(known, step)} if self._rank == 0 else None)
        number = None if found is None else found.get("attempt")
        return number if isinstance(number, int) else known + 1

    def _above(self, known: int, step: int) -> int:
        if self._receiver is not None and not self._receiver.caught_up.wait(self._resume_timeout):
            seconds = f"{self._resume_timeout:g} s"
            self._notices.warn("attempts", f"which attempts there were could not be seen within {seconds}; this one is taken for {known + 1}")
        elif step < 0 and self._desk.highest_attempt == 0 and self._opening.told is None:
            return 1  # the state is that of a run about to start, and nothing was ever opened
        return max(known, self._desk.highest_attempt) + 1


def _sentence(contest: Contest) -> str:
    event = "" if contest.opened_by is None else f" (event {contest.opened_by})"
    return (
        f"attempt {contest.attempt} of this run was opened by another process{event}: two trainers have the same run name, this one begins "
        "a run that was there before, or another one has resumed it meanwhile; start under a name of its own, or go on with the run: "
        "from a checkpoint, or, where there is none, from the beginning by `mixdesk.resume(..., step=-1)`"
    )
