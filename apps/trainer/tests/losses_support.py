"""Plain-Python twins of `mixdesk.losses`, batches to compare them on, and the recordings of published code."""

import gzip
import json
import math
import random
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence

GOLDEN = Path(__file__).resolve().parents[3] / "test" / "golden"


def golden(policy: str, case: str) -> Dict[str, Any]:
    """A recording of published code, as test/golden/README.md describes it."""
    with gzip.open(GOLDEN / "policy" / policy / f"{case}.json.gz", "rt", encoding="utf-8") as file:
        read: Dict[str, Any] = json.load(file)
    return read


class Case(NamedTuple):
    """A batch: rows of tokens, each with a loss, a reference loss, a domain, and whether it counts."""

    domains: int
    by_sequence: bool
    ids: List[Any]
    losses: List[List[float]]
    reference: List[List[float]]
    mask: Optional[List[List[bool]]]
    labels: Optional[List[List[int]]]

    def domain(self, i: int, t: int) -> int:
        found: int = self.ids[i] if self.by_sequence else self.ids[i][t]
        return found

    def counts(self, i: int, t: int) -> bool:
        return (self.mask is None or self.mask[i][t]) and (self.labels is None or self.labels[i][t] != -100)


def case_of(seed: int) -> Case:
    """Numbers are eighths, so that float32 holds them and sums are exact in any order; some are not finite."""
    rng = random.Random(seed)
    rows, tokens, domains = rng.randint(1, 9), rng.randint(1, 12), rng.choice([1, 2, 3, 7, 40])
    by_sequence = rng.random() < 0.5

    def number() -> float:
        return rng.randint(0, 80) / 8

    losses = [[number() for _ in range(tokens)] for _ in range(rows)]
    reference = [[number() for _ in range(tokens)] for _ in range(rows)]
    for values in (losses, reference):
        for _ in range(rng.choice([0, 0, 1, 2])):
            values[rng.randrange(rows)][rng.randrange(tokens)] = rng.choice([math.nan, math.inf, -math.inf])
    mask = [[rng.random() < 0.7 for _ in range(tokens)] for _ in range(rows)] if rng.random() < 0.5 else None
    labels = [[rng.choice([-100, 0, 5]) for _ in range(tokens)] for _ in range(rows)] if rng.random() < 0.5 else None
    ids: List[Any] = [rng.randrange(domains) if by_sequence else [rng.randrange(domains) for _ in range(tokens)] for _ in range(rows)]
    case = Case(domains, by_sequence, ids, losses, reference, mask, labels)
    for i in range(rows):  # what doesn't count may be anything
        for t in range(tokens):
            if not case.counts(i, t):
                losses[i][t] = math.nan
                if not by_sequence:
                    ids[i][t] = rng.choice([-1, domains, 10_000])
    return case


def expected(case: Case) -> Dict[str, Any]:
    """What `doremi_excess(...).fields()` should be."""
    sums = {name: [0.0] * case.domains for name in ("losses", "clippedExcessSum", "refLossSum")}
    tokens = [0] * case.domains
    for i, row in enumerate(case.losses):
        for t, loss in enumerate(row):
            if not case.counts(i, t):
                continue
            domain, excess = case.domain(i, t), loss - case.reference[i][t]
            tokens[domain] += 1
            sums["losses"][domain] += loss
            sums["refLossSum"][domain] += case.reference[i][t]
            sums["clippedExcessSum"][domain] += 0.0 if excess < 0 else excess
    finite = {name: [value if math.isfinite(value) else math.nan for value in values] for name, values in sums.items()}
    fields = {"losses": finite.pop("losses"), "tokens": tokens, "signals": finite}
    if case.by_sequence:
        fields["sequences"] = [sum(1 for owner in case.ids if owner == domain) for domain in range(case.domains)]
    return fields


def plain(fields: Dict[str, Any]) -> str:
    """Fields as text, for comparing with NaNs in them."""
    return json.dumps(fields, sort_keys=True)


def shares_of(case: Case, weights: Sequence[float]) -> List[List[float]]:
    """What `token_shares` should be."""
    factors = [[weights[case.domain(i, t)] if case.counts(i, t) else 0.0 for t in range(len(row))] for i, row in enumerate(case.losses)]
    total = math.fsum(factor for row in factors for factor in row)
    return [[factor / total if total else 0.0 for factor in row] for row in factors]


def sequence_weights(losses: Sequence[float], control: Dict[str, Any], step: int) -> List[float]:
    """What `reweight` should be: the formulas of arXiv 2502.06733, one after the other."""
    finite = [loss for loss in losses if math.isfinite(loss)]
    r = control["warmUpTemperature"] if step < control["warmUpSteps"] else control["temperature"]
    delta = control["delta"]
    strategies: Dict[str, Callable[[float], float]] = {
        "linUpper": lambda h: min(h + delta, delta),
        "quadratic": lambda h: 1 - h**2 / delta**2,
        "extremes": abs,
        "linear": lambda h: (h + delta) / 2,
        "readmeUniform": lambda h: h,
    }
    score = strategies[control["strategy"]]
    if not finite:
        return [0.0] * len(losses)
    low, high = min(finite), max(finite)
    scores = [score(delta * (2 * loss - high - low) / max(high - low, control["rangeGuard"])) if math.isfinite(loss) else None for loss in losses]
    most = max(found for found in scores if found is not None)
    powers = [0.0 if found is None else 1.0 if r is None else math.exp((found - most) / r) for found in scores]
    return [power / math.fsum(powers) for power in powers]


def control_of(seed: int) -> Dict[str, Any]:
    """A control `lossReweighting`."""
    rng = random.Random(seed)
    return {
        "strategy": rng.choice(["linUpper", "quadratic", "extremes", "linear", "readmeUniform"]),
        "temperature": rng.choice([None, 1e-6, 0.4, 1, 100]),
        "warmUpSteps": rng.choice([0, 3, 10]),
        "warmUpTemperature": rng.choice([None, 0.1, 100.0]),
        "delta": rng.choice([1, 0.5, 2.0]),
        "rangeGuard": rng.choice([1e-6, 1.0]),
    }


def sequence_losses(seed: int) -> List[float]:
    rng = random.Random(seed)
    losses = [rng.uniform(0, 10) if rng.random() < 0.9 else rng.choice([math.nan, math.inf, -math.inf, 3.0]) for _ in range(rng.randint(1, 40))]
    return [2.5] * len(losses) if rng.random() < 0.1 else losses
