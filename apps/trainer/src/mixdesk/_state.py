"""What a checkpoint keeps of a run: plain JSON, so that any checkpoint format can hold it."""

from __future__ import annotations

from typing import Any, Dict, Mapping, NamedTuple, Optional, Protocol, Tuple

from . import _checks as checks
from ._commands import count, read_mixture, write_mixture
from ._errors import ArgumentError
from ._values import Mixture

FORMAT = 1


class Stateful(Protocol):
    """Anything with a state of its own that belongs into the checkpoint: a sampler, a loader."""

    def state_dict(self) -> Dict[str, Any]:
        """The state."""

    def load_state_dict(self, state: Dict[str, Any]) -> None:
        """Goes on from a state."""


class Saved(NamedTuple):
    """A run as a checkpoint has it."""

    run: str
    attempt: int
    step: int
    """Last step whose effect is in the checkpoint; -1 where none is."""
    ranks: int
    mixture: Mixture
    offered: Optional[Mixture]
    """The newest one that had come and was not in force yet."""
    samplers: Mapping[str, Any]


def write_state(saved: Saved) -> Dict[str, Any]:
    """The state as a dict of plain values."""
    return {
        "format": FORMAT,
        "run": saved.run,
        "attempt": saved.attempt,
        "step": saved.step,
        "ranks": saved.ranks,
        "mixture": write_mixture(saved.mixture),
        "offered": None if saved.offered is None else write_mixture(saved.offered),
        "samplers": dict(saved.samplers),
    }


def read_state(state: object, run: str, domains: Tuple[str, ...]) -> Saved:
    """Reads what `write_state` wrote for this run. Raises `ArgumentError` where it is something else."""
    if not isinstance(state, Mapping):
        raise ArgumentError("state", f"should be what `state_dict()` returned, got {checks.show(state)}.")
    if state.get("format") != FORMAT:
        raise ArgumentError("state", f"has the format {checks.show(state.get('format'))}; this version of mixdesk reads {FORMAT}.")
    if state.get("run") != run:
        raise ArgumentError("state", f"is of the run {checks.show(state.get('run'))}, not of {run}.")
    samplers = state.get("samplers", {})
    if not isinstance(samplers, Mapping):
        raise ArgumentError("state", f"should hold samplers by name, got {checks.show(samplers)}.")
    mixture = _mixture("mixture", state.get("mixture"), domains)
    offered = None if state.get("offered") is None else _mixture("offered", state["offered"], domains)
    attempt, step, ranks = (state.get(key) for key in ("attempt", "step", "ranks"))
    return Saved(
        run,
        checks.integer("state", attempt, 1, checks.LARGEST_ATTEMPT),
        checks.integer("state", step, -1),
        checks.integer("state", ranks, 1, checks.LARGEST_RANKS),
        mixture,
        offered,
        samplers,
    )


def _mixture(key: str, data: object, domains: Tuple[str, ...]) -> Mixture:
    if not isinstance(data, Mapping) or count(data.get("version")) is None or count(data.get("attempt")) is None:
        raise ArgumentError("state", f"holds no mixture under `{key}`, but {checks.show(data)}.")
    read = read_mixture(data, domains)
    if isinstance(read, str):
        raise ArgumentError("state", f"holds under `{key}` a mixture that this run can't use: {read}.")
    return read
