"""A run that is killed and goes on from its checkpoint is the run that was never killed."""

import json
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

import pytest
from resuming_trainer import DOMAINS
from server import Server
from support import new_run, until

import mixdesk

TRAINER = Path(__file__).with_name("resuming_trainer.py")
STEPS = 80


class Life(NamedTuple):
    """What one process said before it ended."""

    began: Dict[str, Any]
    steps: Dict[int, Dict[str, Any]]


def command(server: Server, run: str, folder: Path, die: Optional[Tuple[int, str]] = None, **options: Any) -> List[str]:
    reach = {} if "url" in options else {"brokers": server.brokers}
    given = {"run": run, "folder": str(folder), "steps": STEPS, "die": die, **reach, **options}
    return [sys.executable, str(TRAINER), json.dumps(given)]


def live(server: Server, run: str, folder: Path, die: Optional[Tuple[int, str]] = None, **options: Any) -> Life:
    folder.mkdir(exist_ok=True)
    done = subprocess.run(
        command(server, run, folder, die, **options), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=600, check=False
    )
    assert done.returncode == (0 if die is None else -9), done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return Life(lines[0], {line["step"]: line for line in lines[1:]})


def decided_to_the_end(server: Server, run: str) -> Dict[int, Tuple[List[float], str, str]]:
    """`decided`, once the ledger holds all that the last trainer has told: nothing waits for the decision after its last step."""
    until("its end is told", lambda: (server.run(run) or {}).get("status") == "completed")
    server.until_decided(run, STEPS - 1)
    return decided(server, run)


def decided(server: Server, run: str) -> Dict[int, Tuple[List[float], str, str]]:
    """The decisions that count: those of the newest attempt for each step, with all that explains them."""
    found: Dict[int, Tuple[List[float], str, str]] = {}
    for fact in server.decisions(run, "MixtureDecided"):
        data = fact["data"]
        if data["step"] >= 0 and "resume" not in data["because"]["parts"]:  # an attempt is given the mixture it begins with
            found[data["step"]] = (data["weights"], data["evidence"]["digest"], data["stateDigest"])
    return found


