"""What the tests of adapters have in common: a source of mixtures that follows a plan, and a run whose mixtures a test sends."""

from typing import Dict, List, Mapping, Sequence, Tuple

from support import Broker, new_run, until

import mixdesk


class Planned:
    """Takes mixtures at planned steps, as a run does that hears of them in time. It notes the boundaries it was told of."""

    def __init__(self, domains: Sequence[str], plan: Mapping[int, Sequence[float]]) -> None:
        self.domains = tuple(domains)
        self._plan = dict(plan)
        self._free = False
        self.boundaries: List[int] = []
        self.refused: Dict[int, str] = {}
        self._versions = {step: number for number, step in enumerate(sorted(plan))}
        self.mixture = self._planned(0)

    def _planned(self, step: int) -> mixdesk.Mixture:
        since = max(planned for planned in self._plan if planned <= step)
        return mixdesk.Mixture(self._versions[since], tuple(self._plan[since]), self.domains, from_step=since)

    def boundary(self, step: int) -> mixdesk.Mixture:
        self.boundaries.append(step)
        if self._free:
            return self.mixture
        offered = self._planned(step)
        if offered.version not in self.refused:
            self.mixture = offered
        return self.mixture

    def refuse(self, version: int, because: str) -> None:
        self.refused[version] = because
        before = max(step for step, number in self._versions.items() if number < version)
        self.mixture = self._planned(before)

    def set(self, weights: Sequence[float]) -> None:
        """A mixture at once. The plan counts no more."""
        self.hold(mixdesk.Mixture(self.mixture.version + 1, tuple(weights), self.domains))

    def hold(self, mixture: mixdesk.Mixture) -> None:
        """Keeps this mixture, as a run does that hears of no other."""
        self._free = True
        self.mixture = mixture


def start(broker: Broker, domains: Sequence[str] = ("web", "code"), **options: object) -> mixdesk.Run:
    return mixdesk.start(new_run(), domains=list(domains), policy="odm", strict=True, brokers=broker.addresses, **options)  # type: ignore[arg-type]


def send(broker: Broker, run: mixdesk.Run, version: int, weights: Sequence[float], from_step: int = 0, **fields: object) -> None:
    """Sends a mixture and waits until the run has it on offer."""
    broker.command(run.name, version, list(weights), domains=list(run.domains), fromStep=from_step, attempt=run.attempt, **fields)
    until(f"mixture {version} is offered", lambda: run.offered is not None and run.offered.version == version)


def counts(drawn: Sequence[int], domains: int) -> Tuple[int, ...]:
    return tuple(list(drawn).count(index) for index in range(domains))
