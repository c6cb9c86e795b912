"""However training ends, the run says how."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Optional, Tuple

import pytest
from support import Broker, new_run

import mixdesk

PATIENT = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from mixdesk._life import Life
from patience import LONG, be_patient
be_patient()
finish = Life.finish
Life.finish = lambda run, status="completed", because=None, timeout=LONG: finish(run, status, because, LONG)  # at the exit, too
"""


def ending(broker: Broker, name: str) -> "Optional[Tuple[str, Optional[str]]]":
    finished = broker.events(name, "run.finished")
    assert len(finished) <= 1
    return (finished[0].data["status"], finished[0].data.get("because")) if finished else None


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (None, ("completed", None)),
        (SystemExit(0), ("completed", None)),
        (SystemExit(3), ("failed", "SystemExit: 3")),
        (RuntimeError("out of memory"), ("failed", "RuntimeError: out of memory")),
        (KeyboardInterrupt(), ("stopped", "interrupted from the keyboard")),
    ],
)
def test_a_with_block_tells_how_it_was_left(broker: Broker, error: Optional[BaseException], expected: "Tuple[str, Optional[str]]") -> None:
    name = new_run()
    caught: Optional[BaseException] = None
    try:
        with mixdesk.start(name, domains=["web"], policy="odm", brokers=broker.addresses) as run:
            run.log_losses(0, [1.0], [1])
            if error is not None:
                raise error
    except BaseException as raised:
        caught = raised
    assert caught is error
    assert ending(broker, name) == expected


@pytest.mark.parametrize(
    ("last_lines", "expected"),
    [
        ("pass", ("stopped", "the process ended without calling finish")),
        ("raise ValueError('a bad batch')", ("failed", "ValueError: a bad batch")),
        ("raise KeyboardInterrupt", ("stopped", "interrupted from the keyboard")),
        ("run.finish('completed', 'all done')", ("completed", "all done")),
        ("import os; os._exit(1)", None),
    ],
)
def test_a_process_that_just_ends_still_sends_what_it_said(broker: Broker, last_lines: str, expected: "Optional[Tuple[str, Optional[str]]]") -> None:
    name = new_run()
    script = f"""{PATIENT}
import mixdesk, time
run = mixdesk.start({name!r}, domains=["web"], policy="odm")
run.log_losses(0, [1.0], [1])
while run.stats.acknowledged < 2: time.sleep(0.01)
run.log_losses(1, [1.0], [1])
{last_lines}
"""
    environment = {**os.environ, "MIXDESK_KAFKA_BROKERS": broker.addresses}
    subprocess.run([sys.executable, "-c", script], env=environment, stderr=subprocess.DEVNULL, timeout=400, check=False)
    assert ending(broker, name) == expected
    if expected is not None:
        assert len(broker.events(name, "losses.measured")) == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_forked_child_reports_nothing_and_ends_nothing(broker: Broker) -> None:
    name = new_run()
    script = f"""{PATIENT}
import mixdesk, os
run = mixdesk.start({name!r}, domains=["web"], policy="odm")
run.log_losses(0, [1.0], [1])
child = os.fork()
if child == 0:
    run.log_losses(1, [1.0], [1])
    run.boundary(1)
    run.finish("failed")
    raise SystemExit
os.waitpid(child, 0)
run.log_losses(2, [1.0], [1])
run.finish()
"""
    environment = {**os.environ, "MIXDESK_KAFKA_BROKERS": broker.addresses}
    subprocess.run([sys.executable, "-W", "ignore", "-c", script], env=environment, stderr=subprocess.DEVNULL, timeout=400, check=True)
    assert [event.data["step"] for event in broker.events(name, "losses.measured")] == [0, 2]
    assert ending(broker, name) == ("completed", None)
