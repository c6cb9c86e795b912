"""How a run goes on and ends: checkpoints and new attempts, the last words."""

from __future__ import annotations

import atexit
import os
import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Type, TypeVar

from . import _checks as checks
from ._core import Setup
from ._errors import ArgumentError
from ._mixing import Mixing
from ._outbox import FACTS
from ._state import Saved, Stateful, read_state, write_state

if TYPE_CHECKING:
    from .samplers import Loader

STATUSES = ("completed", "failed", "stopped")
_INTERRUPTED = "interrupted from the keyboard"

Self = TypeVar("Self", bound="Life")


class Life(Mixing):
    """The part of a run that resumes and ends."""

    def __init__(self, setup: Setup) -> None:
        self._attached: Dict[str, Stateful] = {}
        self._saved_samplers: Dict[str, Any] = {}
        self._loaders: List[Loader] = []
        super().__init__(setup)
        atexit.register(self._at_exit)

    # ---- checkpoints ----

    def attach(self, name: str, stateful: Stateful) -> None:
        """Makes the state of a sampler or loader part of `state_dict()`. Where a checkpoint was loaded before, it goes on
        from what that has under this name. A second one of a name takes the place of the first."""
        checks.name("name", name)
        if not callable(getattr(stateful, "state_dict", None)) or not callable(getattr(stateful, "load_state_dict", None)):
            raise ArgumentError("stateful", f"should have state_dict() and load_state_dict(), got {checks.show(stateful)}.")
        self._attached[name] = stateful
        if name in self._saved_samplers:
            stateful.load_state_dict(self._saved_samplers.pop(name))

    def loader(self, sources: object, batch_size: int, *, name: str = "loader", **options: Any) -> Loader:
        """A loader that follows the mixture: iterating it calls `boundary` and yields a batch (its `step`, `samples` and
        `domains`) drawn by the mixture in force, step after step.

        `sources` are map-style datasets or iterables, one a domain; `batch_size` is that of this rank. The `options` are
        those of `mixdesk.samplers.Loader`. Its state is part of `state_dict()` under `name`: give a second loader another.
        """
        from .samplers import Loader

        made = Loader(self, sources, batch_size, **options)
        self.attach(name, made)
        self._loaders.append(made)
        return made

    def state_dict(self, step: Optional[int] = None) -> Dict[str, Any]:
        """What to keep in a checkpoint: run, attempt, step, the mixture in force and the newest one on offer, the states of
        all that is attached. Plain values that JSON can hold, as far as those of samplers are.

        `step` is the last one whose effect is in the checkpoint; left out, it is the newest that `log`, `log_losses` or
        `checkpoint` told of, or that a `loader` gave out. Every rank keeps its own, for samplers differ.
        """
        done = max([self._done, *(loader.step - 1 for loader in self._loaders)]) if step is None else checks.integer("step", step, -1)
        samplers = {**self._saved_samplers, **{name: stateful.state_dict() for name, stateful in self._attached.items()}}
        return write_state(Saved(self._name, self.attempt, done, self._ranks, self._desk.in_force, self._desk.offered, samplers))

    def load_state_dict(self, state: Mapping[str, Any], attempt: Optional[int] = None) -> None:
        """Goes on from what `state_dict()` returned, as a new attempt: with its mixture, and its samplers where they left off.

        The attempt's number is one above the highest that is known: the checkpoint's, and those of the commands that lie
        there, for which this waits (`resume_timeout` of `start`), for a run may crash twice after one checkpoint. Where
        ranks agree, rank 0 finds it for all of them. Several ranks that don't agree take the checkpoint's and one; give
        `attempt` to all of them after a second crash. Raises `ArgumentError` where the state is no state of this run.
        """
        saved = read_state(state, self._name, self._names)
        if attempt is None:
            new = self._next_attempt(saved.attempt, saved.step)
        else:
            new = checks.integer("attempt", attempt, saved.attempt + 1, checks.LARGEST_ATTEMPT)
        self._desk.restore(new, saved.mixture, saved.offered)
        if new > 1:  # else nothing was ever opened: the state is that of a run about to start
            self._open_attempt(saved.step)
        self._step, self._done = max(saved.step, 0), saved.step
        self._saved_samplers = dict(saved.samplers)
        for name in list(self._attached):
            if name in self._saved_samplers:
                self._attached[name].load_state_dict(self._saved_samplers.pop(name))

    def resume(self, step: int, attempt: Optional[int] = None) -> None:
        """Goes back to a checkpoint in this process: what follows `step` is reported as a new attempt.

        `step` is the last step whose effect is in the checkpoint; -1 begins the run again, before step 0. All ranks call it;
        rank 0 tells.
        """
        try:
            if not self._open("resume"):
                return
            number = checks.integer("step", step, -1)
            new = self.attempt + 1 if attempt is None else checks.integer("attempt", attempt, self.attempt + 1, checks.LARGEST_ATTEMPT)
            self._desk.resume(new)
            self._step, self._done = max(number, 0), number
            self._open_attempt(number)
        except Exception as error:
            self._failed("resume", error)

    def _go_on(self, step: int, attempt: Optional[int]) -> None:
        """Opens the attempt of a process that has no state of the run, but the mixture it was begun with."""
        new = max(2, self._next_attempt(1, step)) if attempt is None else attempt
        self._desk.resume(new)
        self._step, self._done = max(step, 0), step
        self._open_attempt(step)

    # ---- the end ----

    def flush(self, timeout: float = 5.0) -> bool:
        """Waits until everything reported so far is out of this process: acknowledged, or in the spool on disk. Returns
        whether it is, after `timeout` seconds at most.

        A process that is killed takes what is not out with it, which is the reports of its last milliseconds. Call this
        before a checkpoint is complete where the decisions after a crash should be exactly those of an unbroken run.
        """
        if not self._open("flush"):
            return False
        deadline = time.monotonic() + timeout
        self._reporter.release()
        while self._reporter.unsent > self._reporter.spooled:
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.002)
        return True

    def finish(self, status: str = "completed", because: Optional[str] = None, timeout: float = 10.0) -> None:
        """Ends the run (rank 0 tells) and sends what is left, for at most `timeout` seconds. A second call does nothing."""
        if self._over or os.getpid() != self._process:
            return
        try:
            if self._opening.pending is not None:
                self._tell_opening()
            if status not in STATUSES:
                raise ArgumentError("status", f"should be one of {', '.join(STATUSES)}, got {checks.show(status)}.")
            data: Dict[str, Any] = {"run": self._name, "attempt": self.attempt, "step": self._step, "status": status}
            if self._opening.told is not None:
                data["openedBy"] = self._opening.told.id
            if because is not None:
                data["because"] = checks.text("because", because, 4096)
            if self._rank == 0:
                self._put(FACTS, "run.finished", data)
        except Exception as error:
            self._failed("finish", error)
        self._over = True
        atexit.unregister(self._at_exit)
        if self._receiver is not None:
            self._receiver.close()
        self._reporter.close(timeout)
        if self._receiver is not None:
            self._receiver.join(1.0)

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException], _trace: Optional[TracebackType]) -> None:
        if error is None or (isinstance(error, SystemExit) and error.code in (None, 0)):
            self.finish()
        elif isinstance(error, KeyboardInterrupt):
            self.finish("stopped", _INTERRUPTED)
        else:
            self.finish("failed", f"{type(error).__name__}: {error}"[:4096])

    def _at_exit(self) -> None:
        """The process ends and nobody called `finish`."""
        kind = getattr(sys, "last_type", None)
        if kind is not None and issubclass(kind, KeyboardInterrupt):
            self.finish("stopped", _INTERRUPTED, timeout=5.0)
        elif kind is not None:
            self.finish("failed", f"{kind.__name__}: {getattr(sys, 'last_value', '')}"[:4096], timeout=5.0)
        else:
            self.finish("stopped", "the process ended without calling finish", timeout=5.0)
