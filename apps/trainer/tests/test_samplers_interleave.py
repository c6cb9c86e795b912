"""`interleave`: streams by the mixture, with exact state, and what happens when one of them ends."""

import itertools
import logging
import random
from collections import Counter
from typing import Any, Dict, Iterator, List

import pytest
from samplers_support import Source, names, some_weights, through_json

import mixdesk
from mixdesk.samplers import interleave, lag_bounds


class Remembering:
    """A stream whose iterators say where they are, as those of streaming libraries do. It counts how much it reads."""

    def __init__(self, name: str, length: int) -> None:
        self._name = name
        self._length = length
        self.read = 0

    def __iter__(self) -> "RememberingIterator":
        return RememberingIterator(self, self._name, self._length)


class RememberingIterator:
    def __init__(self, owner: Remembering, name: str, length: int) -> None:
        self._owner, self._name, self._length, self._at = owner, name, length, 0

    def __iter__(self) -> "RememberingIterator":
        return self

    def __next__(self) -> str:
        if self._at >= self._length:
            raise StopIteration
        self._at += 1
        self._owner.read += 1
        return f"{self._name}{self._at - 1}"

    def state_dict(self) -> Dict[str, int]:
        return {"at": self._at}

    def load_state_dict(self, state: Dict[str, int]) -> None:
        self._at = state["at"]


class Dataset:
    """A stream that is told where to go on before it is iterated, as Hugging Face's iterable datasets are."""

    def __init__(self, name: str, length: int) -> None:
        self._name, self._length, self._at, self._start = name, length, 0, 0
        self.read = 0

    def __iter__(self) -> Iterator[str]:
        first, self._start = self._start, 0
        for at in range(first, self._length):
            self._at = at + 1
            self.read += 1
            yield f"{self._name}{at}"

    def state_dict(self) -> Dict[str, int]:
        return {"at": self._at}

    def load_state_dict(self, state: Dict[str, int]) -> None:
        self._start = self._at = state["at"]


def streams(lengths: List[int], kind: str = "list") -> List[Any]:
    made: Dict[str, Any] = {
        "list": lambda name, length: [f"{name}{k}" for k in range(length)],
        "function": lambda name, length: lambda: (f"{name}{k}" for k in range(length)),
        "iterator state": Remembering,
        "iterable state": Dataset,
    }
    return [made[kind](chr(97 + domain), length) for domain, length in enumerate(lengths)]


def source(*weights: float) -> Source:
    return Source(names(len(weights)), weights)


@pytest.mark.parametrize("kind", ["list", "function", "iterator state", "iterable state"])
def test_each_stream_comes_in_its_order_and_begins_again(kind: str) -> None:
    mixed = interleave(source(0.5, 0.25, 0.25), streams([5, 3, 100], kind))
    samples = list(itertools.islice(mixed, 80))
    for name, length, count in [("a", 5, 40), ("b", 3, 20), ("c", 100, 20)]:
        assert [sample for sample in samples if sample[0] == name] == [f"{name}{k % length}" for k in range(count)]
    # A pass is complete when the stream has said that it is over.
    assert mixed.epochs == {"domain-0": 7, "domain-1": 6, "domain-2": 0}
    assert mixed.dropped == ()


def test_a_new_mixture_counts_from_the_next_sample() -> None:
    for seed in range(40):
        rng = random.Random(seed)
        count = rng.choice([1, 2, 5, 20])
        given = source(*some_weights(rng, count))
        mixed = interleave(given, [itertools.count() for _ in range(count)], tagged=True)
        meant, drawn = [0.0] * count, [0] * count
        for _ in range(200):
            if rng.random() < 0.2:
                given.set(some_weights(rng, count))
            domain, sample = next(mixed)
            assert sample == drawn[domain], f"seed {seed}"
            drawn[domain] += 1
            assert mixed.domain == domain
            assert mixed.version == given.mixture.version
            for i, weight in enumerate(given.mixture.weights):
                meant[i] += weight / sum(given.mixture.weights)
            too_many, too_few = lag_bounds(count)
            assert all(-too_many - 1e-6 <= want - got <= too_few + 1e-6 for want, got in zip(meant, drawn)), f"seed {seed}"


