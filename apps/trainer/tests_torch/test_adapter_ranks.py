"""A Trainer on two ranks (gloo): they share the rows, switch at the same step, and go on exactly after a crash."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List

from support import Broker, kept_port, new_run

HERE = Path(__file__).resolve().parent
STEPS = 10


def train(broker: Broker, run: str, folder: Path, crash: int = 0, resume: bool = False) -> List[Dict[str, Any]]:
    """Two processes, as torchrun starts them; what each told of itself, or nothing after a crash."""
    port = kept_port()
    processes = []
    for rank in range(2):
        place = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": 2, "LOCAL_WORLD_SIZE": 2, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
        paths = [str(HERE.parent / "tests"), str(HERE), os.environ.get("PYTHONPATH", "")]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), **{key: str(value) for key, value in place.items()}}
        words = [run, broker.addresses, str(folder), str(STEPS), str(crash), str(int(resume))]
        processes.append(subprocess.Popen([sys.executable, str(HERE / "adapter_ranks_training.py"), *words], env=environment))
    codes = []
    for process in processes:
        try:
            codes.append(process.wait(600))
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    assert codes == ([3, 3] if crash else [0, 0])
    return [] if crash else [json.loads((folder / f"told-{rank}.json").read_text()) for rank in range(2)]


def evidence(broker: Broker, run: str, attempt: int) -> Dict[Any, Any]:
    events = [event.data for event in broker.events(run, "losses.measured") if event.data["attempt"] == attempt]
    return {(e["step"], e["rank"]): (e["mixtureVersion"], e["tokens"], e["lossSum"], e["sequences"]) for e in events}


def test_two_ranks_train_as_one_and_go_on_after_a_crash(broker: Broker, tmp_path: Path) -> None:
    whole, broken = new_run(), new_run()
    for run in (whole, broken):
        broker.command(run, 1, [0.25, 0.75], fromStep=5)
    told = train(broker, whole, tmp_path / "whole")

    reported = evidence(broker, whole, 1)
    assert set(reported) == {(step, rank) for step in range(STEPS) for rank in range(2)}
    assert [event.data["step"] for event in broker.events(whole, "mixture.applied")] == [5, 5]
    for step in range(STEPS):
        both = [reported[step, rank] for rank in range(2)]
        assert [version for version, *_ in both] == [int(step >= 5)] * 2
        drawn = [sum(sequences[index] for *_, sequences in both) for index in range(2)]
        assert sum(drawn) == 12
        assert abs(drawn[0] - 12 * (0.25 if step >= 5 else 0.5)) <= 1
    numbers = [number for one in told for batch in one["seen"] for number in batch]
    assert len(numbers) == 12 * STEPS
    assert all(numbers.count(number) <= 2 for number in numbers), "a row of a domain came twice in its first pass"
    assert told[0]["weights"] == told[1]["weights"]

    train(broker, broken, tmp_path / "broken", crash=7)
    rest = train(broker, broken, tmp_path / "broken", resume=True)
    assert [one["weights"] for one in rest] == [one["weights"][4:] for one in told]
    assert evidence(broker, broken, 2) == {key: value for key, value in reported.items() if key[0] >= 4}