@pytest.fixture(scope="module")
def unbroken(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Tuple[Life, Dict[int, Tuple[List[float], str, str]]]:
    run = new_run()
    life = live(server, run, tmp_path_factory.mktemp("unbroken"))
    assert life.began == {"attempt": 1, "from": -1, "drawn": 0}
    assert sorted(life.steps) == list(range(STEPS))
    decisions = decided_to_the_end(server, run)
    assert sorted(decisions) == list(range(9, STEPS, 10))
    assert len({tuple(weights) for weights, _, _ in decisions.values()}) == len(decisions)
    return life, decisions


def follows(life: Life, unbroken: Life) -> None:
    for step, said in life.steps.items():
        assert (said["weights"], said["drawn"]) == (unbroken.steps[step]["weights"], unbroken.steps[step]["drawn"]), f"step {step}"


def checkpoint_before(step: int) -> int:
    return (step // 25) * 25 - 1


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_killed_at_random_steps_it_equals_an_unbroken_run(server: Server, tmp_path: Path, unbroken: Any, seed: int) -> None:
    whole, decisions = unbroken
    chance = random.Random(seed)
    deaths = [(step, chance.choice(["drawn", "logged"])) for step in sorted(chance.sample(range(26, STEPS), 4))]
    run, before = new_run(), 0
    for die in [*deaths, None]:
        life = live(server, run, tmp_path, die)
        assert life.began["from"] == (checkpoint_before(before) if before else -1), f"seed {seed}, deaths {deaths}"
        follows(life, whole)
        before = die[0] if die else before
    assert max(life.steps) == STEPS - 1
    assert life.steps[STEPS - 1]["attempt"] == len(deaths) + 1, f"seed {seed}, deaths {deaths}"
    assert decided_to_the_end(server, run) == decisions, f"seed {seed}, deaths {deaths}"


def test_twice_from_one_checkpoint_and_around_it_the_attempts_count_on(server: Server, tmp_path: Path, unbroken: Any) -> None:
    whole, decisions = unbroken
    run = new_run()
    story = [
        # where it dies, the attempt it was, the step it had begun after
        ((38, "logged"), 1, -1),
        ((42, "drawn"), 2, 24),
        ((49, "told"), 3, 24),  # the checkpoint is announced and not there
        ((49, "saved"), 4, 24),
        ((61, "logged"), 5, 49),  # the decision after 49 came after the checkpoint
        (None, 6, 49),
    ]
    for die, attempt, began in story:
        life = live(server, run, tmp_path, die)
        assert (life.began["attempt"], life.began["from"]) == (attempt, began)
        follows(life, whole)
    assert decided_to_the_end(server, run) == decisions


def test_who_dies_before_its_first_checkpoint_begins_again_under_its_name(server: Server, tmp_path: Path, unbroken: Any) -> None:
    whole, decisions = unbroken
    run = new_run()
    story = [((13, "sent"), 1, -1), ((11, "drawn"), 2, -1), ((22, "logged"), 3, -1), ((41, "logged"), 4, -1), (None, 5, 24)]
    for die, attempt, began in story:
        life = live(server, run, tmp_path, die, again=attempt > 1)
        assert (life.began["attempt"], life.began["from"]) == (attempt, began)
        follows(life, whole)
    assert decided_to_the_end(server, run) == decisions


def test_who_dies_twice_while_the_server_is_away_reports_everything_under_an_attempt_of_its_own(
    server: Server, tmp_path: Path, unbroken: Any
) -> None:
    whole, decisions = unbroken
    run = new_run()
    assert live(server, run, tmp_path, (33, "logged")).began["attempt"] == 1
    server.kill()
    try:
        # Opens attempt 2; nobody is there to say so, so that the next process takes the same number.
        assert live(server, run, tmp_path, (29, "sent")).began["attempt"] == 2
        third = subprocess.Popen(command(server, run, tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert third.stdout is not None
        seen = [json.loads(third.stdout.readline()) for _ in range(6)]  # up to step 29, where it waits for a decision
        assert (seen[0]["attempt"], seen[-1]["step"]) == (2, 29)
    finally:
        server.start()
    output, errors = third.communicate(timeout=600)
    assert third.returncode == 0, errors
    steps = {line["step"]: line for line in [*seen[1:], *map(json.loads, output.splitlines())]}
    follows(Life(seen[0], steps), whole)
    assert steps[STEPS - 1]["attempt"] == 3
    assert decided_to_the_end(server, run) == decisions


def test_over_http_it_is_the_same(server: Server, tmp_path: Path, unbroken: Any) -> None:
    whole, decisions = unbroken
    run = new_run()
    for attempt, die in enumerate([(38, "logged"), (55, "drawn"), None]):
        life = live(server, run, tmp_path, die, url=server.url)
        assert life.began["attempt"] == attempt + 1
        follows(life, whole)
    assert decided_to_the_end(server, run) == decisions


def test_of_two_trainers_with_one_name_the_second_is_told_and_changes_nothing(server: Server, tmp_path: Path, unbroken: Any) -> None:
    whole, decisions = unbroken
    run = new_run()
    assert live(server, run, tmp_path, (42, "sent")).began["attempt"] == 1
    # The first is still there, as far as anybody knows; somebody starts the script once more, without its checkpoint.
    with mixdesk.start(run, domains=DOMAINS, policy="odm", cadence=10, brokers=server.brokers) as second:
        step = 0
        while not second.should_stop:
            second.boundary(step)
            second.log(step, losses=[1.0] * 4, tokens=[1] * 4)
            step += 1
            time.sleep(0.01)
            assert step < 30_000
        assert "attempt 1 of this run was opened by another process" in str(second.rejected)
    follows(live(server, run, tmp_path), whole)
    assert decided_to_the_end(server, run) == decisions