@pytest.mark.parametrize("schedule", ["stride", "multinomial"])
@pytest.mark.parametrize("kind", ["list", "function", "iterator state", "iterable state"])
@pytest.mark.parametrize("exhausted", ["repeat", "drop", "stop"])
def test_a_state_saved_anywhere_goes_on_identically(schedule: str, kind: str, exhausted: str) -> None:
    for seed in range(8):
        rng = random.Random(seed)
        count = rng.choice([1, 2, 4])
        lengths = [rng.randrange(1, 25) for _ in range(count)]
        plan = {0: some_weights(rng, count), **{place: some_weights(rng, count) for place in range(1, 60) if rng.random() < 0.2}}
        given = source(*plan[0])
        mixed = interleave(given, streams(lengths, kind), schedule=schedule, seed=seed, exhausted=exhausted)
        samples, states = [], []
        for place in range(60):
            if place in plan:
                given.set(plan[place], version=place)
            states.append(through_json(mixed.state_dict()))
            sample = next(mixed, None)
            if sample is None:
                break
            samples.append(sample)
        for place, state in enumerate(states):
            later = source(*plan[0])
            later.set(plan[max(at for at in plan if at <= place)], version=place)
            restored = interleave(later, streams(lengths, kind), schedule=schedule, seed=0, exhausted=exhausted)
            restored.load_state_dict(state)
            assert through_json(restored.state_dict()) == state, "before any stream was opened again"
            rest = []
            for at in range(place, len(states)):
                if at in plan:
                    later.set(plan[at], version=at)
                sample = next(restored, None)
                rest += [] if sample is None else [sample]
            assert rest == samples[place:], f"seed {seed}, from sample {place}"
            assert restored.epochs == mixed.epochs, f"seed {seed}, from sample {place}"
            assert restored.dropped == mixed.dropped, f"seed {seed}, from sample {place}"


@pytest.mark.parametrize(("kind", "skips"), [("iterator state", False), ("iterable state", False), ("list", True)])
def test_states_of_streams_are_used_where_there_are_any(kind: str, skips: bool) -> None:
    given = source(0.5, 0.5)
    mixed = interleave(given, streams([100, 100], kind))
    list(itertools.islice(mixed, 120))
    state = through_json(mixed.state_dict())
    again = streams([100, 100], kind)
    restored = interleave(given, again)
    restored.load_state_dict(state)
    assert list(itertools.islice(restored, 4)) == list(itertools.islice(mixed, 4))
    assert [entry["of"] is None for entry in state["pool"]["feeds"]] == [skips, skips]
    if not skips:
        assert [stream.read for stream in again] == [2, 2]


def test_stop_ends_all_when_a_domain_that_is_drawn_is_over() -> None:
    mixed = interleave(source(0.5, 0.5), streams([3, 100]), exhausted="stop")
    assert list(mixed) == ["a0", "b0", "a1", "b1", "a2", "b2"]
    assert list(mixed) == []


def test_drop_gives_the_weight_to_the_others_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "mixdesk")
    given = source(0.5, 0.3, 0.2)
    mixed = interleave(given, streams([10, 1000, 1000]), exhausted="drop", tagged=True)
    counts = Counter(domain for domain, _ in itertools.islice(mixed, 20))
    assert counts == {0: 10, 1: 6, 2: 4}
    after = Counter(domain for domain, _ in itertools.islice(mixed, 100))
    assert after == {1: 60, 2: 40}
    assert mixed.dropped == ("domain-0",)
    assert mixed.state_dict()["pool"]["mix"]["draws"] == 120, "the draw that met the end counts for nobody"
    given.set((0.8, 0.1, 0.1))  # a new mixture doesn't bring it back
    assert Counter(domain for domain, _ in itertools.islice(mixed, 100)) == {1: 50, 2: 50}
    messages = [record.getMessage() for record in caplog.records]
    assert len(messages) == 1
    assert "domain-0 has no more samples; its weight goes to the others" in messages[0]


