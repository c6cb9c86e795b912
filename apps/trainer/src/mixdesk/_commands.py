"""Mixtures as they lie in commands, checkpoints and what ranks tell one another: JSON objects like `mixture.set`."""

from __future__ import annotations

import math
from typing import Any, Dict, Mapping, Optional, Tuple, Union

from ._values import Mixture, RestartFrom

MEANINGS = ("samplingProbability", "lossMultiplier")


def read_mixture(data: Mapping[str, Any], domains: Tuple[str, ...]) -> Union[Mixture, str]:
    """The mixture in a command, in the run's order of domains; or the sentence that says why it can't be used."""
    named, weights = data.get("domains"), data.get("weights")
    if not isinstance(named, list) or not isinstance(weights, list) or len(named) != len(weights):
        return "`domains` and `weights` should be lists of the same length"
    by_name = dict(zip(named, weights)) if all(isinstance(n, str) for n in named) else {}
    if len(by_name) != len(domains) or any(d not in by_name for d in domains):
        return f"the domains are not the {len(domains)} domains of the run"
    ordered = tuple(by_name[d] for d in domains)
    if not all(isinstance(w, (int, float)) and not isinstance(w, bool) and math.isfinite(w) and w >= 0 for w in ordered):
        return "the weights should be finite and not negative"
    if abs(math.fsum(ordered) - 1.0) > 1e-6:
        return f"the weights sum to {math.fsum(ordered)!r}, not to 1"
    from_step, meaning = count(data.get("fromStep")), data.get("meaning")
    if from_step is None:
        return "`fromStep` should be a step"
    if meaning not in MEANINGS:
        return f"the meaning {meaning!r} is not known; {' and '.join(MEANINGS)} are"
    lifecycle, restart = _lifecycle(data.get("lifecycle", "train"))
    if lifecycle is None:
        return "`lifecycle` should be train, stop or restartFrom"
    controls, decided = data.get("controls", {}), data.get("decidedAtStep")
    if not isinstance(controls, dict):
        return "`controls` should be an object"
    return Mixture(
        version=data["version"],
        weights=tuple(float(w) for w in ordered),
        domains=domains,
        from_step=from_step,
        meaning=meaning,
        controls=controls,
        lifecycle=lifecycle,
        decided_at_step=decided if isinstance(decided, int) else -1,
        because=str(data.get("because", "")),
        decision_id=str(data.get("decisionId", "")),
        restart_from=restart,
        attempt=data["attempt"],
    )


def write_mixture(mixture: Mixture) -> Dict[str, Any]:
    """What `read_mixture` makes the same mixture of."""
    restart = mixture.restart_from
    return {
        "attempt": mixture.attempt,
        "version": mixture.version,
        "fromStep": mixture.from_step,
        "domains": list(mixture.domains),
        "weights": list(mixture.weights),
        "meaning": mixture.meaning,
        "controls": dict(mixture.controls),
        "lifecycle": mixture.lifecycle if restart is None else {"restartFrom": {"run": restart.run, "step": restart.step, "uri": restart.uri}},
        "decidedAtStep": mixture.decided_at_step,
        "decisionId": mixture.decision_id,
        "because": mixture.because,
    }


def count(value: object) -> Optional[int]:
    """A whole number from 0 up, as JSON has it; else nothing."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _lifecycle(value: object) -> Tuple[Optional[str], Optional[RestartFrom]]:
    if value in ("train", "stop"):
        return str(value), None
    if isinstance(value, dict):
        wish = value.get("restartFrom")
        if isinstance(wish, dict):
            run, step, uri = wish.get("run"), count(wish.get("step")), wish.get("uri")
            if isinstance(run, str) and step is not None:
                return "restart", RestartFrom(run, step, uri if isinstance(uri, str) else None)
    return None, None
