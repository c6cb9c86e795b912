"""A trainer without chance: its losses are a function of its state and of the weights in force. It keeps a checkpoint every CHECKPOINT
steps and waits for the mixture that is due after every CADENCE of them, so that any two of its runs can be compared to the bit.

    python resuming_trainer.py '{"run": ..., "brokers": ..., "folder": ..., "steps": 80, "die": [37, "logged"]}'

Prints a JSON line for what it begins with and for each step: the attempt and the weights it drew by.
"""

import json
import math
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any, Dict, List, Optional

import mixdesk

DOMAINS = ["web", "code", "books", "news"]
CADENCE, CHECKPOINT = 10, 25


def losses(step: int, read: List[float], rank: int) -> List[float]:
    """Nats per token: what a domain costs falls with what was read of it, and every step is a little different."""
    return [1.5 + i * 0.5 + 2.0 / (1.0 + tokens / 4000.0) + 0.2 * math.sin(step * (i + 1.3) + rank) for i, tokens in enumerate(read)]


class Counter:
    """Stands for a sampler: something whose state belongs into the checkpoint."""

    def __init__(self) -> None:
        self.drawn = 0

    def state_dict(self) -> Dict[str, Any]:
        return {"drawn": self.drawn}

    def load_state_dict(self, state: Dict[str, Any]) -> None:
        self.drawn = state["drawn"]


def newest_checkpoint(folder: Path) -> Optional[Dict[str, Any]]:
    found = sorted(folder.glob("step-*.json"))
    checkpoint: Optional[Dict[str, Any]] = json.loads(found[-1].read_text()) if found else None
    return checkpoint


def save(folder: Path, step: int, checkpoint: Dict[str, Any]) -> None:
    """All of it or nothing: a process may be killed while it writes."""
    path = folder / f"step-{step:06d}.json"
    path.with_suffix(".tmp").write_text(json.dumps(checkpoint))
    path.with_suffix(".tmp").replace(path)


def until_decided(run: mixdesk.Run, step: int) -> None:
    """Until the mixture that was due at the end of this step is here."""
    deadline = time.monotonic() + 120
    while (run.offered or run.mixture).decided_at_step < step:
        assert time.monotonic() < deadline, f"no mixture after step {step}; the newest is {run.offered or run.mixture}"
        assert not run.rejected, run.rejected
        time.sleep(0.002)


def train(options: Dict[str, Any]) -> None:
    folder, rank = Path(options["folder"]), 0
    read, counter = [0.0] * len(DOMAINS), Counter()
    checkpoint = newest_checkpoint(folder)
    die_at, moment = options.get("die") or (None, "")

    def perhaps_die(now: str, step: int) -> None:
        if step == die_at and now == moment:
            assert now != "sent" or run.flush(120)
            os.kill(os.getpid(), signal.SIGKILL)

    reach: Dict[str, Any] = {"brokers": options.get("brokers"), "url": options.get("url"), "resume_timeout": 120.0}
    if options.get("again") and not checkpoint:
        run = mixdesk.resume(options["run"], step=-1, domains=DOMAINS, strict=True, **reach)
    else:
        state = checkpoint["mixdesk"] if checkpoint else None
        policy = options.get("policy", "odm")
        run = mixdesk.start(options["run"], domains=DOMAINS, policy=policy, cadence=CADENCE, strict=True, state=state, **reach)
    if checkpoint:
        read = checkpoint["read"]
    run.attach("counter", counter)
    print(json.dumps({"attempt": run.attempt, "from": run.step, "drawn": counter.drawn}), flush=True)
    with run:
        for step in range(run.step + 1, options["steps"]):
            if step and step % CADENCE == 0:
                until_decided(run, step - 1)
            weights = run.boundary(step).weights
            perhaps_die("drawn", step)
            tokens = [int(weight * 4096) for weight in weights]
            per_token = losses(step, read, rank)
            read = [before + number for before, number in zip(read, tokens)]
            counter.drawn += sum(tokens)
            run.log(step, mean_losses=per_token, tokens=tokens, sequences=tokens)
            print(json.dumps({"attempt": run.attempt, "step": step, "weights": weights, "drawn": counter.drawn}), flush=True)
            perhaps_die("logged", step)
            perhaps_die("sent", step)
            if (step + 1) % CHECKPOINT == 0:
                run.checkpoint(step, (folder / f"step-{step:06d}.json").as_uri())
                assert run.flush(120)
                perhaps_die("told", step)
                save(folder, step, {"read": read, "mixdesk": run.state_dict()})
                perhaps_die("saved", step)


if __name__ == "__main__":
    train(json.loads(sys.argv[1]))