def test_dropping_gives_every_sample_exactly_once() -> None:
    for seed in range(20):
        rng = random.Random(seed)
        lengths = [rng.randrange(0, 30) for _ in range(rng.choice([1, 2, 6]))]
        for schedule in ("stride", "multinomial"):
            mixed = interleave(source(*some_weights(rng, len(lengths))), streams(lengths), schedule=schedule, seed=seed, exhausted="drop")
            assert Counter(mixed) == Counter(sample for stream in streams(lengths) for sample in stream), f"seed {seed}"


def test_a_drop_ends_where_only_weights_of_zero_are_left() -> None:
    mixed = interleave(source(1.0, 0.0), streams([2, 5]), exhausted="drop")
    assert list(mixed) == ["a0", "a1"]


def test_what_should_repeat_and_cannot_is_dropped_with_a_reason(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "mixdesk")
    mixed = interleave(source(0.4, 0.3, 0.3), [iter("abc"), itertools.count(), []])
    samples = list(itertools.islice(mixed, 50))
    assert [sample for sample in samples if isinstance(sample, str)] == ["a", "b", "c"]
    assert [sample for sample in samples if isinstance(sample, int)] == list(range(47))
    assert mixed.dropped == ("domain-0", "domain-2")
    messages = [record.getMessage() for record in caplog.records]
    assert any("pass a function that makes one" in message for message in messages)
    assert any("no samples in a whole pass" in message for message in messages)


def test_a_stream_that_became_shorter_is_dropped_not_raised(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "mixdesk")
    given = source(0.5, 0.5)
    mixed = interleave(given, streams([50, 50]))
    list(itertools.islice(mixed, 60))
    restored = interleave(given, streams([10, 50]))
    restored.load_state_dict(through_json(mixed.state_dict()))
    assert list(itertools.islice(restored, 5)) == ["b30", "b31", "b32", "b33", "b34"]
    assert "fewer samples than before the restore" in caplog.records[0].getMessage()


def test_ranks_take_their_parts_of_one_order() -> None:
    given = source(0.5, 0.3, 0.2)
    alone = interleave(given, [itertools.count() for _ in range(3)], tagged=True)
    parts = [interleave(given, [itertools.count() for _ in range(3)], tagged=True, rank=rank, ranks=3) for rank in range(3)]
    for step in range(50):
        together = Counter(next(part)[0] for part in parts)
        assert together == Counter(next(alone)[0] for _ in range(3)), f"step {step}"
    assert all(part.domain is not None for part in parts)


@pytest.mark.parametrize(
    ("argument", "says", "change"),
    [
        ("iterables", "unknown domain 'c'", {"iterables": {"domain-0": [], "c": []}}),
        ("iterables", "lacks the domain 'domain-1'", {"iterables": {"domain-0": []}}),
        ("iterables", "an iterable, or a function", {"iterables": [[1], 5]}),
        ("iterables", "an iterable, or a function", {"iterables": [[1], "text"]}),
        ("exhausted", "repeat, stop, drop", {"exhausted": "again"}),
        ("exhausted", "several ranks", {"exhausted": "drop", "ranks": 2}),
        ("schedule", "stride, multinomial", {"schedule": None}),
        ("seed", "integer", {"seed": 0.5}),
        ("rank", "from 0 to 0", {"rank": 1}),
    ],
)
def test_wrong_arguments_are_named(argument: str, says: str, change: "Dict[str, Any]") -> None:
    arguments: Dict[str, Any] = {"iterables": [[1], [2]], **change}
    with pytest.raises(mixdesk.ArgumentError, match=says) as raised:
        interleave(source(0.5, 0.5), arguments.pop("iterables"), **arguments)
    assert raised.value.argument == argument


def test_a_state_of_something_else_is_refused_and_changes_nothing() -> None:
    mixed = interleave(source(0.5, 0.5), streams([5, 5]))
    list(itertools.islice(mixed, 4))
    state = through_json(mixed.state_dict())
    damaged = through_json(state)
    damaged["pool"]["feeds"][0]["taken"] = -1
    short = through_json(state)
    short["pool"]["feeds"].pop()
    other = interleave(source(0.5, 0.5), streams([5, 5]), schedule="multinomial").state_dict()
    for wrong in [{}, {"format": 9}, damaged, short, other]:
        with pytest.raises(mixdesk.ArgumentError, match="`state`"):
            mixed.load_state_dict(wrong)
        assert through_json(mixed.state_dict()) == state
