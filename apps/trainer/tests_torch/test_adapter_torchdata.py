"""torchdata: MixtureNode keeps torchdata's contract, follows the mixture, and goes on exactly; what `follow` can do is what it says."""

import json
import random
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import pytest
from adapter_support import Planned, counts, send, start
from support import Broker
from torchdata.nodes import BaseNode, Batcher, IterableWrapper, Loader, MultiNodeWeightedSampler, ParallelMapper, Prefetcher, StopCriteria

import mixdesk
from mixdesk.adapters.torchdata import MixtureNode, follow

STOPS = [
    StopCriteria.CYCLE_UNTIL_ALL_DATASETS_EXHAUSTED,
    StopCriteria.ALL_DATASETS_EXHAUSTED,
    StopCriteria.FIRST_DATASET_EXHAUSTED,
]


def sources(sizes: Sequence[int]) -> Dict[str, BaseNode[str]]:
    return {f"d{i}": IterableWrapper([f"d{i}:{k}" for k in range(size)]) for i, size in enumerate(sizes)}


def node_of(sizes: Sequence[int], source: Any = None, weights: Optional[Sequence[float]] = None, **options: Any) -> "MixtureNode[str]":
    names = [f"d{i}" for i in range(len(sizes))]
    source = source or Planned(names, {0: weights or [1 / len(sizes)] * len(sizes)})
    return MixtureNode(sources(sizes), source, **options)


def domain(item: str) -> int:
    return int(item[1 : item.index(":")])


# ---- torchdata's contract: what its own tests ask of every node (test/nodes/utils.py) ----


@pytest.mark.parametrize("schedule", ["stride", "multinomial"])
@pytest.mark.parametrize("stop", STOPS)
@pytest.mark.parametrize("per_step", [None, 4])
@pytest.mark.parametrize("wrap", [lambda node: node, lambda node: Batcher(node, 3, drop_last=False), lambda node: Prefetcher(node, 3)])
def test_state_is_kept_as_torchdata_asks(schedule: str, stop: str, per_step: Optional[int], wrap: Callable[[Any], BaseNode[Any]]) -> None:
    for midpoint in (0, 1, 5):
        node = wrap(node_of([17, 21, 6], weights=[0.5, 0.3, 0.2], schedule=schedule, stop_criteria=stop, samples_per_step=per_step, seed=3))
        loader: Loader[Any] = Loader(node)
        initial = loader.state_dict()
        iterator = iter(loader)
        results = [next(iterator) for _ in range(midpoint)]
        middle = loader.state_dict()
        results += list(iterator)
        end = loader.state_dict()
        second = list(loader)
        assert len(results) > midpoint

        loader.load_state_dict(json.loads(json.dumps(middle)))
        assert list(loader) == results[midpoint:]
        assert list(loader) == second
        loader.load_state_dict(initial)
        assert list(loader) == results
        assert list(loader) == second
        once: Loader[Any] = Loader(node, restart_on_stop_iteration=False)
        once.load_state_dict(end)
        assert list(once) == []
        again: Loader[Any] = Loader(node)
        again.load_state_dict(end)
        assert list(again) == second


def test_a_second_state_of_the_same_place_is_the_same_and_asking_changes_nothing() -> None:
    node = node_of([50, 50], weights=[0.7, 0.3], schedule="multinomial")
    node.reset()
    asked = [(node.state_dict(), next(node))[1] for _ in range(40)]
    assert node.state_dict() == node.state_dict()
    quiet = node_of([50, 50], weights=[0.7, 0.3], schedule="multinomial")
    assert [next(quiet) for _ in range(40)] == asked


# ---- when it stops ----


def test_every_source_once_and_no_more() -> None:
    node = node_of([5, 9, 1], weights=[0.2, 0.2, 0.6], stop_criteria=StopCriteria.ALL_DATASETS_EXHAUSTED)
    assert sorted(node) == sorted(item for source in sources([5, 9, 1]).values() for item in source)
    with pytest.raises(StopIteration):
        next(node)


def test_ended_sources_start_again_until_all_have_ended() -> None:
    items = list(node_of([3, 12], weights=[0.5, 0.5]))
    assert [item for item in items if domain(item) == 1] == [f"d1:{k}" for k in range(12)]
    assert [item for item in items if domain(item) == 0] == [f"d0:{k % 3}" for k in range(13)]


def test_the_first_end_is_the_end() -> None:
    items = list(node_of([3, 12], weights=[0.5, 0.5], stop_criteria=StopCriteria.FIRST_DATASET_EXHAUSTED))
    assert counts([domain(item) for item in items], 2) in ((3, 3), (3, 4))


