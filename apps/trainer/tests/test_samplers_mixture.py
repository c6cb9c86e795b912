"""`MixtureSampler`: indices by the mixture, exact under changes, prefetching, ranks, wrap-around and restores."""

import itertools
import logging
import math
import random
from collections import Counter
from typing import Any, Dict, Iterator, List, Optional

import pytest
from samplers_support import Source, names, some_weights, through_json

import mixdesk
from mixdesk.samplers import MixtureSampler, lag_bounds

SIZES = {"web": 50, "code": 7, "books": 20}


def source(weights: "tuple[float, ...]" = (0.5, 0.3, 0.2), meaning: str = "samplingProbability") -> Source:
    return Source(list(SIZES), weights, meaning)


def take(sampler: "MixtureSampler[Any]", count: int) -> List[Any]:
    return list(itertools.islice(sampler, count))


class Ahead:
    """A loader that draws some batches ahead, as `DataLoader` does with workers, in the same order of calls."""

    def __init__(self, sampler: "MixtureSampler[Any]", ahead: int) -> None:
        self._sampler = sampler
        self._ahead = ahead

    def __iter__(self) -> Iterator[Any]:
        drawing = iter(self._sampler)
        waiting = list(itertools.islice(drawing, self._ahead))
        while waiting:
            batch = waiting.pop(0)
            waiting.extend(itertools.islice(drawing, 1))
            yield batch


def domains_of(sampler: "MixtureSampler[Any]", indices: List[int]) -> List[int]:
    return [sampler.domain_of(index) for index in indices]


def test_indices_are_of_the_concatenation_in_the_order_given() -> None:
    sampler = MixtureSampler(source(), {"books": 20, "web": 50, "code": 7}, batch_size=100)
    [batch] = take(sampler, 1)
    kinds = Counter("books" if index < 20 else "web" if index < 70 else "code" for index in batch)
    assert kinds == {"web": 50, "code": 30, "books": 20}
    assert sampler.counts == {"web": 50, "code": 30, "books": 20}
    assert sampler.domains == ("web", "code", "books")
    assert [sampler.domain_of(index) for index in (0, 19, 20, 69, 70, 76)] == [2, 2, 0, 0, 1, 1]
    for wrong in (-1, 77):
        with pytest.raises(mixdesk.ArgumentError, match="`index`"):
            sampler.domain_of(wrong)


def test_datasets_may_be_a_list_or_a_concatenation_or_things_with_a_length() -> None:
    class Concatenation:
        datasets = (range(50), range(7), range(20))

    orders = [
        take(MixtureSampler(source(), given, seed=3), 200)
        for given in ([50, 7, 20], SIZES, Concatenation(), {"web": range(50), "code": "seven..", "books": [0] * 20})
    ]
    assert orders[0] == orders[1] == orders[2] == orders[3]
    assert orders[0] != take(MixtureSampler(source(), SIZES, seed=4), 200)


