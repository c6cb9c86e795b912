"""Mixtures as the training loop sees them: taken at a boundary, by all ranks at once, confirmed or refused."""

from __future__ import annotations

from typing import Any, Dict, Optional

from . import _checks as checks
from ._attempts import Attempts
from ._commands import read_mixture, write_mixture
from ._core import Setup
from ._desk import Refusal
from ._outbox import FACTS
from ._ranks import Voice
from ._values import Mixture, RestartFrom


class Mixing(Attempts):
    """The part of a run that holds its mixture."""

    def __init__(self, setup: Setup) -> None:
        self._agreed_end: Optional[str] = None
        self._confirmed = 0
        """The attempt that rank 0 told the others to be this trainer's."""
        super().__init__(setup)

    @property
    def mixture(self) -> Mixture:
        """The mixture in force: the one the last `boundary` took. Sample the next batch by it."""
        return self._desk.in_force

    @property
    def offered(self) -> Optional[Mixture]:
        """The newest mixture that arrived and is not in force yet, for those who want to look before they take it. Where
        ranks agree, only rank 0 sees it."""
        return self._desk.offered

    @property
    def should_stop(self) -> bool:
        """Whether Mixdesk asks this run to end, or to start again elsewhere (`restart_from`), or another process has it
        (`rejected`). Where ranks agree, it changes on all of them at the same boundary."""
        if self._voice is not None:
            return self._agreed_end is not None or self._desk.in_force.lifecycle != "train"
        newest = self._desk.newest
        return self._rejected is not None or (newest.lifecycle != "train" and newest.from_step <= self._step)

    @property
    def restart_from(self) -> Optional[RestartFrom]:
        """The checkpoint to start again from, where Mixdesk asks for that."""
        return self._desk.newest.restart_from if self.should_stop else None

    def boundary(self, step: int) -> Mixture:
        """Call it before sampling the batch of `step`: takes the newest mixture that may be used, confirms it once, and
        returns the mixture in force.

        Where ranks agree, all of them call it for the same steps, and it is a collective at every `agree_every`th step.
        """
        try:
            if self._open("boundary"):
                number = checks.integer("step", step)
                if self._opening.pending is not None:
                    self._tell_opening()
                self._seen(number)
                if self._desk.highest_attempt > self._desk.attempt:
                    self._overtaken()
                taken = self._next_offer(number) if self._voice is None else self._next_agreed(number, self._voice)
                if taken is not None:
                    self._take(taken, number)
        except Exception as error:
            self._failed("boundary", error)
        return self._desk.in_force

    def refuse(self, version: int, because: str) -> None:
        """Declines a mixture: it is not taken, or, where it is in force, the one before comes back.

        Where ranks agree, only rank 0 can, and only what is not in force yet; `start(accept=...)` lets every rank look at
        a mixture, and none takes what one of them declines.
        """
        try:
            if not self._open("refuse"):
                return
            number = checks.integer("version", version, 1)
            sentence = checks.text("because", because, 4096)
            if self._voice is not None and self._desk.in_force.version == number:
                self._notices.warn("refuse", f"mixture {number} is in force on all ranks; one rank alone cannot go back")
            else:
                self._desk.refuse(number, self._step)
            self._refuse(Refusal(self.attempt, number, sentence))
        except Exception as error:
            self._failed("refuse", error)

    # ---- inside ----

    def _take(self, mixture: Mixture, step: int) -> None:
        self._desk.switch(mixture, step)
        answer = {"run": self._name, "attempt": self._desk.attempt, "version": mixture.version, "step": step, "rank": self._rank}
        self._put(FACTS, "mixture.applied", answer)
        if self._controls is not None:
            for control in mixture.controls:
                if control not in self._controls:
                    self._notices.warn(f"control {control}", f"the mixture has the control {control!r}, which this trainer does not follow")

    def _next_offer(self, step: int) -> Optional[Mixture]:
        """The newest mixture that this rank can use. What it can't is refused."""
        while True:
            offer = self._desk.offer_at(step)
            because = None if offer is None else self._objection(offer)
            if offer is None or because is None:
                return offer
            self._decline(offer.version, because)

    def _objection(self, mixture: Mixture) -> Optional[str]:
        if self._accept is None:
            return None
        try:
            because = self._accept(mixture)
        except Exception as error:  # it may be somebody's assertion; the mixture has not passed
            because = f"looking at it failed: {type(error).__name__}: {error}"
        return None if because is None else str(because)

    def _decline(self, version: int, because: str) -> None:
        self._desk.refuse(version, self._step)
        self._refuse(self._say_refused(Refusal(self.attempt, version, because)))

    # ---- ranks ----

    def _next_agreed(self, step: int, voice: Voice) -> Optional[Mixture]:
        """The mixture that all ranks take at this step. A collective: whatever happens on one rank, it goes through with it."""
        if step % self._agree_every:
            return None
        told = voice.share(self._news(step) if self._rank == 0 else None)
        if told is None:
            return None
        if told.get("opened") == self.attempt:
            self._told_open = self.attempt
            self._reporter.release()
        if told.get("confirmed"):
            self._confirmed, self._kept = self.attempt, None
        if isinstance(told.get("attempt"), int):
            self._reopen(told["attempt"])
        ended = told.get("ended")
        if isinstance(ended, str):
            self._agreed_end = ended
            if self._rejected is None:
                self._reject(ended)
        data = told.get("mixture")
        return self._agreed(data, voice) if isinstance(data, dict) else None

    def _news(self, step: int) -> Dict[str, Any]:
        """What rank 0 has to tell: a mixture that it can use now, that the attempt is open, whose it is, or that the run is somebody
        else's."""
        news: Dict[str, Any] = {}
        if self._next is not None:
            return {"attempt": self._next}  # what is on offer is another attempt's
        offer = self._next_offer(step)
        if offer is not None:
            news["mixture"] = write_mixture(offer)
        if self._told_open != self.attempt and self._opening.told is not None and self._reporter.opened == self._opening.told.id:
            news["opened"] = self.attempt
        if self._rejected is not None and self._agreed_end is None:
            news["ended"] = self._rejected
        if self._kept is not None and self._confirmed != self.attempt and self._opening.confirmed:
            news["confirmed"] = True
        return news

    def _agreed(self, data: Dict[str, Any], voice: Voice) -> Optional[Mixture]:
        """The mixture that rank 0 shares, where every rank can use it. Rank 0 has asked itself before it shared."""
        read = read_mixture(data, self._names)
        because = read if isinstance(read, str) else self._objection(read) if self._rank else None
        version: int = data["version"]
        if voice.unanimous(because is None):
            return None if isinstance(read, str) else read
        if because is not None:
            self._decline(version, because)
        else:
            self._desk.refuse(version, self._step)
            self._notices.warn("other rank", f"mixture {version} was refused by another rank, and is taken by none")
        return None
