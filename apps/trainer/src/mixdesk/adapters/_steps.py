"""Where steps begin in a stream of samples, and which mixture each was drawn by.

With `samples_per_step` this tells the run of each step, before the step's first sample is drawn, and lets the mixture
change there only. That stays right however far something downstream reads ahead, which a call in the training loop
would not. Without it, the mixture is looked at before every draw.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Protocol

from .. import _checks as checks
from .._errors import ArgumentError
from .._values import Mixture
from ..samplers._mix import Mix

REMEMBERED = 256
"""Steps that are remembered. More than anything reads ahead."""


class Follows(Protocol):
    """What draws follow: a run."""

    @property
    def mixture(self) -> Mixture: ...

    def boundary(self, step: int) -> Mixture: ...


class Begun(NamedTuple):
    """A step that was begun."""

    draw: int
    """Number of its first draw."""
    version: int
    """Of the mixture that it is drawn by."""
    mixture: Mixture
    """In force at its boundary."""
    closed: List[int]
    """Domains that were out of samples."""


class Steps:
    """Counts samples into steps."""

    def __init__(self, run: Follows, mix: Mix, samples_per_step: Optional[int]) -> None:
        self.run = run
        self._mix = mix
        self._taken = 0
        self._step = -1
        self._begun: "OrderedDict[int, Begun]" = OrderedDict()
        self._samples_per_step: Optional[int] = None
        self.samples_per_step = samples_per_step

    @property
    def samples_per_step(self) -> Optional[int]:
        """How many samples make a step, where this is to know."""
        return self._samples_per_step

    @samples_per_step.setter
    def samples_per_step(self, number: Optional[int]) -> None:
        if self._taken:
            raise ArgumentError("samples_per_step", "can't be changed after the first sample.")
        self._samples_per_step = None if number is None else checks.integer("samples_per_step", number, 1)

    def begin_at(self, step: int) -> None:
        """Counts from this step on."""
        if self._taken or self._samples_per_step is None:
            raise ArgumentError("step", "can be set before the first sample only, and with `samples_per_step`.")
        self._taken = checks.integer("step", step) * self._samples_per_step

    @property
    def step(self) -> int:
        """The step that the next sample belongs to; 0 without `samples_per_step`."""
        return 0 if self._samples_per_step is None else self._taken // self._samples_per_step

    @property
    def begins(self) -> bool:
        """Whether the next draw is the first of a step."""
        return self._samples_per_step is not None and self._step != self._taken // self._samples_per_step

    def before_draw(self) -> None:
        """Begins a step where one is due, and sets the weights."""
        if self._samples_per_step is None:
            self._mix.follow()
            self._mix.forget(self._mix.draws)
            return
        if not self.begins:
            return
        self._step = step = self.step
        mixture = self.run.boundary(step)
        self._mix.follow()
        self._begun[step] = Begun(self._mix.draws, self._mix.version, mixture, self._mix.closed)
        if len(self._begun) > REMEMBERED:
            _, oldest = self._begun.popitem(last=False)
            self._mix.forget(oldest.draw)

    def took(self) -> None:
        """A sample was drawn."""
        self._taken += 1

    def begun(self, step: int) -> Optional[Begun]:
        """A step that was begun not long ago."""
        return self._begun.get(step)

    def break_off(self) -> None:
        """A step of which samples are missing is to be begun again: what was drawn for it counts as dropped."""
        if self._samples_per_step is not None:
            self._taken -= self._taken % self._samples_per_step
        self._step = -1

    def state_dict(self) -> Dict[str, Any]:
        """Plain values. Where a step was begun, it is finished with the weights it was begun with."""
        return {"taken": self._taken, "step": self._step}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on from a state; the mix has been loaded already."""
        self._taken = checks.integer("state", state["taken"])
        self._step = checks.integer("state", state["step"], -1)
        self._begun.clear()

    def rewound(self, mix: Mapping[str, Any], step: int) -> Mapping[str, Any]:
        """The state of the mix before a step, with the mixtures by which this step and later ones were drawn since: whoever
        goes on from it draws the same again. `mix` is the state that was taken then."""
        begun = self._begun.get(step)
        return mix if begun is None else {**self._mix.state_dict(begun.draw), "closed": begun.closed}
