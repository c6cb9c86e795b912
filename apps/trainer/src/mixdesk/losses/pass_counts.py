"""Pass counts of reinforcement learning: how many rollouts of each prompt succeeded, as the sums by domain that policies read."""

from __future__ import annotations

import math
from typing import Any, Dict, List, Optional, Sequence

from .._checks import counts, integer, numbers, show
from .._errors import ArgumentError
from ._batch import Domains, domain_count

LARGEST_BINS = 256


class PassCounts:
    """Adds up the rollouts of a step, over prompts and micro-batches; `fields` gives what `run.log` takes.

        passes = PassCounts(run.domains)
        passes.add_rewards(domain_ids, rewards)      # or passes.add(domain_ids, successes, rollouts)
        run.log(step, **passes.fields())

    All of it are sums, which merge exactly over ranks. Signals, each with one number a domain:

    - `rollouts` and `successes`, counts: for `difficulty-filter`, `cures`, `knapsack`, `loss-slope`, and most others.
    - `absAdvantageSum`, the sum over rollouts of |A|, A = (reward - mean of its prompt) / (deviation + epsilon): for `sec`,
      `dump`. `absUnnormalisedAdvantageSum` is the same without the division.
    - `rewardSum`: for `loss-slope`, `gaussian-curriculum` and `sec` by progress.
    - with `bins` = G, `passBin0` … `passBinG`: prompts whose pass rate is nearest to so many of G, for policies whose domains
      are groups of prompts. Halves go up. With G rollouts a prompt these are exact counts.

    `deviation` is how the trainer divides advantages: `unbiased` by rollouts - 1, as the published trainers do, or
    `population` by rollouts. A prompt with a single rollout has the advantage 0.
    """

    def __init__(self, domains: Domains, *, bins: Optional[int] = None, deviation: str = "unbiased", epsilon: float = 1e-6) -> None:
        self._size = domain_count(domains)
        self._bins = None if bins is None else integer("bins", bins, 1, LARGEST_BINS)
        if deviation not in ("unbiased", "population"):
            raise ArgumentError("deviation", f'should be "unbiased" or "population", got {show(deviation)}.')
        if not 0 <= epsilon < math.inf:
            raise ArgumentError("epsilon", f"should be a finite number from 0, got {show(epsilon)}.")
        self._unbiased = deviation == "unbiased"
        self._epsilon = epsilon
        self._sums: Dict[str, List[float]] = {}
        self.clear()

    def clear(self) -> None:
        """Forgets what was added."""
        names = ["rollouts", "successes", "rewardSum", "absAdvantageSum", "absUnnormalisedAdvantageSum"]
        if self._bins is not None:
            names += [f"passBin{passed}" for passed in range(self._bins + 1)]
        self._sums = {name: [0.0] * self._size for name in names}

    def add(self, domain_ids: object, successes: object, rollouts: object) -> None:
        """Adds prompts whose rewards are 0 and 1: for each its domain, how many of its rollouts succeeded, and how many
        there were. A prompt without rollouts adds nothing."""
        ids = self._ids(domain_ids)
        passed, tried = counts("successes", successes, len(ids)), counts("rollouts", rollouts, len(ids))
        for i, (success, rollout) in enumerate(zip(passed, tried)):
            if success > rollout:
                raise ArgumentError("successes", f"should be at most the rollouts; entry {i} has {success} of {rollout}.")
        for domain, success, rollout in zip(ids, passed, tried):
            if rollout == 0:
                continue
            # Half of the sum of |reward - mean| is what is above the mean, and as much is below.
            unnormalised = 2 * success * (rollout - success) / rollout
            self._put(domain, rollout, success, float(success), unnormalised, success * (rollout - success) / rollout)

    def add_rewards(self, domain_ids: object, rewards: Sequence[Any], success: float = 1.0) -> None:
        """Adds prompts by the rewards of their rollouts: `rewards` is [prompts, rollouts], or a list of lists of any lengths.
        A rollout succeeded whose reward is `success` or more. A prompt with a reward that is not finite is left out."""
        ids = self._ids(domain_ids)
        listed = [numbers("rewards", row) for row in rewards]
        if len(listed) != len(ids):
            raise ArgumentError("rewards", f"should have one row for each of the {len(ids)} prompts, got {len(listed)}.")
        for domain, row in zip(ids, listed):
            if not len(row) or not all(map(math.isfinite, row)):
                continue
            mean = math.fsum(row) / len(row)
            unnormalised = math.fsum(abs(reward - mean) for reward in row)
            squares = math.fsum((reward - mean) ** 2 for reward in row)
            self._put(domain, len(row), sum(reward >= success for reward in row), math.fsum(row), unnormalised, squares)

    def _ids(self, domain_ids: object) -> List[int]:
        ids = counts("domain_ids", domain_ids).tolist()
        for i, domain in enumerate(ids):
            if domain >= self._size:
                raise ArgumentError("domain_ids", f"should be from 0 to {self._size - 1}, one of {self._size} domains; entry {i} is {domain}.")
        return ids

    def _put(self, domain: int, rollouts: int, successes: int, reward: float, unnormalised: float, squares: float) -> None:
        sums = self._sums
        sums["rollouts"][domain] += rollouts
        sums["successes"][domain] += successes
        sums["rewardSum"][domain] += reward
        sums["absUnnormalisedAdvantageSum"][domain] += unnormalised
        if rollouts > 1 and squares > 0:
            deviation = math.sqrt(squares / (rollouts - 1 if self._unbiased else rollouts))
            sums["absAdvantageSum"][domain] += unnormalised / (deviation + self._epsilon)
        if self._bins is not None:
            # Whole numbers: 2 of 4 is the very middle of 2 bins whatever floating point makes of it.
            sums[f"passBin{(2 * successes * self._bins + rollouts) // (2 * rollouts)}"][domain] += 1

    def signals(self) -> Dict[str, List[float]]:
        """The sums so far, by name."""
        return {name: list(values) for name, values in self._sums.items()}

    def fields(self) -> Dict[str, Any]:
        """What `run.log(step, **passes.fields())` takes, and forgets it: the domains that had rollouts, their signals, and no
        token losses. With losses as well, give `signals()` to `run.log` beside them, and `clear`."""
        seen = [i for i, rollouts in enumerate(self._sums["rollouts"]) if rollouts]
        fields = {
            "domains": seen,
            "losses": [0.0] * len(seen),
            "tokens": [0] * len(seen),
            "signals": {name: [values[i] for i in seen] for name, values in self._sums.items()},
        }
        self.clear()
        return fields
