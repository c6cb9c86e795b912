"""Samplers under PyTorch's own `DataLoader`: workers, prefetching, and going on after a crash."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Dict, List, Optional, Tuple, cast

import pytest
import torch
from sampled_training import DOMAINS, SIZES, datasets
from samplers_support import Source, some_weights, through_json
from torch.utils.data import ConcatDataset, DataLoader, Dataset, default_collate

from mixdesk.samplers import Loader, MixtureSampler

torch.set_num_threads(1)

STEPS = 40


def source() -> Source:
    return Source(DOMAINS, (0.5, 0.3, 0.2))


def loader_of(
    sampler: "MixtureSampler[Any]", dataset: "ConcatDataset[int]", workers: int, batch_size: int = 4, persistent: bool = False
) -> "DataLoader[Any]":
    options: Dict[str, Any] = {"num_workers": workers, "persistent_workers": persistent}
    if workers:
        options["prefetch_factor"] = 3
    if sampler.batch_size is None:
        options.update(batch_size=batch_size, sampler=sampler)
    else:
        options["batch_sampler"] = sampler
    return DataLoader(cast("Dataset[Any]", dataset), **options)


def numbers(batch: "torch.Tensor") -> List[int]:
    listed: List[int] = batch.tolist()
    return listed


def trained(
    sampler: "MixtureSampler[Any]", given: Any, plan: Dict[int, Tuple[float, ...]], workers: int, first: int = 0
) -> Tuple[List[List[int]], List[int], List[Any]]:
    """The batches, the versions and the states of steps `first` to 39, with the mixture changed after the steps of the plan."""
    batches, versions, states = [], [], []
    for step, batch in enumerate(sampler.track(loader_of(sampler, datasets(), workers)), first):
        batches.append(numbers(batch))
        versions.append(sampler.version)
        states.append((through_json(sampler.state_dict()), given.mixture))
        if step in plan:
            given.set(plan[step])
        if step + 1 == STEPS:
            break
    return batches, versions, states


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("batch_size", [None, 4])
@pytest.mark.parametrize("schedule", ["stride", "multinomial"])
def test_a_state_saved_in_any_step_goes_on_identically(workers: int, batch_size: Optional[int], schedule: str) -> None:
    rng = random.Random(workers)
    plan = {step: some_weights(rng, 3) for step in range(STEPS) if rng.random() < 0.4}
    given = source()
    sampler = MixtureSampler(given, datasets(), schedule=schedule, seed=1, batch_size=batch_size)
    batches, versions, states = trained(sampler, given, plan, workers)
    assert len(batches) == STEPS
    assert len(set(versions)) > 5
    places = [0, 17, 38] if workers else list(range(0, STEPS - 1, 3))
    for place in places:
        later = source()
        restored = MixtureSampler(later, datasets(), schedule=schedule, seed=1, batch_size=batch_size)
        restored.load_state_dict(states[place][0])
        later.mixture = states[place][1]
        if place in plan:
            later.set(plan[place])
        rest, rest_versions, _ = trained(restored, later, plan, workers, place + 1)
        assert rest == batches[place + 1 :], f"from step {place}"
        assert rest_versions == versions[place + 1 :], f"from step {place}"


def test_workers_deliver_what_the_sampler_drew_and_a_change_waits_behind_what_is_prefetched() -> None:
    given = source()
    sampler = MixtureSampler(given, datasets(), batch_size=5, seed=2)
    alone = MixtureSampler(source(), datasets(), batch_size=5, seed=2)
    dataset = datasets()
    drawn = iter(alone)
    for step, batch in enumerate(sampler.track(loader_of(sampler, dataset, 2))):
        if step < 6 + 4:  # two workers with three batches each were drawn before the change
            assert numbers(batch) == [dataset[index] for index in next(drawn)]
            assert sampler.version == 0
        else:
            assert all(number >= 2000 for number in numbers(batch))
            assert sampler.version == 1
            assert sampler.version_of(step) == 1
        if step == 3:
            given.set((0.0, 0.0, 1.0))
        if step == 20:
            break


@pytest.mark.parametrize("persistent", [False, True])
@pytest.mark.parametrize("batch_size", [None, 4])
def test_passes_have_a_length_and_a_broken_one_is_continued(batch_size: Optional[int], persistent: bool) -> None:
    straight = MixtureSampler(source(), datasets(), batch_size=batch_size, seed=4)
    flat: List[int] = []
    dataset = datasets()
    for item in straight:
        indices: Any = item
        flat += [dataset[index] for index in (indices if isinstance(indices, list) else [indices])]
        if len(flat) >= 400:
            break
    sampler = MixtureSampler(source(), dataset, batch_size=batch_size, seed=4, epochs=1)
    loader = loader_of(sampler, dataset, 2, persistent=persistent)
    assert len(loader) == sum(SIZES) // 4
    seen: List[int] = []
    for broken_after in (5, None, 9, None, None):
        for number, batch in enumerate(sampler.track(loader), 1):
            seen += numbers(batch)
            if number == broken_after:
                break
    assert len(seen) == 3 * (sum(SIZES) // 4) * 4
    assert seen == flat[: len(seen)]


def test_the_loader_gives_tensors_where_it_is_told_to() -> None:
    loader = Loader(source(), list(datasets().datasets), 10, default_collate, steps=3)
    for batch in loader:
        assert isinstance(batch.samples, torch.Tensor)
        assert (batch.samples // 1000).tolist() == batch.domains
        counts = torch.bincount(torch.tensor(batch.domains), minlength=3)
        assert counts.tolist() == [5, 3, 2]


def test_a_killed_trainer_goes_on_where_its_checkpoint_stands(tmp_path: Path) -> None:
    """Killed twice with workers in flight: the steps that count are those of a trainer that nothing happened to."""
    script = str(Path(__file__).with_name("sampled_training.py"))

    def lines(checkpoint: Path, kill_after: Optional[int]) -> List[str]:
        got: List[str] = []
        command = [sys.executable, script, str(checkpoint), "30", *([] if kill_after is None else [str(kill_after)])]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=dict(os.environ, OMP_NUM_THREADS="1")
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                got.append(line.strip())
                if kill_after is not None and int(line.split()[0]) == kill_after:
                    process.send_signal(signal.SIGKILL)
                    break
            process.stdout.close()
            code = process.wait(400)
        assert code == (0 if kill_after is None else -signal.SIGKILL)
        return got

    undisturbed = lines(tmp_path / "a.pt", None)
    assert [int(line.split()[0]) for line in undisturbed] == list(range(30))
    assert len({line.split()[1] for line in undisturbed}) > 5
    by_step: Dict[int, str] = {}
    for kill_after in (10, 21, None):
        for line in lines(tmp_path / "b.pt", kill_after):
            by_step[int(line.split()[0])] = line
    assert [by_step[step] for step in range(30)] == undisturbed


def test_anything_with_a_mixture_is_followed() -> None:
    given = SimpleNamespace(mixture=source().mixture)
    sampler = MixtureSampler(given, datasets(), batch_size=10)
    assert len(next(iter(sampler))) == 10
