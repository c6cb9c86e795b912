"""Hugging Face datasets: rows are drawn by the mixture, and a state goes on with the very next row, map-style or streaming."""

import itertools
import json
import random
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

import pytest
from adapter_support import Planned, counts, send, start
from datasets import Dataset, IterableDataset, IterableDatasetDict
from datasets.distributed import split_dataset_by_node
from support import Broker
from torch.utils.data import DataLoader
from torchdata.stateful_dataloader import StatefulDataLoader

import mixdesk
from mixdesk.adapters.datasets import MixtureDataset, interleave


def rows(name: str, size: int) -> List[str]:
    return [f"{name}:{k}" for k in range(size)]


def mapped(name: str, size: int) -> Dataset:
    return Dataset.from_dict({"text": rows(name, size)})


def streamed(name: str, size: int, shards: int = 1) -> IterableDataset:
    return mapped(name, size).to_iterable_dataset(num_shards=shards)


def generated(name: str, size: int) -> IterableDataset:
    def generate() -> Iterator[Dict[str, str]]:
        for text in rows(name, size):
            yield {"text": text}

    return IterableDataset.from_generator(generate)


def both(sizes: Sequence[int] = (30, 20)) -> Dict[str, Any]:
    return {"d0": mapped("d0", sizes[0]), "d1": streamed("d1", sizes[1])}


def planned(weights: Sequence[float] = (0.5, 0.5), plan: Optional[Mapping[int, Sequence[float]]] = None) -> Planned:
    return Planned([f"d{i}" for i in range(len(weights))], {0: weights, **(plan or {})})


def take(dataset: MixtureDataset, number: int) -> List[str]:
    return [row["text"] for row in itertools.islice(dataset, number)]


def through_json(state: Dict[str, Any]) -> Any:
    return json.loads(json.dumps(state))


# ---- rows ----


def test_rows_come_by_the_mixture_and_name_their_domain() -> None:
    source = planned()
    dataset = interleave(source, both())
    for weights in ([0.5, 0.5], [0.9, 0.1], [0.25, 0.75]):
        source.set(weights)
        drawn = list(itertools.islice(dataset, 200))
        assert all(row["text"].startswith(f"d{row['domain']}:") for row in drawn)
        share = counts([row["domain"] for row in drawn], 2)[0]
        assert abs(share - 200 * weights[0]) <= 1
    assert set(next(iter(interleave(source, both(), domain_column=None)))) == {"text"}
    assert "source" in next(iter(interleave(source, both(), domain_column="source")))


def test_map_style_data_has_a_new_order_in_each_pass_and_every_row_once() -> None:
    dataset = interleave(planned([1.0]), {"d0": mapped("d0", 50)}, seed=1)
    passes = [take(dataset, 50) for _ in range(3)]
    assert all(sorted(one) == sorted(rows("d0", 50)) for one in passes)
    assert len({tuple(one) for one in passes}) == 3
    assert take(interleave(planned([1.0]), {"d0": mapped("d0", 50)}, shuffle=False), 60) == rows("d0", 50) + rows("d0", 10)


@pytest.mark.parametrize("make", [streamed, generated])
def test_streams_begin_again(make: Any) -> None:
    dataset = interleave(planned([1.0]), {"d0": make("d0", 7)})
    assert take(dataset, 21) == rows("d0", 7) * 3


def test_when_it_stops() -> None:
    first = list(interleave(planned(), both([5, 40]), stopping_strategy="first_exhausted"))
    assert counts([row["domain"] for row in first], 2) in ((5, 5), (5, 6))
    once = interleave(planned([0.8, 0.2]), both([5, 9]), stopping_strategy="all_exhausted_without_replacement")
    assert sorted(row["text"] for row in once) == sorted(rows("d0", 5) + rows("d1", 9))
    assert list(once) == []


# ---- state ----


def some(rng: random.Random, shards: bool = True) -> Dict[str, Any]:
    """Datasets of all kinds: arrow files with and without shards, generators, mapped and filtered ones."""
    made: Dict[str, Any] = {}
    for i in range(rng.randint(2, 4)):
        name, size = f"d{i}", rng.randint(3, 14)
        kind = rng.randrange(5)
        if kind == 0:
            made[name] = mapped(name, size)
        elif kind == 1:
            made[name] = streamed(name, size, rng.randint(1, 3))
        elif kind == 2:
            made[name] = generated(name, size)
        elif kind == 3:
            made[name] = streamed(name, size).map(lambda row: {"text": row["text"]})
        else:
            made[name] = streamed(name, size).filter(lambda row: not row["text"].endswith("1"))
    return made