def test_it_goes_on_for_ever() -> None:
    node = node_of([3, 2], weights=[0.25, 0.75], stop_criteria=StopCriteria.CYCLE_FOREVER)
    items = [next(node) for _ in range(400)]
    assert counts([domain(item) for item in items], 2) == (100, 300)
    assert [item for item in items if domain(item) == 1] == [f"d1:{k % 2}" for k in range(300)]


def test_nobody_waits_for_a_domain_without_weight() -> None:
    source = Planned(["d0", "d1"], {0: [1.0, 0.0]})
    assert list(node_of([4, 4], source)) == [f"d0:{k}" for k in range(4)]
    source = Planned(["d0", "d1"], {0: [1.0, 0.0]})
    node = node_of([4, 4], source, stop_criteria=StopCriteria.ALL_DATASETS_EXHAUSTED)
    first = [next(node) for _ in range(2)]
    source.set([0.0, 1.0])
    assert first + list(node) == ["d0:0", "d0:1", "d1:0", "d1:1", "d1:2", "d1:3"]


def test_a_source_without_items_is_an_error_where_it_would_be_started_for_ever() -> None:
    with pytest.raises(mixdesk.MixdeskError, match="'d1' gives no items"):
        [next(node) for node in [node_of([3, 0], stop_criteria=StopCriteria.CYCLE_FOREVER)] for _ in range(4)]
    assert sorted(node_of([3, 0], stop_criteria=StopCriteria.ALL_DATASETS_EXHAUSTED)) == ["d0:0", "d0:1", "d0:2"]


# ---- the mixture ----


def test_a_mixture_counts_from_the_next_draw() -> None:
    source = Planned(["d0", "d1"], {0: [0.5, 0.5]})
    node = node_of([5000, 5000], source)
    for weights in ([0.9, 0.1], [0.2, 0.8], [0.5, 0.5]):
        source.set(weights)
        drawn = counts([domain(next(node)) for _ in range(1000)], 2)
        assert abs(drawn[0] - 1000 * weights[0]) <= 1, (weights, drawn)


@pytest.mark.parametrize("prefetch", [0, 1, 7, 50])
def test_steps_are_drawn_by_the_mixture_of_their_boundary_however_far_one_reads_ahead(prefetch: int) -> None:
    plan = {0: [0.5, 0.5], 3: [1.0, 0.0], 5: [0.25, 0.75]}
    source = Planned(["d0", "d1"], plan)
    node: Any = node_of([300, 300], source, samples_per_step=8, with_domain=True)
    batches: Any = Batcher(Prefetcher(node, prefetch) if prefetch else node, 8)
    loader = iter(Loader(Prefetcher(batches, 3) if prefetch > 1 else batches))
    shares = [counts([index for index, _ in next(loader)], 2) for _ in range(8)]
    assert shares == [(4, 4)] * 3 + [(8, 0)] * 2 + [(2, 6)] * 3
    assert source.boundaries[:8] == list(range(8))
    assert len(set(source.boundaries)) == len(source.boundaries), "a step was begun twice"


