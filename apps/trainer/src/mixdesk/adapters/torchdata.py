"""torchdata: a node that follows a run's mixture, and a way to make torchdata's own node follow one.

    node = MixtureNode({"web": web, "code": code}, run, samples_per_step=64)
    loader = Loader(Batcher(node, 64))
    for step, batch in enumerate(loader): ...

`MultiNodeWeightedSampler` takes its weights when it is made. Changing them there means to build the node, and all
that hangs on it, again from its state, and loses up to 1,000 indices that were drawn ahead.
"""

from __future__ import annotations

from typing import Any, Dict, Mapping, Optional, Tuple, TypeVar, Union

from .. import _checks as checks
from .._errors import ArgumentError, MixdeskError
from . import _draws
from ._missing import missing
from ._steps import Follows

try:
    import torch
    from torchdata.nodes import BaseNode, MultiNodeWeightedSampler, StopCriteria
except ImportError as error:
    raise missing("torchdata", "torchdata>=0.11") from error

__all__ = ["MixtureNode", "follow"]

T = TypeVar("T")

_STOPS = {
    StopCriteria.CYCLE_UNTIL_ALL_DATASETS_EXHAUSTED: _draws.ALL,
    StopCriteria.ALL_DATASETS_EXHAUSTED: _draws.ALL_ONCE,
    StopCriteria.FIRST_DATASET_EXHAUSTED: _draws.FIRST,
    StopCriteria.CYCLE_FOREVER: _draws.FOREVER,
}


class MixtureNode(BaseNode[Union[T, Tuple[int, T]]]):
    """A node that draws from its source nodes by the mixture of a run.

    `source_nodes` has a node for each of the run's domains. `stop_criteria` means what it means in torchdata; a
    domain of weight 0 counts as exhausted for as long as its weight is 0. `schedule` is `"stride"` or
    `"multinomial"`; `seed` matters to the second.

    The weights change at once when the run takes a mixture (`run.boundary(step)`, in your loop). With
    `samples_per_step` (samples that this node gives for one step of this rank) the node calls `run.boundary` itself,
    before the first draw of each step, and the weights hold for the whole step: right also behind a `Prefetcher`.
    Then leave `boundary` out of the loop. `run.log(step, ...)` names the version that was in force at the boundary of the
    step, which is the one that it was sampled by.

    `with_domain=True` gives pairs (index of the domain, item), for losses by domain.

    The state is exact: `reset(state)` goes on with the very next item, in the middle of a step too. It doesn't hold
    the mixture of the run; that is in `run.state_dict()`.
    """

    DRAWS_KEY = "draws"
    SOURCES_KEY = "source_nodes"
    STARTED_KEY = "started"

    def __init__(
        self,
        source_nodes: Mapping[str, BaseNode[T]],
        run: Follows,
        *,
        stop_criteria: str = StopCriteria.CYCLE_UNTIL_ALL_DATASETS_EXHAUSTED,
        schedule: str = "stride",
        seed: int = 0,
        samples_per_step: Optional[int] = None,
        with_domain: bool = False,
    ) -> None:
        super().__init__()
        if stop_criteria not in _STOPS:
            raise ArgumentError("stop_criteria", f"should be one of {', '.join(_STOPS)}, got {checks.show(stop_criteria)}.")
        for name, node in source_nodes.items():
            if not isinstance(node, BaseNode):
                raise ArgumentError("source_nodes", f"should hold nodes of torchdata; {checks.show(name)} is {checks.show(node)}.")
        self._draws = _draws.Draws(
            run,
            list(source_nodes),
            argument="source_nodes",
            schedule=schedule,
            seed=seed,
            samples_per_step=samples_per_step,
            stop=_STOPS[stop_criteria],
        )
        self._nodes = [source_nodes[name] for name in self._draws.domains]
        self._with_domain = with_domain
        self._started = False

    def reset(self, initial_state: Optional[Dict[str, Any]] = None) -> None:
        """Starts all sources from their beginning, or goes on from a state. The schedule and the count of steps go on
        over a `reset()`, so that shares stay right and steps aren't counted twice over several epochs."""
        super().reset(initial_state)
        if initial_state is None:
            if self._started:
                self._draws.again()
            for node in self._nodes:
                node.reset()
            self._started = False
            return
        self._draws.load_state_dict(initial_state[self.DRAWS_KEY])
        self._started = bool(initial_state[self.STARTED_KEY])
        for name, node in zip(self._draws.domains, self._nodes):
            node.reset(initial_state[self.SOURCES_KEY][name])

    def next(self) -> Union[T, Tuple[int, T]]:
        """The next item. Raises `MixdeskError` for a source that has no items at all: drawing from it would never end."""
        self._started = True
        while True:
            index = self._draws.draw()
            node = self._nodes[index]
            try:
                item = next(node)
            except StopIteration:
                if not self._draws.ended(index):
                    continue
                node.reset()
                item = self._first(index)
            self._draws.took()
            return (index, item) if self._with_domain else item

    def _first(self, index: int) -> T:
        try:
            first: T = next(self._nodes[index])
        except StopIteration:
            raise MixdeskError(f"The source node of the domain {self._draws.domains[index]!r} gives no items.") from None
        return first

    def get_state(self) -> Dict[str, Any]:
        return {
            self.DRAWS_KEY: self._draws.state_dict(),
            self.SOURCES_KEY: {name: node.state_dict() for name, node in zip(self._draws.domains, self._nodes)},
            self.STARTED_KEY: self._started,
        }


def follow(run: Follows, sampler: "MultiNodeWeightedSampler[Any]") -> bool:
    """Gives a `MultiNodeWeightedSampler` that is running the weights of the run's mixture, and says whether they changed.

    Call it after `run.boundary(step)`. Nothing is rebuilt: the sources stay where they are. A mixture of loss multipliers
    changes nothing here. What this is worth:

    - Draws are torchdata's: independent, so shares are within the binomial bound, not within a sample.
    - Indices that it had drawn ahead (up to 1,000) are thrown away and drawn anew. They are independent, so this
      biases nothing, but the sequence is another one than without the change.
    - The state of torchdata's node doesn't hold the weights. It restores exactly where the node is made with the
      weights that were in force at the checkpoint: `weights=dict(zip(run.mixture.domains, run.mixture.weights))`
      after `run.load_state_dict`. torchdata refuses a weight of 0 there.
    - Behind a `Prefetcher` or `ParallelMapper`, what was read ahead was drawn by the old weights, and the node is
      changed while another thread draws from it. Use `MixtureNode` there.

    It reaches into torchdata's private parts (of 0.10 and 0.11) and raises `MixdeskError` where they are not there.
    """
    names = list(sampler.dataset_names)
    mixture = run.mixture
    if set(names) != set(mixture.domains):
        wanted, got = checks.show(list(mixture.domains)), checks.show(names)
        raise ArgumentError("sampler", f"should have the run's domains, {wanted}, got {got}.")
    if mixture.meaning != "samplingProbability":
        return False
    weights = {name: float(mixture.weight(name)) for name in sampler.weights}
    if weights == sampler.weights:
        return False
    live = getattr(sampler, "_weighted_sampler", None)
    if live is not None:
        if not all(hasattr(live, part) for part in ("weights", "names", "_offset", "_batch_of_indices", "_get_batch_of_indices")):
            raise MixdeskError("This version of torchdata is not known here: its weighted sampler looks different. Use MixtureNode.")
        live.weights = torch.tensor([weights[name] for name in live.names], dtype=torch.float64)
        live._batch_of_indices = live._get_batch_of_indices()
        live._offset = 0
    sampler.weights = weights
    return True
