"""Four processes over gloo switch at the same step, whenever a command comes, however slow one of them is, and after a resume."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Dict, List, Tuple

import pytest
from support import Broker, new_run, until

RANK = Path(__file__).with_name("rank_of_gloo.py")
RANKS = 4


class Processes:
    """Four ranks under torchrun; none of them outlives the block."""

    def __init__(self, broker: Broker, run: str, folder: Path, **options: Any) -> None:
        given = json.dumps({"run": run, "brokers": broker.addresses, "folder": str(folder), **options})
        command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", str(RANKS), str(RANK), given]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(RANK.parents[1] / "tests"), os.environ.get("PYTHONPATH", "")])}
        self._torchrun = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)

    def __enter__(self) -> "Processes":
        assert self._torchrun.stdout is not None
        if not self._torchrun.stdout.readline():  # all ranks are past their first boundary
            self.end()
        return self

    def end(self) -> None:
        _, errors = self._torchrun.communicate(timeout=600)
        assert self._torchrun.returncode == 0, errors[-6000:]

    def __exit__(self, *_: object) -> None:
        if self._torchrun.poll() is None:
            os.killpg(self._torchrun.pid, signal.SIGKILL)
            self._torchrun.communicate(timeout=120)


def drawn(folder: Path, attempt: int) -> List[Dict[str, Any]]:
    """What each rank drew by."""
    return [json.loads((folder / f"attempt-{attempt}-rank-{rank}.json").read_text()) for rank in range(RANKS)]


def switches(broker: Broker, run: str, attempt: int) -> Dict[int, List[Tuple[int, int]]]:
    """Ranks and steps that confirmed each version."""
    found: Dict[int, List[Tuple[int, int]]] = {}
    for event in broker.events(run, "mixture.applied"):
        if event.data["attempt"] == attempt:
            found.setdefault(event.data["version"], []).append((event.data["rank"], event.data["step"]))
    return found


def all_switched_together(broker: Broker, run: str, folder: Path, attempt: int, seed: int, every: int = 1) -> Dict[int, int]:
    """The step at which each version came into force, which was the same on all ranks, by their word and by their draws."""
    ranks = drawn(folder, attempt)
    assert all(rank == ranks[0] for rank in ranks), f"seed {seed}"
    steps = {}
    for version, confirmed in switches(broker, run, attempt).items():
        assert sorted(rank for rank, _ in confirmed) == list(range(RANKS)), f"seed {seed}: version {version} by {confirmed}"
        assert len({step for _, step in confirmed}) == 1, f"seed {seed}: version {version} by {confirmed}"
        steps[version] = confirmed[0][1]
        assert steps[version] % every == 0
        at = steps[version] - ranks[0]["first"]
        assert ranks[0]["drawn"][at] == version
        assert at == 0 or ranks[0]["drawn"][at - 1] < version
    return steps


def send(broker: Broker, run: str, folder: Path, versions: "range", seed: int, **fields: Any) -> None:
    """Whenever it may be, but for every third version: that one has to be in force before the next is sent, however slow the ranks are."""
    chance = random.Random(seed)
    for version in versions:
        time.sleep(chance.random() * 0.15)
        broker.command(run, version, [version / 100, 1 - version / 100], **fields)
        if version % 3 == 0:
            until(f"version {version} is in force", lambda version=version: in_force(folder) >= version)  # type: ignore[misc]


def in_force(folder: Path) -> int:
    """The newest version that rank 0 says is in force."""
    file = folder / "in-force"
    text = file.read_text() if file.exists() else ""
    return int(text) if len(text) == 4 else -1  # it may be written just now


@pytest.mark.parametrize(("slow", "every"), [(None, 1), (3, 1), (0, 4)])
def test_every_version_comes_into_force_at_one_step_on_all_ranks(broker: Broker, tmp_path: Path, slow: Any, every: int) -> None:
    run, seed = new_run(), 7
    with Processes(broker, run, tmp_path, until=20, slow=slow, every=every) as processes:
        send(broker, run, tmp_path, range(1, 21), seed)
        processes.end()
    steps = all_switched_together(broker, run, tmp_path, 1, seed, every)
    assert steps[20] == max(steps.values())
    assert len(steps) > 5
    assert [event.name for event in broker.events(run) if event.name.startswith("run.")] == ["run.started", "run.finished"]
    assert broker.events(run)[0].name == "run.started"
    reports = broker.events(run, "losses.measured")
    assert len(reports) == RANKS * len(drawn(tmp_path, 1)[0]["drawn"])


def test_ranks_resume_twice_as_one(broker: Broker, tmp_path: Path) -> None:
    run, seed = new_run(), 3
    with Processes(broker, run, tmp_path, until=6, save=5) as processes:
        until("the checkpoint", lambda: len(list(tmp_path.glob("checkpoint-*.json"))) == RANKS)
        send(broker, run, tmp_path, range(1, 7), seed)
        processes.end()
    all_switched_together(broker, run, tmp_path, 1, seed)

    # All begin with the mixture of the checkpoint: the command that lies there is of the attempt before.
    for attempt in (2, 3):
        with Processes(broker, run, tmp_path, until=10 * attempt) as processes:
            send(broker, run, tmp_path, range(10 * attempt - 5, 10 * attempt + 1), seed, attempt=attempt)
            processes.end()
        all_switched_together(broker, run, tmp_path, attempt, seed)
        assert {rank["first"] for rank in drawn(tmp_path, attempt)} == {6}
        events = broker.events(run)
        opened = next(i for i, event in enumerate(events) if event.name == "run.resumed" and event.data["attempt"] == attempt)
        assert min(i for i, event in enumerate(events) if event.data["attempt"] == attempt) == opened
        assert {rank["drawn"][0] for rank in drawn(tmp_path, attempt)} == {0}
    assert [event.data for event in broker.events(run, "run.resumed")] == [
        {"run": run, "attempt": attempt, "step": 5, "ranks": RANKS} for attempt in (2, 3)
    ]
