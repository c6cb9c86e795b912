"""The multinomial schedule and the shuffle: seeded, random enough, and functions of a position."""

import math
import random
from collections import Counter

import pytest
from samplers_support import some_weights, through_json

from mixdesk.samplers import Multinomial, Permutation
from mixdesk.samplers._random import at, key, mix64
from mixdesk.samplers._units import units


def test_the_generator_is_splitmix64() -> None:
    # The first outputs of the published generator for seed 1234567, which many implementations test against.
    assert [at(1234567, n) for n in range(3)] == [6457827717110365317, 3203168211198807973, 9817491932198370423]
    assert mix64(0) == 0
    assert len({key(), key(0), key(0, 0), key(1, 0), key(0, 1), key(1), key(2), key(2**64 - 1, 0)}) == 8


def test_counts_are_binomial() -> None:
    draws = 4000
    worst = 0.0
    squares = 0.0
    entries = 0
    for seed in range(40):
        rng = random.Random(seed)
        weights = some_weights(rng, rng.choice([2, 3, 8, 32]), zeros=True)
        schedule = Multinomial(seed)
        schedule.weigh(units(weights))
        counts = Counter(schedule.draw() for _ in range(draws))
        for domain, weight in enumerate(weights):
            share = weight / math.fsum(weights)
            if share == 0:
                assert counts[domain] == 0, f"seed {seed}"
            elif 20 < draws * share < draws - 20:
                score = (counts[domain] - draws * share) / math.sqrt(draws * share * (1 - share))
                worst, squares, entries = max(worst, abs(score)), squares + score * score, entries + 1
    assert entries > 150
    # Some hundred standard scores: none beyond 4.5, and their mean square next to 1 (neither too wide nor too even).
    assert worst < 4.5
    assert 0.75 < squares / entries < 1.3


def test_a_draw_depends_on_seed_number_and_weights_only() -> None:
    for seed in range(20):
        rng = random.Random(seed)
        plan = [units(some_weights(rng, 7)) for _ in range(100)]
        schedule = Multinomial(seed)
        order, states = [], []
        for weights in plan:
            schedule.weigh(weights)
            states.append(through_json(schedule.state_dict()))
            order.append(schedule.draw())
        for place in rng.sample(range(100), 10):
            restored = Multinomial(seed)
            restored.load_state_dict(states[place])
            rest = []
            for weights in plan[place:]:
                restored.weigh(weights)
                rest.append(restored.draw())
            assert rest == order[place:], f"seed {seed}, from draw {place}"
        assert Multinomial.before(states[50], plan[0], order[20:50]) == states[20]
    first, second = Multinomial(1), Multinomial(2)
    for schedule in (first, second):
        schedule.weigh(units([1, 1]))
    assert [first.draw() for _ in range(64)] != [second.draw() for _ in range(64)]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 16, 17, 1023, 1024, 1025, 4097, 70_000])
def test_a_permutation_is_one(size: int) -> None:
    for seed in (0, 1, 2**63):
        order = Permutation(size, seed)
        assert sorted(order[k] for k in range(size)) == list(range(size)), f"seed {seed}"
    assert len(order) == size
    with pytest.raises(IndexError):
        order[size]
    with pytest.raises(IndexError):
        order[-1]


@pytest.mark.parametrize("size", [6, 1100])
def test_a_permutation_puts_every_entry_everywhere_equally_often(size: int) -> None:
    seeds = 3000
    bins = 6
    for position in (0, 1, size // 2, size - 1):
        counts = Counter(Permutation(size, key(7, seed))[position] * bins // size for seed in range(seeds))
        chi = sum((counts[b] - seeds / bins) ** 2 / (seeds / bins) for b in range(bins))
        assert chi < 25, f"position {position}: {counts}"  # 5 degrees of freedom: beyond 25 once in 7,000
    # Neighbours in the order have nothing to do with each other.
    pairs: "Counter[tuple[int, int]]" = Counter()
    for seed in range(seeds):
        order = Permutation(size, key(8, seed))
        pairs[order[2] * 3 // size, order[3] * 3 // size] += 1
    expected = {(a, b): seeds / 9 for a in range(3) for b in range(3)}
    if size == 6:
        expected = {(a, b): seeds * (2 * (1 if a == b else 2)) / 30 for a in range(3) for b in range(3)}
    chi = sum((pairs[cell] - count) ** 2 / count for cell, count in expected.items())
    assert chi < 30, pairs  # 8 degrees of freedom: beyond 30 once in 4,700


def test_a_huge_permutation_needs_no_memory_and_no_time() -> None:
    order = Permutation(10**12, 5)
    seen = {order[k] for k in range(2000)}
    assert len(seen) == 2000
    assert max(seen) > 9 * 10**11
    assert min(seen) < 10**11
    steps = Counter((order[k + 1] - order[k]) % 10**12 for k in range(500))
    assert max(steps.values()) == 1