def plan_of(rng: random.Random, domains: int) -> Dict[int, Sequence[float]]:
    def weights() -> List[float]:
        shares = [rng.random() + 0.05 for _ in range(domains)]
        return [share / sum(shares) for share in shares]

    return {0: weights(), **{rng.randint(1, 15): weights() for _ in range(3)}}


def built(seed: int) -> Tuple[Planned, MixtureDataset]:
    """The same of everything for the same seed."""
    rng = random.Random(seed)
    sources = some(rng)
    run = Planned(list(sources), plan_of(rng, len(sources)))
    schedule, per_step = rng.choice(["stride", "multinomial"]), rng.randint(1, 6)
    return run, interleave(run, sources, seed=seed, schedule=schedule, samples_per_step=per_step)


def test_a_state_goes_on_with_the_very_next_row() -> None:
    for seed in range(40):
        expected = take(built(seed)[1], 120)
        cut = random.Random(seed * 7).randint(0, 90)
        run, before = built(seed)
        assert take(before, cut) == expected[:cut], f"seed {seed}"
        state = through_json(before.state_dict())
        mixture = run.mixture
        run, after = built(seed)
        run.mixture = mixture  # a run restores it
        after.load_state_dict(state)
        assert through_json(after.state_dict()) == state, f"seed {seed}: reading nothing changed the state"
        assert take(after, 120 - cut) == expected[cut:], f"seed {seed}, cut at {cut}"


def test_the_same_dataset_goes_back() -> None:
    dataset = interleave(planned(), both([6, 4]), samples_per_step=5)
    take(dataset, 13)
    state = through_json(dataset.state_dict())
    expected = take(dataset, 40)
    dataset.load_state_dict(state)
    assert take(dataset, 40) == expected
    dataset.load_state_dict(state)
    assert take(dataset, 40) == expected


