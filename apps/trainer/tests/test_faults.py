"""What may go wrong around a training run, on real engines: it goes on or stops as the client promises, every observation is in
the history exactly once, and the decisions are those of an undisturbed run."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Tuple

import pytest
from server import Server
from steady_trainer import DOMAINS, losses, tokens
from support import new_run, until

import mixdesk

TRAINER = Path(__file__).with_name("steady_trainer.py")
STEPS = 200

Weights = Dict[int, Tuple[List[float], int]]


class Trainer:
    """A process that trains; it may be killed."""

    def __init__(self, server: Server, run: str, log: Path, under: Optional[List[str]] = None, **options: Any) -> None:
        given = {"run": run, "brokers": server.brokers, "steps": STEPS, **options}
        self._log = log
        with log.open("w") as out, log.with_suffix(".err").open("w") as complaints:
            command = [*(under or []), sys.executable, str(TRAINER), json.dumps(given)]
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=out, stderr=complaints)

    def said(self) -> List[Dict[str, Any]]:
        return [json.loads(line) for line in self._log.read_text().splitlines(keepends=True) if line.endswith("\n")]

    def warned(self) -> str:
        return self._log.with_suffix(".err").read_text()

    def at(self, step: int) -> None:
        """Waits until it has done a step."""

        def reached() -> bool:
            assert self._process.poll() is None or self._process.returncode == 0, self.warned()
            return any(line.get("step", -1) >= step for line in self.said())

        until(f"step {step}", reached, 120)

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.communicate(timeout=120)

    def ends(self) -> List[Dict[str, Any]]:
        """Lets it go on where it stays, and waits until it is done."""
        self._process.communicate(timeout=400)
        assert self._process.returncode == 0, self.warned()
        return self.said()


@pytest.fixture
def trainers(tmp_path: Path, server: Server) -> Iterator[Any]:
    started: List[Trainer] = []

    def start(run: str, **options: Any) -> Trainer:
        started.append(Trainer(server, run, tmp_path / f"trainer-{len(started)}.log", **options))
        return started[-1]

    yield start
    for trainer in started:
        with contextlib.suppress(ProcessLookupError):
            trainer.kill()


def decided(server: Server, run: str) -> Weights:
    """Weights and number of observations behind them, by the step that led to them."""
    found = {}
    for fact in server.decisions(run, "MixtureDecided"):
        data = fact["data"]
        if data["step"] >= 0:
            found[data["step"]] = (data["weights"], data["evidence"]["observations"])
    return found


@pytest.fixture(scope="module")
def undisturbed(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Dict[int, Weights]:
    """The decisions of runs to which nothing happens, by their number of ranks."""
    found = {}
    for ranks in (1, 3):
        run = new_run()
        folder = tmp_path_factory.mktemp(f"undisturbed-{ranks}")
        started = [Trainer(server, run, folder / f"rank-{rank}.log", rank=rank, ranks=ranks, pace=0.002) for rank in range(ranks)]
        for trainer in reversed(started):
            trainer.ends()
        until("all is decided", lambda run=run: STEPS - 1 in decided(server, run), 180)  # type: ignore[misc]
        found[ranks] = decided(server, run)
        assert sorted(found[ranks]) == list(range(9, STEPS, 10))
    return found


def exactly_once(server: Server, run: str, steps: int = STEPS, ranks: int = 1) -> None:
    """Every observation that was reported is in the history, once, with its numbers."""
    expected = sorted((step, rank, tokens(step, rank), losses(step, rank)) for step in range(steps) for rank in range(ranks))
    query = f"SELECT step, rank, tokens, loss_sum FROM observations FINAL WHERE run = '{run}' ORDER BY step, rank"
    until("the history has it all", lambda: len(server.sql(query)) >= len(expected), 180)
    rows = [(int(step), int(rank), [int(count) for count in counted], summed) for step, rank, counted, summed in server.sql(query)]
    assert rows == expected


def equals(server: Server, run: str, expected: Weights) -> None:
    until("all is decided", lambda: max(expected) in decided(server, run), 180)
    assert decided(server, run) == expected


def training_went_on(said: List[Dict[str, Any]], first: int = 0) -> None:
    steps = [line for line in said if "step" in line]
    assert [line["step"] for line in steps] == list(range(first, STEPS))
    # A call that waited for the broker or the server would go on for as long as they are away: they come back only after later steps.
    # Nor does any wait for an answer: at most a few took a second, where all of the machine stood still meanwhile.
    assert sum(line["kept"] > 1.0 for line in steps) < 10, sorted(line["kept"] for line in steps)[-10:]
    assert said[-1]["stats"]["dropped"] == 0


def test_the_broker_is_killed_and_comes_back(server: Server, trainers: Any, undisturbed: Dict[int, Weights]) -> None:
    run = new_run()
    trainer = trainers(run)
    trainer.at(60)
    server.kill_broker()
    trainer.at(130)
    server.start_broker()
    training_went_on(trainer.ends())
    equals(server, run, undisturbed[1])
    exactly_once(server, run)


@pytest.mark.parametrize("transport", ["kafka", "http"])
def test_the_server_is_killed_and_comes_back(server: Server, trainers: Any, undisturbed: Dict[int, Weights], transport: str) -> None:
    run = new_run()
    trainer = trainers(run, **({"brokers": None, "url": server.url} if transport == "http" else {}))
    trainer.at(70)
    server.kill()
    trainer.at(120)
    server.start()
    training_went_on(trainer.ends())
    equals(server, run, undisturbed[1])
    exactly_once(server, run)


def test_broker_and_server_are_away_for_the_whole_run_and_the_spool_is_sent_by_the_next(
    server: Server, trainers: Any, undisturbed: Dict[int, Weights], spool: Path
) -> None:
    run = new_run()
    nobody = trainers(run, brokers="127.0.0.1:1", wait=0.5, pace=0.001)
    said = nobody.ends()
    training_went_on(said)
    assert said[-1]["stats"]["acknowledged"] == 0
    assert "mixdesk upload" in nobody.warned()
    files = [str(file) for file in spool.rglob("*.jsonl*")]
    upload = [sys.executable, "-m", "mixdesk", "upload", *files, "--brokers", server.brokers]
    done = subprocess.run(upload, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stderr
    equals(server, run, undisturbed[1])
    exactly_once(server, run)


def test_the_disk_of_the_spool_is_full(server: Server, trainers: Any, undisturbed: Dict[int, Weights], spool: Path) -> None:
    run = new_run()
    spool.mkdir()
    mounted = shutil.which("mount") is not None and os.geteuid() == 0
    if mounted:
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(spool)], capture_output=True, check=False).returncode == 0
    # Where no small disk may be mounted, a limit on the size of files stands for it.
    limited = [] if mounted else ["bash", "-c", 'ulimit -f 16; exec "$@"', "limited"]
    try:
        trainer = trainers(run, under=limited)
        trainer.at(40)
        server.kill_broker()
        trainer.at(150)
        server.start_broker()
        training_went_on(trainer.ends())
    finally:
        if mounted:
            subprocess.run(["umount", str(spool)], check=True)
    equals(server, run, undisturbed[1])
    exactly_once(server, run)


def test_the_clock_jumps(server: Server, trainers: Any, undisturbed: Dict[int, Weights]) -> None:
    run = new_run()
    training_went_on(trainers(run, jump=7200.0).ends())
    equals(server, run, undisturbed[1])
    exactly_once(server, run)
    spans = server.sql(f"SELECT max(time_ms) - min(time_ms) FROM observations FINAL WHERE run = '{run}'")
    assert int(spans[0][0]) > 7_000_000, "the clock should have jumped"


def test_a_rank_dies_and_rejoins_from_its_last_checkpoint(server: Server, trainers: Any, undisturbed: Dict[int, Weights]) -> None:
    run = new_run()
    ranks = [trainers(run, rank=rank, ranks=3, stay=80 if rank == 2 else None) for rank in range(3)]
    # It may have told more by then, but nothing of before its checkpoint is lost with it.
    told = f"SELECT uniqExact(step) FROM observations WHERE run = '{run}' AND rank = 2 AND step < 60"
    until("the steps before its checkpoint are told", lambda: server.sql(told) == [[60]])
    ranks[2].kill()
    ranks[0].at(110)
    # It tells some steps again, which count once, and those that it had no time to tell.
    again = trainers(run, rank=2, ranks=3, first=60, pace=0.005)
    training_went_on(again.ends(), first=60)
    for trainer in (ranks[1], ranks[0]):
        training_went_on(trainer.ends())
    equals(server, run, undisturbed[3])
    exactly_once(server, run, ranks=3)


def test_a_rank_is_slower_than_the_others(server: Server, trainers: Any, undisturbed: Dict[int, Weights]) -> None:
    run = new_run()
    ranks = [trainers(run, rank=rank, ranks=3, pace=0.015, slow=0.08 if rank == 1 else 0.0) for rank in range(3)]
    for trainer in reversed(ranks):
        training_went_on(trainer.ends())
    equals(server, run, undisturbed[3])
    exactly_once(server, run, ranks=3)


def test_a_second_trainer_with_the_same_run_is_told_and_stops(server: Server, trainers: Any, undisturbed: Dict[int, Weights]) -> None:
    run = new_run()
    first = trainers(run, stay=50)
    server.until_step(run, 49)
    second = trainers(run, pace=0.05, steps=5_000)
    said = second.ends()
    assert any(line.get("rejected") for line in said), said[-3:]
    assert len(said) < 5_000, "the second should have stopped"
    assert run in second.warned()
    training_went_on(first.ends())
    equals(server, run, undisturbed[1])
    exactly_once(server, run)


def test_killed_and_resumed_from_a_checkpoint(server: Server, trainers: Any, undisturbed: Dict[int, Weights]) -> None:
    """Compared to the bit with an unbroken run that follows its mixtures: test_resume.py. Here nothing waits for anybody."""
    run = new_run()
    first = trainers(run, stay=90)
    first.at(90)
    server.until_step(run, 59, timeout=180)
    first.kill()
    # What a checkpoint after step 59 held.
    with mixdesk.start(run, domains=DOMAINS, policy="doremi", file=os.devnull) as saved:
        state = saved.state_dict(step=59)
    again = trainers(run, first=60, state=state)
    training_went_on(again.ends(), first=60)
    until("all is decided", lambda: STEPS - 1 in decided(server, run), 180)
    assert (server.run(run) or {})["attempt"] == 2
    found = decided(server, run)
    assert {step: found[step][0] for step in undisturbed[1]} == {step: weights for step, (weights, _) in undisturbed[1].items()}
