"""The examples of the README run as they stand there, with what it calls yours put before them."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, List

from server import Server
from support import new_run, until

HERE = Path(__file__).resolve().parent
TEXT = (Path(__file__).resolve().parents[1] / "README.md").read_text(encoding="utf-8")
EXAMPLES: List[str] = re.findall(r"^```python\n(.*?)^```$", TEXT, flags=re.MULTILINE | re.DOTALL)

YOURS = """
import json, mixdesk, os, random, time
from support import until
from pathlib import Path

web, code, model, uri = list(range(1000)), list(range(5000, 5300)), "the model", "file:checkpoint.json"

steps, seen = 0, 0

def train_step(samples, domains):
    global steps, seen
    time.sleep(0.0005)
    steps += 1
    if steps in (50, 100, 150, 200):  # or all could be over before Mixdesk has said its first word
        newest = lambda: (run.offered or run.mixture).version
        until("a newer mixture", lambda: newest() > seen)
        seen = newest()
    tokens = [100 * domains.count(domain) for domain in range(2)]
    return [2.5 * tokens[0], 1.5 * tokens[1]], tokens

def your_sample(weights):
    domains = random.choices(range(2), weights, k=32)
    return [None] * 32, domains

kept = Path("checkpoint.json")
checkpoint = json.loads(kept.read_text()) if kept.exists() else None

def save(state):
    kept.write_text(json.dumps(state))
    if len(state) == 2 and checkpoint is None:
        os.kill(os.getpid(), 9)
"""


def go(server: Server, folder: Path, example: str) -> int:
    program = folder / "example.py"
    program.write_text(YOURS + example, encoding="utf-8")
    paths = os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "MIXDESK_KAFKA_BROKERS": server.brokers, "PYTHONPATH": paths}
    command = [sys.executable, "-W", "error", str(HERE / "patience.py"), str(program)]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert done.stderr == ""
    return done.returncode


def ended(server: Server, name: str) -> Any:
    until(f"{name} has ended", lambda: (server.run(name) or {}).get("status") not in (None, "running"))
    return server.run(name)


def test_the_first_example_is_five_lines_and_needs_no_other(server: Server, tmp_path: Path) -> None:
    assert len([line for line in EXAMPLES[0].splitlines() if line]) == 5
    assert go(server, tmp_path, EXAMPLES[0]) == 0
    run = ended(server, "my-run")
    assert (run["status"], run["step"]) == ("completed", 9_999)
    until("mixtures are decided", lambda: len(server.decisions("my-run", "MixtureDecided")) > 10)
    confirmed = "SELECT count() FROM applied WHERE run = 'my-run'"
    until("the training followed", lambda: server.sql(confirmed)[0][0] > 2)


def test_the_example_with_a_pipeline_of_ones_own(server: Server, tmp_path: Path) -> None:
    assert go(server, tmp_path, EXAMPLES[1]) == 0
    run = ended(server, "my-other-run")
    assert (run["status"], run["step"]) == ("completed", 9_999)


def test_the_example_of_a_crash_goes_on_from_its_checkpoint(server: Server, tmp_path: Path) -> None:
    name = new_run()
    example = EXAMPLES[2].replace('"my-run"', f'"{name}"').replace("steps=10_000", "steps=1_200")
    assert go(server, tmp_path, example) == -9
    assert go(server, tmp_path, example) == 0
    run = ended(server, name)
    assert (run["status"], run["step"], run["attempt"]) == ("completed", 1_199, 2)


def test_every_example_is_run() -> None:
    assert len(EXAMPLES) == 3