def test_going_on_from_any_place_gives_the_same_items_while_mixtures_change() -> None:
    for seed in range(30):
        rng = random.Random(seed)
        sizes = [rng.randint(1, 12) for _ in range(rng.randint(2, 5))]
        names = [f"d{i}" for i in range(len(sizes))]
        per_step = rng.randint(1, 7)
        plan = {0: _weights(rng, len(sizes)), **{rng.randint(1, 20): _weights(rng, len(sizes)) for _ in range(3)}}
        options = {
            "schedule": rng.choice(["stride", "multinomial"]),
            "seed": seed,
            "samples_per_step": per_step,
            "stop_criteria": StopCriteria.CYCLE_FOREVER,
        }
        unbroken = node_of(sizes, Planned(names, plan), **options)
        cut, total = rng.randint(0, 100), 160
        expected = [next(unbroken) for _ in range(total)]

        before = node_of(sizes, Planned(names, plan), **options)
        first = [next(before) for _ in range(cut)]
        state = json.loads(json.dumps(before.state_dict()))
        source = Planned(names, plan)
        if cut:
            source.boundary((cut - 1) // per_step)  # the run restores its mixture by itself
        after = node_of(sizes, source, **options)
        after.reset(state)
        assert first + [next(after) for _ in range(total - cut)] == expected, f"seed {seed}, cut at {cut}"


def _weights(rng: random.Random, domains: int) -> List[float]:
    shares = [rng.random() + 0.05 for _ in range(domains)]
    return [share / sum(shares) for share in shares]


def test_a_real_run_tells_of_its_steps_and_of_the_version_that_each_was_drawn_by(broker: Broker) -> None:
    with start(broker, ["d0", "d1"]) as run:
        send(broker, run, 1, [0.25, 0.75], from_step=2)
        node = node_of([40, 40], run, samples_per_step=4)
        loader = Loader(Batcher(Prefetcher(node, 2), 4))
        for step, batch in zip(range(5), loader):
            drawn = counts([domain(item) for item in batch], 2)
            assert drawn == ((2, 2) if step < 2 else (1, 3))
            run.log(step, losses=[1.0, 1.0], tokens=list(drawn))
    versions = [event.data["mixtureVersion"] for event in broker.events(run.name, "losses.measured")]
    assert versions == [0, 0, 1, 1, 1]
    assert [event.data["step"] for event in broker.events(run.name, "mixture.applied")] == [2]


# ---- arguments ----


def test_wrong_arguments_are_named() -> None:
    cases: List[Tuple[str, Callable[[], object]]] = [
        ("source_nodes", lambda: MixtureNode(sources([1, 1]), Planned(["d0", "other"], {0: [0.5, 0.5]}))),
        ("source_nodes", lambda: MixtureNode({"d0": [1, 2]}, Planned(["d0"], {0: [1.0]}))),
        ("stop_criteria", lambda: node_of([1, 1], stop_criteria="NEVER")),
        ("schedule", lambda: node_of([1, 1], schedule="dice")),
        ("samples_per_step", lambda: node_of([1, 1], samples_per_step=0)),
    ]
    for argument, make in cases:
        with pytest.raises(mixdesk.ArgumentError) as error:
            make()
        assert error.value.argument == argument
    node: Any = node_of([1, 1])
    other: Any = node_of([1, 1, 1])
    with pytest.raises(mixdesk.ArgumentError, match="domains"):
        node.reset(other.state_dict())


# ---- torchdata's own node ----


def weighted(run: Any, **options: Any) -> "MultiNodeWeightedSampler[str]":
    options.setdefault("stop_criteria", StopCriteria.CYCLE_FOREVER)
    return MultiNodeWeightedSampler(sources([9, 7]), dict(zip(run.mixture.domains, run.mixture.weights)), rank=0, world_size=1, **options)


def test_a_running_weighted_sampler_follows_without_a_rebuild() -> None:
    source = Planned(["d0", "d1"], {0: [0.5, 0.5]})
    node = weighted(source)
    items = [next(node) for _ in range(100)]
    assert not follow(source, node)
    source.set([0.02, 0.98])
    assert follow(source, node)
    assert not follow(source, node)
    items += (later := [next(node) for _ in range(400)])
    assert counts([domain(item) for item in later], 2)[0] < 30
    # The sources went on where they were: each gives its items in order, round after round.
    for index, size in enumerate([9, 7]):
        own = [item for item in items if domain(item) == index]
        assert own == [f"d{index}:{k % size}" for k in range(len(own))]


def test_its_state_restores_exactly_with_the_weights_in_force() -> None:
    source = Planned(["d0", "d1"], {0: [0.5, 0.5]})
    node = weighted(source, seed=4)
    for _ in range(150):
        next(node)
    source.set([0.8, 0.2])
    follow(source, node)
    for _ in range(33):
        next(node)
    state = node.state_dict()
    expected = [next(node) for _ in range(1500)]
    again = weighted(source, seed=4)
    again.reset(state)
    assert [next(again) for _ in range(1500)] == expected


def test_it_follows_before_the_first_item_and_through_a_reset() -> None:
    source = Planned(["d0", "d1"], {0: [0.5, 0.5]})
    node = weighted(source)
    source.set([0.0, 1.0])
    assert follow(source, node)
    assert {domain(next(node)) for _ in range(50)} == {1}
    node.reset()
    assert {domain(next(node)) for _ in range(50)} == {1}


def test_what_cannot_be_followed_is_said() -> None:
    node = weighted(Planned(["d0", "d1"], {0: [0.5, 0.5]}))
    with pytest.raises(mixdesk.ArgumentError, match="sampler"):
        follow(Planned(["d0", "d2"], {0: [0.5, 0.5]}), node)
    next(node)
    del node._weighted_sampler._offset
    with pytest.raises(mixdesk.MixdeskError, match="Use MixtureNode"):
        follow(Planned(["d0", "d1"], {0: [0.1, 0.9]}), node)


def test_read_ahead_by_threads_gives_the_same_order() -> None:
    plain = Loader(Batcher(node_of([50, 30], weights=[0.6, 0.4]), 5))
    threads = Loader(Prefetcher(ParallelMapper(Batcher(node_of([50, 30], weights=[0.6, 0.4]), 5), list, num_workers=2, in_order=True), 4))
    assert list(plain) == list(threads)
