"""MosaicML Streaming: the proportions of an epoch are those of the mixture, in exact counts; a state goes on in the middle of one."""

import json
import random
import shutil
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Sequence, Tuple

import pytest
from adapter_support import Planned, counts, send, start
from streaming import MDSWriter, Stream, StreamingDataLoader, StreamingDataset
from streaming.base.util import clean_stale_shared_memory
from support import Broker

import mixdesk
from mixdesk.adapters.streaming import EpochMixture

SIZES = (40, 30, 20)
pytestmark = pytest.mark.filterwarnings("ignore:This DataLoader will create")  # on a machine with one core


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three streams in MDS format, several shards each."""
    folder = tmp_path_factory.mktemp("mds")
    for stream, size in enumerate(SIZES):
        with MDSWriter(out=str(folder / f"d{stream}"), columns={"domain": "int", "number": "int"}, size_limit=256) as out:
            for number in range(size):
                out.write({"domain": stream, "number": number})
    return folder


@pytest.fixture(autouse=True)
def shared_memory() -> Iterator[None]:
    """The library keeps what processes share by name; each test begins without what the last one left."""
    clean_stale_shared_memory()
    yield
    clean_stale_shared_memory()


def dataset(written: Path, streams: int = 3, epoch_size: int = 24, **options: Any) -> StreamingDataset:
    settings: Dict[str, Any] = {"batch_size": 4, "shuffle": True, "shuffle_seed": 5, **options}
    listed = [Stream(local=str(written / f"d{i}"), proportion=1 / streams) for i in range(streams)]
    return StreamingDataset(streams=listed, epoch_size=epoch_size, **settings)


def loader(data: StreamingDataset, workers: int = 0) -> StreamingDataLoader:
    return StreamingDataLoader(data, batch_size=4, num_workers=workers)


def planned(*plan: Sequence[float], every: int = 6) -> Planned:
    return Planned([f"d{i}" for i in range(len(plan[0]))], {every * epoch: weights for epoch, weights in enumerate(plan)})


def drawn(batches: Any) -> List[int]:
    return [domain for batch in batches for domain in batch["domain"].tolist()]


def through_json(state: Any) -> Any:
    return json.loads(json.dumps(state))


PLAN = ([1 / 3, 1 / 3, 1 / 3], [0.5, 0.25, 0.25], [0.0, 0.75, 0.25], [1.0, 0.0, 0.0])


@pytest.mark.parametrize("workers", [0, 2])
def test_each_epoch_has_the_counts_of_its_mixture(written: Path, workers: int) -> None:
    run = planned(*PLAN)
    data = dataset(written)
    batches = loader(data, workers)
    epochs = EpochMixture(run, batches)
    for epoch, weights in enumerate(PLAN):
        assert epochs.at_epoch(6 * epoch).version == epoch
        asked = tuple(round(24 * weight) for weight in weights)
        assert tuple(epochs.counts or ()) == asked
        assert counts(drawn(batches), 3) == asked
    assert run.boundaries == [0, 6, 12, 18]


def test_a_mixture_in_the_middle_of_an_epoch_waits_for_the_next_one(written: Path) -> None:
    run = planned([0.5, 0.5])
    data = dataset(written, streams=2)
    batches = loader(data)
    epochs = EpochMixture(run, batches)
    epochs.at_epoch(0)
    iterator = iter(batches)
    first = [next(iterator) for _ in range(2)]
    run.set([1.0, 0.0])
    assert counts(drawn(first) + drawn(iterator), 2) == (12, 12)
    epochs.at_epoch(6)
    assert counts(drawn(batches), 2) == (24, 0)


def test_totals_stay_next_to_what_was_asked_over_many_small_epochs(written: Path) -> None:
    data = dataset(written)
    for seed in range(20):
        rng = random.Random(seed)
        data.epoch_size = rng.randint(3, 11)
        run = planned([1 / 3, 1 / 3, 1 / 3])
        epochs = EpochMixture(run, data)
        asked, given = [0.0] * 3, [0] * 3
        for epoch in range(60):
            shares = [rng.random() + 0.02 for _ in range(3)]
            run.set([share / sum(shares) for share in shares])
            epochs.at_epoch(epoch)
            made = epochs.counts or []
            assert sum(made) == data.epoch_size
            assert min(made) >= 0
            asked = [total + data.epoch_size * weight for total, weight in zip(asked, run.mixture.weights)]
            given = [total + count for total, count in zip(given, made)]
            assert max(abs(a - g) for a, g in zip(asked, given)) <= 1, f"seed {seed}, epoch {epoch}"


def test_the_streams_may_stand_in_another_order(written: Path) -> None:
    data = dataset(written, streams=2)
    run = Planned(["books", "web"], {0: [0.25, 0.75]})
    epochs = EpochMixture(run, data, domains=["web", "books"])
    epochs.at_epoch(0)
    assert counts(drawn(loader(data)), 2) == (18, 6)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_state_goes_on_in_the_middle_of_an_epoch(written: Path, tmp_path: Path, workers: int) -> None:
    """In a new process the dataset is made anew, with the proportions of its construction; so it is here, from a copy of the files."""
    run = planned(*PLAN)
    data = dataset(written)
    batches = loader(data, workers)
    epochs = EpochMixture(run, batches)
    seen: List[Any] = []
    saved: List[Any] = []
    for epoch in range(4):
        epochs.at_epoch(6 * epoch)
        for number, batch in enumerate(batches):
            seen.append((batch["domain"].tolist(), batch["number"].tolist()))
            if (epoch, number) == (1, 2):
                saved.append(through_json({"data": batches.state_dict(), "epochs": epochs.state_dict()}))
    del batches, data
    clean_stale_shared_memory()

    copied = tmp_path / "copied"
    shutil.copytree(written, copied)
    run = planned(*PLAN)
    run.boundary(6)
    data = dataset(copied)
    again = loader(data, workers)
    epochs = EpochMixture(run, again)
    epochs.load_state_dict(saved[0]["epochs"])
    again.load_state_dict(saved[0]["data"])
    later: List[Any] = []
    for epoch in range(1, 4):
        epochs.at_epoch(6 * epoch)
        later += [(batch["domain"].tolist(), batch["number"].tolist()) for batch in again]
    assert later == seen[6 + 3 :]


def test_the_library_itself_keeps_no_proportions(written: Path) -> None:
    """What its own state lacks, and why `EpochMixture` has one. Were this to change, docs/adapters.md should."""
    data = dataset(written, streams=2)
    assert set(data.state_dict(0, False)) == {"epoch", "sample_in_epoch", "num_canonical_nodes", "shuffle_seed", "initial_physical_nodes"}


@pytest.mark.parametrize("method", ["stratified", "per_stream", "device_per_stream"])
def test_a_mixture_that_a_batching_method_cannot_serve_is_refused(written: Path, method: str) -> None:
    run = planned([0.5, 0.5], [0.9375, 0.0625])
    data = dataset(written, streams=2, epoch_size=32, batching_method=method)
    batches = loader(data)
    epochs = EpochMixture(run, batches)
    assert epochs.at_epoch(0).version == 0
    before = counts(drawn(batches), 2)
    assert epochs.at_epoch(6).version == 0
    assert f"the batching method {method} of MosaicML Streaming needs" in run.refused[1]
    assert counts(drawn(batches), 2) == before


@pytest.mark.parametrize("method", ["stratified", "per_stream", "device_per_stream"])
@pytest.mark.parametrize("workers", [0, 2])
def test_what_is_not_refused_makes_an_epoch(written: Path, method: str, workers: int) -> None:
    data = dataset(written, streams=2, epoch_size=32, batching_method=method)
    batches = loader(data, workers)
    for number in range(1, 32):
        run = planned([0.5, 0.5], [number / 32, 1 - number / 32])
        epochs = EpochMixture(run, batches)
        epochs.at_epoch(6)
        assert set(drawn(batches)) == {0, 1}, (method, number, run.refused)
        assert bool(run.refused) == (min(number, 32 - number) < (8 if method == "stratified" else 4)), number


def test_a_real_run_hears_of_its_epochs(broker: Broker, written: Path) -> None:
    with start(broker, ["d0", "d1"]) as run:
        send(broker, run, 1, [0.25, 0.75], from_step=3)
        data = dataset(written, streams=2)
        batches = loader(data)
        epochs = EpochMixture(run, batches)
        step = 0
        for _ in range(2):
            epochs.at_epoch(step)
            for batch in batches:
                tokens = list(counts(batch["domain"].tolist(), 2))
                run.log(step, losses=[1.0, 1.0], tokens=tokens)
                step += 1
    reports = [event.data for event in broker.events(run.name, "losses.measured")]
    assert [report["mixtureVersion"] for report in reports] == [0] * 6 + [1] * 6
    assert [sum(report["tokens"][0] for report in reports[half]) for half in (slice(0, 6), slice(6, 12))] == [12, 6]
    assert [event.data["step"] for event in broker.events(run.name, "mixture.applied")] == [6]


def test_wrong_arguments_are_named(written: Path) -> None:
    data = dataset(written, streams=2)
    cases: List[Tuple[str, Callable[[], object]]] = [
        ("data", lambda: EpochMixture(planned([0.5, 0.5]), [1, 2])),
        ("data", lambda: EpochMixture(planned([0.5, 0.5]), StreamingDataLoader(data, batch_size=4, num_workers=1, persistent_workers=True))),
        ("domains", lambda: EpochMixture(planned([0.5, 0.25, 0.25]), data)),
        ("domains", lambda: EpochMixture(planned([0.5, 0.5]), data, domains=["d0", "d0"])),
    ]
    for argument, make in cases:
        with pytest.raises(mixdesk.ArgumentError) as error:
            make()
        assert error.value.argument == argument
    other = EpochMixture(planned([0.5, 0.5]), data)
    other.at_epoch(0)
    state = other.state_dict()
    smaller = EpochMixture(planned([0.5, 0.5]), dataset(written, streams=2, epoch_size=8))
    with pytest.raises(mixdesk.ArgumentError, match="state"):
        smaller.load_state_dict(state)
