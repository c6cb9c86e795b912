"""`Loader`: batches step by step, under the mixture of a run, and on from any state."""

import itertools
import random
from collections import Counter
from typing import Any, Dict, List, Tuple

import pytest
from samplers_support import Source, some_weights, through_json
from support import Broker, new_run, until

import mixdesk
from mixdesk.samplers import Batch, Loader

DOMAINS = ("web", "code", "books")


def sources() -> Dict[str, Any]:
    """A map-style dataset, a small one, and a stream."""
    return {
        "web": [f"web {k}" for k in range(40)],
        "code": [f"code {k}" for k in range(6)],
        "books": lambda: (f"books {k}" for k in range(25)),
    }


def test_batches_have_their_step_their_domains_and_their_version() -> None:
    given = Source(DOMAINS, (0.5, 0.25, 0.25))
    loader = Loader(given, sources(), 8, steps=10)
    seen: List[Batch] = []
    for batch in loader:
        assert batch.step == len(seen)
        assert [sample.split()[0] for sample in batch.samples] == [DOMAINS[domain] for domain in batch.domains]
        assert Counter(batch.domains) == {0: 4, 1: 2, 2: 2}
        assert batch.mixture_version == given.mixture.version == batch.step // 4
        if batch.step % 4 == 3:
            given.set((0.5, 0.25, 0.25))
        seen.append(batch)
    assert len(seen) == 10
    assert [loader.version_at(step) for step in range(11)] == [*(step // 4 for step in range(10)), None]
    assert loader.version_at(-1) is None
    web = [sample for batch in seen for sample in batch.samples if sample.startswith("web")]
    assert sorted(web) == sorted(sources()["web"])
    assert web != sources()["web"]
    books = [sample for batch in seen for sample in batch.samples if sample.startswith("books")]
    assert books == list(sources()["books"]())[:20]
    assert loader.epochs == {"web": 1, "code": 3, "books": 0}
    assert loader.domains == DOMAINS
    assert loader.step == 10
    assert loader.dropped == ()
    assert list(loader) == []


def test_versions_of_before_a_restore_are_not_known_after_it() -> None:
    given = Source(DOMAINS, (0.5, 0.25, 0.25))
    loader = Loader(given, sources(), 2)
    early = through_json(loader.state_dict())
    list(itertools.islice(loader, 6))
    late = through_json(loader.state_dict())
    loader.load_state_dict(early)
    loader.load_state_dict(late)
    given.set((0.5, 0.25, 0.25))
    list(itertools.islice(loader, 2))
    assert [loader.version_at(step) for step in (0, 5, 6, 7, 8)] == [None, None, 1, 1, None]


def test_collate_makes_the_samples() -> None:
    loader = Loader(Source(DOMAINS, (0.5, 0.5, 0.0)), sources(), 4, "|".join, steps=1, shuffle=False)
    [batch] = loader
    assert batch == Batch(0, "web 0|code 0|web 1|code 1", [0, 1, 0, 1], 0)


@pytest.mark.parametrize("schedule", ["stride", "multinomial"])
@pytest.mark.parametrize("exhausted", ["repeat", "stop", "drop"])
def test_a_state_saved_at_any_step_goes_on_identically(schedule: str, exhausted: str) -> None:
    def fresh(given: Source, seed: int) -> Loader:
        return Loader(given, sources(), 3, schedule=schedule, seed=seed, steps=40, exhausted=exhausted)

    for seed in range(8):
        rng = random.Random(seed)
        plan = {step: some_weights(rng, 3) for step in range(40) if rng.random() < 0.4}
        meanings = {step: rng.choice(["samplingProbability", "samplingProbability", "lossMultiplier"]) for step in plan}
        given = Source(DOMAINS, (0.4, 0.3, 0.3))
        loader = fresh(given, seed)
        batches: List[Batch] = []
        states: List[Tuple[Any, mixdesk.Mixture]] = [(through_json(loader.state_dict()), given.mixture)]
        for batch in loader:
            batches.append(batch)
            states.append((through_json(loader.state_dict()), given.mixture))
            if batch.step in plan:
                given.set(plan[batch.step], meanings[batch.step])
        assert len(batches) == 40 or exhausted != "repeat"
        for step, (state, mixture) in enumerate(states):
            later = Source(DOMAINS, (1.0, 1.0, 1.0))
            later.mixture = mixture
            restored = fresh(later, 77)
            restored.load_state_dict(state)
            if step - 1 in plan:
                later.set(plan[step - 1], meanings[step - 1])
            rest = []
            for batch in restored:
                rest.append(batch)
                if batch.step in plan:
                    later.set(plan[batch.step], meanings[batch.step])
            assert rest == batches[step:], f"seed {seed}, from step {step}"
            assert restored.epochs == loader.epochs, f"seed {seed}, from step {step}"


def test_leaving_the_loop_and_coming_back_goes_on() -> None:
    straight = list(Loader(Source(DOMAINS, (0.5, 0.25, 0.25)), sources(), 4, steps=12))
    loader = Loader(Source(DOMAINS, (0.5, 0.25, 0.25)), sources(), 4, steps=12)
    assert [batch for _ in range(4) for batch in itertools.islice(loader, 3)] == straight


def test_loss_multipliers_leave_the_sampling_alone() -> None:
    given = Source(DOMAINS, (0.5, 0.5, 0.0))
    loader = iter(Loader(given, sources(), 10))
    next(loader)
    given.set((0.0, 0.0, 1.0), "lossMultiplier")
    for _ in range(3):
        batch = next(loader)
        assert Counter(batch.domains) == {0: 5, 1: 5}
        assert batch.mixture_version == 1
    given.set((0.0, 0.0, 1.0))
    assert Counter(next(loader).domains) == {2: 10}


def test_stop_and_drop_hold_for_datasets_and_streams() -> None:
    given = Source(DOMAINS, (0.5, 0.25, 0.25))
    stopped = list(Loader(given, sources(), 4, exhausted="stop"))
    assert len(stopped) == 6  # there are six samples of code, one a batch
    dropping = Loader(given, sources(), 1, exhausted="drop")
    everything = [sample for batch in dropping for sample in batch.samples]
    assert sorted(everything) == sorted([*sources()["web"], *sources()["code"], *sources()["books"]()])
    assert set(dropping.dropped) == set(DOMAINS)
    assert list(dropping) == []
    restored = Loader(given, sources(), 1, exhausted="drop")
    restored.load_state_dict(through_json(dropping.state_dict()))
    assert list(restored) == []
    assert restored.dropped == dropping.dropped


@pytest.mark.parametrize("exhausted", ["repeat", "drop", "stop"])
def test_ranks_share_out_datasets(exhausted: str) -> None:
    datasets = {"web": range(0, 40), "code": range(100, 106), "books": range(200, 225)}
    given = Source(DOMAINS, (0.5, 0.25, 0.25))
    loaders = [Loader(given, datasets, 3, exhausted=exhausted, rank=rank, ranks=4, steps=30, seed=9) for rank in range(4)]
    alone = Loader(given, datasets, 12, exhausted=exhausted, steps=30, seed=9)
    whole = list(alone)
    parts = [list(loader) for loader in loaders]
    assert len(whole) == {"repeat": 30, "drop": 5, "stop": 2}[exhausted]
    for batch, *of_ranks in zip(whole, *parts):
        assert sorted(sample for part in of_ranks for sample in part.samples) == sorted(batch.samples), f"step {batch.step}"
    assert all(len(part) == len(whole) for part in parts)
    assert all(loader.state_dict() == loaders[0].state_dict() for loader in loaders)


def test_a_run_that_is_to_stop_ends_the_loop_and_ranks_are_the_runs() -> None:
    class Stopping(Source):
        rank, ranks, should_stop = 1, 2, False
        asked: List[int]

        def boundary(self, step: int) -> None:
            self.asked.append(step)
            self.should_stop = step == 5

    given = Stopping(DOMAINS, (0.5, 0.25, 0.25))
    given.asked = []
    loader = Loader(given, sources(), 4)
    assert len(list(loader)) == 5
    assert given.asked == [0, 1, 2, 3, 4, 5]
    assert loader.epochs["web"] == 0
    assert loader.state_dict()["pool"]["feeds"][0]["taken"] == 20  # of both ranks


def test_a_run_over_kafka_is_followed_from_one_step_to_the_next(broker: Broker) -> None:
    name = new_run()
    with mixdesk.start(name, domains=["web", "code"], policy="odm", strict=True, brokers=broker.addresses) as run:
        loader = Loader(run, {"web": range(100), "code": range(100, 200)}, 10, steps=6)
        for batch in loader:
            expected = {0: 5, 1: 5} if batch.step < 3 else {0: 1, 1: 9}
            assert Counter(batch.domains) == expected, f"step {batch.step}"
            run.log_losses(batch.step, [1.0, 1.0], [1, 1], mixture_version=batch.mixture_version)
            if batch.step == 1:
                broker.command(name, 1, [0.1, 0.9], fromStep=3)
                until("mixture 1 is offered", lambda: run.offered is not None)
        assert [loader.version_at(step) for step in range(6)] == [0, 0, 0, 1, 1, 1]
    applied = broker.events(name, "mixture.applied")
    assert [(event.data["version"], event.data["step"]) for event in applied] == [(1, 3)]
    assert [event.data["mixtureVersion"] for event in broker.events(name, "losses.measured")] == [0, 0, 0, 1, 1, 1]


@pytest.mark.parametrize(
    ("argument", "says", "change"),
    [
        ("source", "as a run has", {"run": None}),
        ("sources", "lacks the domain 'books'", {"sources": {"web": [1], "code": [2]}}),
        ("sources", "unknown domain 'law'", {"sources": {"web": [1], "code": [2], "books": [3], "law": [4]}}),
        ("sources", "a dataset with a length, an iterable", {"sources": [[1], [2], 3]}),
        ("sources", "no samples of 'code'", {"sources": [[1], [], [3]]}),
        ("batch_size", "from 1", {"batch_size": 0}),
        ("collate", "a function", {"collate": "stack"}),
        ("steps", "from 0", {"steps": -1}),
        ("schedule", "stride, multinomial", {"schedule": "fair"}),
        ("exhausted", "repeat, stop, drop", {"exhausted": True}),
        ("exhausted", "several ranks", {"exhausted": "drop", "rank": 0, "ranks": 2}),
        ("rank", "from 0 to 1", {"rank": 2, "ranks": 2}),
    ],
)
def test_wrong_arguments_are_named(argument: str, says: str, change: "Dict[str, Any]") -> None:
    arguments: Dict[str, Any] = {"run": Source(DOMAINS, (0.5, 0.25, 0.25)), "sources": sources(), "batch_size": 4, **change}
    with pytest.raises(mixdesk.ArgumentError, match=says) as raised:
        Loader(**arguments)
    assert raised.value.argument == argument


def test_a_state_of_something_else_is_refused_and_changes_nothing() -> None:
    given = Source(DOMAINS, (0.5, 0.25, 0.25))
    loader = Loader(given, sources(), 4)
    list(itertools.islice(loader, 3))
    state = through_json(loader.state_dict())
    other_size = {**sources(), "web": range(41)}
    for wrong in [{}, {**state, "step": -1}, {**state, "format": 2}, Loader(given, other_size, 4).state_dict()]:
        with pytest.raises(mixdesk.ArgumentError, match="`state`"):
            loader.load_state_dict(wrong)
        assert through_json(loader.state_dict()) == state


def test_where_only_losses_were_ever_weighed_a_run_is_sampled_by_the_weights_it_started_with(broker: Broker) -> None:
    name = new_run()
    where: Dict[str, Any] = {"domains": ["web", "code"], "policy": "doremi", "brokers": broker.addresses}
    data = {"web": range(100), "code": range(100)}
    with mixdesk.start(name, weights=[6, 2], **where) as run:
        assert run.start_weights == run.mixture.weights == (0.75, 0.25)
        broker.command(name, 1, [0.1, 0.9], meaning="lossMultiplier")
        until("mixture 1", lambda: run.boundary(0).version == 1)
        assert run.start_weights == (0.75, 0.25)
        batch = next(iter(run.loader(data, 8)))
        assert (Counter(batch.domains), batch.mixture_version) == ({0: 6, 1: 2}, 1)
        run.log(0, losses=[1.0, 1.0], tokens=[1, 1])
        state = run.state_dict()
    with mixdesk.start(name, weights=[6, 2], state={**state, "samplers": {}}, **where) as run:
        assert (run.mixture.meaning, run.start_weights) == ("lossMultiplier", (0.75, 0.25))
        assert Counter(next(iter(run.loader(data, 8))).domains) == {0: 6, 1: 2}
    with mixdesk.start(new_run(), **where) as run:
        assert run.start_weights == (0.5, 0.5)