@pytest.mark.parametrize("schedule", ["stride", "multinomial"])
def test_each_sample_comes_once_a_pass_and_each_pass_has_another_order(schedule: str) -> None:
    sampler = MixtureSampler(source((0.1, 0.8, 0.1)), SIZES, schedule=schedule, seed=2)
    code = [index for index in take(sampler, 400) if sampler.domain_of(index) == 1]
    passes = [tuple(code[start : start + 7]) for start in range(0, len(code) - 6, 7)]
    assert len(passes) > 35
    assert all(sorted(one) == list(range(50, 57)) for one in passes)
    assert len(set(passes)) > 30  # of 5,040 orders
    assert sampler.epochs == {"web": 0, "code": len(code) // 7, "books": sampler.counts["books"] // 20}
    unshuffled = MixtureSampler(source(), SIZES, schedule=schedule, shuffle=False)
    indices = take(unshuffled, 200)
    for domain, (first, size) in enumerate([(0, 50), (50, 7), (57, 20)]):
        own = [index for index in indices if unshuffled.domain_of(index) == domain]
        assert own == [first + k % size for k in range(len(own))]


def test_a_new_mixture_counts_from_the_next_batch_and_shares_follow_its_integral() -> None:
    for seed in range(60):
        rng = random.Random(seed)
        count = rng.choice([1, 2, 3, 8, 30])
        given = Source(names(count), some_weights(rng, count))
        sampler = MixtureSampler(given, [rng.randrange(1, 40) for _ in range(count)], seed=seed, batch_size=rng.choice([1, 5, 32]))
        assert sampler.batch_size is not None
        meant = [0.0] * count
        drawing = iter(sampler)
        for _ in range(60):
            if rng.random() < 0.3:
                given.set(some_weights(rng, count))
            assert len(next(drawing)) == sampler.batch_size
            total = math.fsum(given.mixture.weights)
            for domain, weight in enumerate(given.mixture.weights):
                meant[domain] += sampler.batch_size * weight / total
            too_many, too_few = lag_bounds(count)
            for want, got in zip(meant, sampler.counts.values()):
                assert -too_many - 1e-6 <= want - got <= too_few + 1e-6, f"seed {seed}: {want} meant, {got} drawn"
            assert sampler.version == given.mixture.version


def test_the_domains_of_a_mixture_may_come_in_another_order() -> None:
    given = source()
    sampler = MixtureSampler(given, SIZES, batch_size=10)
    drawing = iter(sampler)
    given.mixture = mixdesk.Mixture(1, (1.0, 0.0, 0.0), ("books", "code", "web"))
    assert set(domains_of(sampler, next(drawing))) == {2}


def test_loss_multipliers_leave_the_sampling_alone() -> None:
    given = source((0.5, 0.5, 0.0))
    sampler = MixtureSampler(given, SIZES, batch_size=20)
    drawing = iter(sampler)
    next(drawing)
    given.set((0.0, 0.1, 0.9), "lossMultiplier")
    batch = next(drawing)
    assert Counter(domains_of(sampler, batch)) == {0: 10, 1: 10}
    assert sampler.version == 1  # the mixture in force is that one, whatever it weighs
    restored = MixtureSampler(given, SIZES, batch_size=20)
    restored.load_state_dict(through_json(sampler.state_dict()))
    assert take(restored, 3) == [next(drawing) for _ in range(3)]
    given.set((0.0, 0.1, 0.9))
    assert Counter(domains_of(sampler, next(drawing))) == {1: 2, 2: 18}
    uniform = MixtureSampler(source((0.0, 0.1, 0.9), "lossMultiplier"), SIZES, batch_size=30)
    assert Counter(domains_of(uniform, take(uniform, 1)[0])) == {0: 10, 1: 10, 2: 10}


@pytest.mark.parametrize("schedule", ["stride", "multinomial"])
@pytest.mark.parametrize("batch_size", [None, 5])
def test_a_state_saved_anywhere_goes_on_identically_in_a_fresh_sampler(schedule: str, batch_size: Optional[int]) -> None:
    def fresh(given: Source, seed: int, weights: List[int]) -> "MixtureSampler[Any]":
        return MixtureSampler(given, weights, schedule=schedule, seed=seed, batch_size=batch_size)

    for seed in range(15):
        rng = random.Random(seed)
        count = rng.choice([1, 2, 3, 9])
        sizes = [rng.randrange(1, 30) for _ in range(count)]
        plan = [some_weights(rng, count, zeros=True) for _ in range(40)]
        given = Source(names(count), plan[0])
        sampler = fresh(given, seed, sizes)
        drawing = iter(sampler)
        batches: List[Any] = []
        states = []
        for version, weights in enumerate(plan):
            if rng.random() < 0.5:
                given.set(weights, version=version)
            states.append((through_json(sampler.state_dict()), given.mixture))
            batches.append(next(drawing))
        plan_of = [mixture for _, mixture in states]
        for place, (state, mixture) in enumerate(states):
            later = Source(given.domains, plan[0])
            later.mixture = mixture
            restored = fresh(later, 999, sizes)  # the seed is part of the state
            restored.load_state_dict(state)
            rest = []
            again = iter(restored)
            for in_force in plan_of[place:]:
                later.mixture = in_force
                rest.append(next(again))
            assert rest == batches[place:], f"seed {seed}, from batch {place}"
            assert restored.state_dict() == sampler.state_dict(), f"seed {seed}, from batch {place}"
            assert restored.epochs == sampler.epochs


@pytest.mark.parametrize("schedule", ["stride", "multinomial"])
@pytest.mark.parametrize("ahead", [1, 2, 7])
def test_with_batches_drawn_ahead_the_state_is_that_of_the_consumed_ones(schedule: str, ahead: int) -> None:
    for seed in range(12):
        rng = random.Random(seed)
        plan: Dict[int, "tuple[float, ...]"] = {step: some_weights(rng, 3) for step in range(60) if rng.random() < 0.4}
        given = source()
        sampler = MixtureSampler(given, SIZES, schedule=schedule, seed=seed, batch_size=4)
        batches, versions, states, mixtures = [], [], [], []
        for step, batch in enumerate(sampler.track(Ahead(sampler, ahead))):
            batches.append(batch)
            versions.append(sampler.version)
            assert sampler.version_of(step) == sampler.version
            assert sampler.batches == step + 1 + ahead
            states.append(through_json(sampler.state_dict()))
            assert sampler.state_dict(consumed=step + 1) == states[-1]
            mixtures.append(given.mixture)
            if step in plan:
                given.set(plan[step])
            if step == 59:
                break
        # A change made at step s meets the first batch drawn after it, `ahead` later.
        for step in range(60):
            assert versions[step] == sum(1 for changed in plan if changed < step - ahead), f"seed {seed}, step {step}"
        for place in range(0, 50, 7):
            later = source()
            later.mixture = mixtures[place]
            restored = MixtureSampler(later, SIZES, schedule=schedule, seed=seed, batch_size=4)
            restored.load_state_dict(states[place])
            assert restored.state_dict() == states[place], "what was drawn ahead is kept until it is drawn again"
            rest, rest_versions = [], []
            if place in plan:
                later.set(plan[place])
            for step, batch in enumerate(restored.track(Ahead(restored, ahead)), place + 1):
                rest.append(batch)
                rest_versions.append(restored.version)
                assert restored.state_dict() == states[step], f"seed {seed}, from step {place}, at {step}"
                if step in plan:
                    later.set(plan[step])
                if step == 59:
                    break
            assert rest == batches[place + 1 :], f"seed {seed}, from step {place}"
            assert rest_versions == versions[place + 1 :], f"seed {seed}, from step {place}"


def test_leaving_the_loop_loses_nothing_where_batches_are_tracked() -> None:
    straight = take(MixtureSampler(source(), SIZES, batch_size=4), 40)
    sampler = MixtureSampler(source(), SIZES, batch_size=4)
    pieces: List[Any] = []
    for _ in range(8):
        for number, batch in enumerate(sampler.track(Ahead(sampler, 6)), 1):
            pieces.append(batch)
            if number == 5:
                break
    assert pieces == straight


def test_tracking_counts_indices_where_the_loader_makes_the_batches() -> None:
    class Batching:
        batch_size = 8

        def __init__(self, sampler: "MixtureSampler[int]") -> None:
            self._sampler = sampler

        def __iter__(self) -> Iterator[List[int]]:
            waiting: List[List[int]] = []
            drawing = iter(self._sampler)
            while True:
                while len(waiting) < 4:
                    waiting.append(list(itertools.islice(drawing, self.batch_size)))
                batch = waiting.pop(0)
                if not batch:
                    return
                yield batch

    straight = take(MixtureSampler(source(), SIZES), 77)
    sampler = MixtureSampler(source(), SIZES, epochs=1)
    assert len(sampler) == 77
    seen = []
    for batch in sampler.track(Batching(sampler)):
        seen += batch
        state = sampler.state_dict()
        assert state["batches"] == len(seen)
        restored = MixtureSampler(source(), SIZES, epochs=1)
        restored.load_state_dict(through_json(state))
        assert list(restored) == straight[len(seen) :] if len(seen) < 77 else len(list(restored)) == 77
    assert seen == straight
    with pytest.raises(mixdesk.ArgumentError, match="`loader`"):
        sampler.track([])


def test_what_a_loader_drops_at_the_end_of_an_iteration_counts_as_consumed() -> None:
    class DroppingLast:
        batch_size = 8

        def __init__(self, sampler: "MixtureSampler[int]") -> None:
            self._sampler = sampler

        def __iter__(self) -> Iterator[List[int]]:
            drawing = iter(self._sampler)
            while len(batch := list(itertools.islice(drawing, 8))) == 8:
                yield batch

    straight = take(MixtureSampler(source(), SIZES), 154)
    sampler = MixtureSampler(source(), SIZES, epochs=1)
    passes = [[index for batch in sampler.track(DroppingLast(sampler)) for index in batch] for _ in range(2)]
    assert passes == [straight[:72], straight[77:149]]
    assert sampler.state_dict()["batches"] == 154


@pytest.mark.parametrize("schedule", ["stride", "multinomial"])
@pytest.mark.parametrize("batch_size", [None, 3])
def test_ranks_draw_disjoint_parts_of_one_order(schedule: str, batch_size: Optional[int]) -> None:
    for seed, ranks in enumerate([2, 3, 4, 8]):
        given = source()
        chunk = batch_size or 1
        samplers = [
            MixtureSampler(given, SIZES, schedule=schedule, seed=seed, batch_size=batch_size, rank=rank, ranks=ranks) for rank in range(ranks)
        ]
        alone = MixtureSampler(given, SIZES, schedule=schedule, seed=seed, batch_size=ranks * chunk)
        drawings = [iter(sampler) for sampler in samplers]
        whole = iter(alone)
        of_rank: List[Counter[int]] = [Counter() for _ in range(ranks)]
        for step in range(60):
            if step % 7 == 3:
                given.set(some_weights(random.Random(step), 3))
            together: List[int] = []
            for rank, drawing in enumerate(drawings):
                item: Any = next(drawing)
                part: List[int] = item if isinstance(item, list) else [item]
                assert len(part) == chunk
                of_rank[rank].update(domains_of(alone, part))
                together += part
            assert sorted(together) == sorted(next(whole)), f"{ranks} ranks, step {step}"
        assert all(sampler.state_dict() == samplers[0].state_dict() for sampler in samplers)
        assert samplers[0].counts == alone.counts
        assert all(len(counts) == 3 for counts in of_rank), "a rank that never gets one of the domains"


def test_no_rank_is_stuck_with_one_domain() -> None:
    given = Source(["a", "b"], [0.5, 0.5])  # the order is a b a b ..., and two ranks take every second one
    sampler = MixtureSampler(given, [100, 100], rank=0, ranks=2)
    counts = Counter(sampler.domain_of(index) for index in take(sampler, 400))
    assert 150 < counts[0] < 250


def test_another_number_of_ranks_goes_on_in_the_same_order() -> None:
    one = MixtureSampler(source(), SIZES, seed=5, batch_size=12)
    four = [MixtureSampler(source(), SIZES, seed=5, batch_size=3, rank=rank, ranks=4) for rank in range(4)]
    two = [MixtureSampler(source(), SIZES, seed=5, batch_size=6, rank=rank, ranks=2) for rank in range(2)]
    straight = take(one, 20)
    for sampler in four:
        take(sampler, 8)
    parts = []
    for sampler in two:
        sampler.load_state_dict(through_json(four[2].state_dict()))
        parts.append(take(sampler, 12))
        assert sampler.batches == 20
        assert sampler.version_of(19) == 0
    assert [sorted(a + b) for a, b in zip(*parts)] == [sorted(batch) for batch in straight[8:]]


def test_an_iteration_of_some_epochs_ends_and_the_next_goes_on() -> None:
    straight = take(MixtureSampler(source(), SIZES, batch_size=10), 30)
    sampler = MixtureSampler(source(), SIZES, batch_size=10, epochs=2)
    assert len(sampler) == 15  # of 154 samples
    first = list(sampler)
    restored = MixtureSampler(source(), SIZES, batch_size=10, epochs=2)
    restored.load_state_dict(through_json(sampler.state_dict()))
    assert [first, list(sampler)] == [straight[:15], straight[15:]]
    assert list(restored) == straight[15:]
    for place in range(30):
        sampler = MixtureSampler(source(), SIZES, batch_size=10, epochs=2)
        restored.load_state_dict(through_json(take_across(sampler, place)))
        assert list(restored) == straight[place : 15 * (place // 15 + 1)], f"from batch {place}"
    with pytest.raises(TypeError, match="never ends"):
        len(MixtureSampler(source(), SIZES))
    # A state of before the present iteration began.
    sampler = MixtureSampler(source(), SIZES, batch_size=10, epochs=2)
    list(sampler)
    take(sampler, 3)
    restored.load_state_dict(sampler.state_dict(consumed=13))
    assert list(restored) == straight[13:15]


def take_across(sampler: "MixtureSampler[Any]", count: int) -> Dict[str, Any]:
    left = count
    while left > 0:
        left -= len(take(sampler, left))
    return sampler.state_dict()


def test_an_iterator_that_was_replaced_stops() -> None:
    sampler = MixtureSampler(source(), SIZES)
    old = iter(sampler)
    next(old)
    new = iter(sampler)
    next(new)
    assert list(old) == []
    sampler.load_state_dict(sampler.state_dict())
    assert list(new) == []


def test_a_single_domain_and_an_empty_one_without_weight() -> None:
    assert sorted(take(MixtureSampler(Source(["only"], [1.0]), [6]), 6)) == list(range(6))
    given = source((0.5, 0.5, 0.0))
    sampler = MixtureSampler(given, {"web": 5, "code": 5, "books": 0}, batch_size=10)
    drawing = iter(sampler)
    assert Counter(domains_of(sampler, next(drawing))) == {0: 5, 1: 5}
    assert sampler.epochs["books"] == 0
    given.set((0.2, 0.6, 0.2))  # there are no books: the others share
    assert Counter(domains_of(sampler, next(drawing))) == pytest.approx({0: 2.5, 1: 7.5}, abs=0.5)


def test_weights_that_cannot_be_used_later_are_left_and_told_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "mixdesk")
    given = source((0.5, 0.5, 0.0))
    sampler = MixtureSampler(given, {"web": 5, "code": 5, "books": 0}, batch_size=10)
    drawing = iter(sampler)
    for weights in [(0.0, 0.0, 0.0), (math.nan, 0.5, 0.5), (-1.0, 1.0, 1.0), (0.0, 0.0, 1.0)]:
        given.set(weights)
        assert Counter(domains_of(sampler, next(drawing))) == {0: 5, 1: 5}
        assert sampler.version == 0
    given.mixture = mixdesk.Mixture(9, (0.5, 0.5), ("web", "code"))
    assert Counter(domains_of(sampler, next(drawing))) == {0: 5, 1: 5}
    messages = [record.getMessage() for record in caplog.records]
    assert len(messages) == 2
    assert "not all zero" in messages[0]
    assert "without samples" in messages[1]


@pytest.mark.parametrize(
    ("argument", "says", "change"),
    [
        ("source", "as a run has", {"source": object()}),
        ("source", "not all zero", {"source": source((0.0, 0.0, 0.0))}),
        ("source", "finite", {"source": source((math.nan, 0.5, 0.5))}),
        ("datasets", "unknown domain 'law'", {"datasets": {**SIZES, "law": 3}}),
        ("datasets", "lacks the domain 'books'", {"datasets": {"web": 50, "code": 7}}),
        ("datasets", "3 entries", {"datasets": [50, 7]}),
        ("datasets", "mapping", {"datasets": 50}),
        ("datasets", "no samples of 'code'", {"datasets": {**SIZES, "code": []}}),
        ("datasets", "with a length", {"datasets": {**SIZES, "code": iter([])}}),
        ("datasets", "from 0", {"datasets": {**SIZES, "code": -1}}),
        ("schedule", "stride, multinomial", {"schedule": "random"}),
        ("seed", "from 0", {"seed": -1}),
        ("batch_size", "from 1", {"batch_size": 0}),
        ("batch_size", "more than the 77 samples", {"batch_size": 20, "ranks": 4, "epochs": 1}),
        ("ranks", "from 1", {"ranks": 0}),
        ("rank", "from 0 to 1", {"rank": 2, "ranks": 2}),
        ("epochs", "integer", {"epochs": 0.5}),
    ],
)
def test_wrong_arguments_are_named(argument: str, says: str, change: "Dict[str, Any]") -> None:
    arguments: Dict[str, Any] = {"source": source(), "datasets": SIZES, **change}
    with pytest.raises(mixdesk.ArgumentError, match=says) as raised:
        MixtureSampler(arguments.pop("source"), arguments.pop("datasets"), **arguments)
    assert raised.value.argument == argument


def test_a_state_of_something_else_is_refused_and_changes_nothing() -> None:
    sampler = MixtureSampler(source(), SIZES, batch_size=4)
    take(sampler, 5)
    state = through_json(sampler.state_dict())
    damaged = through_json(state)
    damaged["drawn"][0] += 1
    lags = through_json(state)
    lags["mix"]["lags"][0] += 1
    others = [
        MixtureSampler(Source(["a", "b", "c"], (0.5, 0.3, 0.2)), [50, 7, 20], batch_size=4).state_dict(),
        MixtureSampler(source(), {**SIZES, "web": 51}, batch_size=4).state_dict(),
        MixtureSampler(source(), SIZES, batch_size=4, schedule="multinomial").state_dict(),
        damaged,
        lags,
        {},
        {"format": 2},
    ]
    for other in others:
        with pytest.raises(mixdesk.ArgumentError, match="`state`"):
            sampler.load_state_dict(other)
        assert sampler.state_dict() == state
    for consumed in (-1, 6):
        with pytest.raises(mixdesk.ArgumentError, match="`consumed`"):
            sampler.state_dict(consumed=consumed)
    for batch in (-1, 5):
        with pytest.raises(mixdesk.ArgumentError, match="`batch`"):
            sampler.version_of(batch)


def test_memory_stays_bounded_where_nobody_says_what_was_consumed(monkeypatch: pytest.MonkeyPatch) -> None:
    from mixdesk.samplers import _mix

    monkeypatch.setattr(_mix, "LONGEST_MEMORY", 8192)
    sampler = MixtureSampler(source(), SIZES, batch_size=256)
    take(sampler, 200)
    assert len(sampler._mix._log) <= 2 * 8192 + 256
    sampler.state_dict(consumed=180)
    with pytest.raises(mixdesk.ArgumentError, match="are remembered"):
        sampler.state_dict(consumed=1)
    assert sampler.version_of(180) == 0
    with pytest.raises(mixdesk.ArgumentError, match="are remembered"):
        sampler.version_of(1)
    tracked = MixtureSampler(source(), SIZES, batch_size=256)
    for number, _ in enumerate(tracked.track(Ahead(tracked, 4))):
        if number == 200:
            break
    assert len(tracked._mix._log) < 10_000