def test_the_state_of_a_step_is_exact_however_far_a_loader_has_read_ahead() -> None:
    for ahead in (0, 1, 4, 25):
        plan = {2: [0.9, 0.1], 4: [0.1, 0.9]}
        dataset = interleave(planned(plan=plan), both(), samples_per_step=6, seed=5)
        expected = take(dataset, 60)

        before = interleave(planned(plan=plan), both(), samples_per_step=6, seed=5)
        take(before, 18 + ahead)  # steps 0, 1, 2 are done
        state = through_json(before.state_dict() if ahead == 0 else before.state_at(3))
        assert state == through_json(before.state_at(3))
        # The run goes on with the mixture that was in force when the checkpoint was made: of the last step read ahead.
        source = planned(plan=plan)
        source.hold(source.boundary((18 + ahead - 1) // 6))
        after = interleave(source, both(), samples_per_step=6, seed=5)
        after.load_state_dict(state)
        drawn = 18 + ahead
        assert take(after, ahead) == expected[18:drawn], f"{ahead} rows ahead"


def test_the_version_of_rows_that_are_read_again_is_the_one_they_were_drawn_by() -> None:
    plan = {4: [0.9, 0.1]}
    dataset = interleave(planned(plan=plan), both(), samples_per_step=6)
    take(dataset, 30)
    state = through_json(dataset.state_at(3))
    source = planned()
    source.hold(mixdesk.Mixture(1, (0.9, 0.1), source.domains))
    again = interleave(source, both(), samples_per_step=6)
    again.load_state_dict(state)
    take(again, 12)
    assert [again.version_at(step) for step in (3, 4)] == [0, 1]


def test_a_shuffle_buffer_is_what_cannot_be_restored() -> None:
    def make() -> MixtureDataset:
        return interleave(planned([1.0]), {"d0": streamed("d0", 200).shuffle(seed=1, buffer_size=50)})

    expected = take(make(), 200)
    before = make()
    take(before, 60)
    after = make()
    after.load_state_dict(through_json(before.state_dict()))
    later = take(after, 200 - 60)
    assert later != expected[60:], "datasets keeps shuffle buffers by now: say so in docs/adapters.md"


# ---- loaders ----


@pytest.mark.filterwarnings("ignore:'set_vital' is deprecated:UserWarning")  # torchdata 0.11 with torch 2.15
def test_a_data_loader_and_a_stateful_one() -> None:
    def make() -> MixtureDataset:
        return interleave(planned(plan={3: [0.9, 0.1]}), both(), samples_per_step=4)

    expected = [batch["text"] for batch in itertools.islice(DataLoader(make(), batch_size=4), 12)]
    stateful: Any = StatefulDataLoader(make(), batch_size=4)
    batches = iter(stateful)
    assert [next(batches)["text"] for _ in range(5)] == expected[:5]
    state = through_json(stateful.state_dict())
    again: Any = StatefulDataLoader(make(), batch_size=4)
    again.load_state_dict(state)
    assert [batch["text"] for batch in itertools.islice(again, 7)] == expected[5:]


def test_a_worker_process_is_told_that_it_has_no_run() -> None:
    loader = DataLoader(interleave(planned(), both()), batch_size=4, num_workers=1)
    with pytest.raises(mixdesk.MixdeskError, match="num_workers=0"):
        next(iter(loader))


def test_ranks_share_one_order() -> None:
    sizes = (24, 16)
    alone = take(interleave(planned([0.75, 0.25]), {"d0": mapped("d0", sizes[0]), "d1": mapped("d1", sizes[1])}, seed=2), 32)
    parts = []
    for rank in range(2):
        sources = {"d0": mapped("d0", sizes[0]), "d1": mapped("d1", sizes[1])}
        parts.append(take(interleave(planned([0.75, 0.25]), sources, seed=2, rank=rank, ranks=2), 16))
    assert sorted(parts[0] + parts[1]) == sorted(alone)
    streams = []
    for rank in range(2):
        source = split_dataset_by_node(streamed("d0", 20, 2), rank=rank, world_size=2)
        streams.append(take(interleave(planned([1.0]), {"d0": source}, rank=rank, ranks=2), 10))
    assert sorted(streams[0] + streams[1]) == sorted(rows("d0", 20))


def test_a_real_run_takes_its_mixture_at_the_step(broker: Broker) -> None:
    with start(broker, ["d0", "d1"]) as run:
        send(broker, run, 1, [0.25, 0.75], from_step=2)
        dataset = interleave(run, both(), samples_per_step=8)
        for step, batch in zip(range(4), DataLoader(dataset, batch_size=8)):
            drawn = counts(batch["domain"].tolist(), 2)
            assert drawn == ((4, 4) if step < 2 else (2, 6))
            run.log(step, losses=[1.0, 1.0], tokens=list(drawn), mixture_version=dataset.version_at(step))
    assert [event.data["mixtureVersion"] for event in broker.events(run.name, "losses.measured")] == [0, 0, 1, 1]


# ---- arguments ----


def test_wrong_arguments_are_named() -> None:
    twice = mapped("d0", 3)
    cases: List[Tuple[str, Callable[[], object]]] = [
        ("datasets", lambda: interleave(planned(), {"d0": mapped("d0", 3)})),
        ("datasets", lambda: interleave(planned(), {"d0": twice, "d1": twice})),
        ("datasets", lambda: interleave(planned(), {"d0": twice, "d1": rows("d1", 3)})),
        ("datasets", lambda: interleave(planned(), {"d0": twice, "d1": IterableDatasetDict()})),
        ("domain_column", lambda: interleave(planned(), both(), domain_column="text")),
        ("stopping_strategy", lambda: interleave(planned(), both(), stopping_strategy="never")),
        ("samples_per_step", lambda: interleave(planned(), both(), samples_per_step=-1)),
        ("step", lambda: interleave(planned(), both()).state_at(0)),
    ]
    for argument, make in cases:
        with pytest.raises(mixdesk.ArgumentError) as error:
            make()
        assert error.value.argument == argument
    dataset = interleave(planned(), both())
    take(dataset, 1)
    with pytest.raises(mixdesk.ArgumentError, match="samples_per_step"):
        dataset.samples_per_step = 3
    other = interleave(planned(), both([31, 20]))
    with pytest.raises(mixdesk.ArgumentError, match="state"):
        other.load_state_dict(dataset.state_dict())
