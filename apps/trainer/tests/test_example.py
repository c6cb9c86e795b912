"""The example trains, with and without a reference, on a corpus of the given folder."""

import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any, Dict, List, Optional

import pytest
from support import Broker, new_run

PATIENCE = Path(__file__).with_name("patience.py")
EXAMPLE = Path(__file__).parents[1] / "examples" / "numpy_lm.py"
KINDS = ["typescript", "javascript", "markdown", "json", "python", "licences"]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Texts under the names the example looks for; the standard library is text enough for a short lesson."""
    root = tmp_path_factory.mktemp("corpus")
    sources = [path for path in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py")) if path.stat().st_size > 2000]
    for i, source in enumerate(sources[:60]):
        folder = root / "node_modules" / f"package{i}"
        folder.mkdir(parents=True)
        shutil.copy(source, folder / ["index.d.ts", "index.js", "README.md", "package.json", "LICENSE"][i % 5])
    return root


def lesson(broker: Broker, corpus: Path, name: str, *arguments: str, mixture_at: Optional[int] = None) -> List[Dict[str, Any]]:
    """What it says. The step `mixture_at` waits for mixture 1: nothing else does, and the lesson is short."""
    command = [
        sys.executable,
        str(PATIENCE),
        str(EXAMPLE),
        "--run",
        name,
        "--root",
        str(corpus),
        "--steps",
        "12",
        "--evaluate",
        "5",
        "--progress-json",
        *arguments,
    ]
    environment = {**os.environ, "MIXDESK_KAFKA_BROKERS": broker.addresses}
    if mixture_at is not None:
        environment["MIXDESK_TEST_AWAIT"] = f"1@{mixture_at}"
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, timeout=400, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_uniform_run_makes_the_reference_of_a_doremi_run(broker: Broker, corpus: Path, tmp_path: Path) -> None:
    first, second, reference = new_run(), new_run(), tmp_path / "new" / "ref.npz"
    lines = lesson(broker, corpus, first, "--policy", "uniform", "--save", str(reference))
    assert [line["step"] for line in lines] == [0, 10, 11, 11]
    assert list(lines[0]["loss"]) == KINDS
    assert all(abs(loss - 5.55) < 0.1 for loss in lines[0]["loss"].values())
    assert all(loss < 4.9 for loss in lines[-1]["heldOut"].values())
    events = broker.events(first)
    assert [event.name for event in events] == [
        "run.started",
        *["losses.measured"] * 5,
        "evaluation.measured",
        *["losses.measured"] * 5,
        "evaluation.measured",
        *["losses.measured"] * 2,
        "evaluation.measured",
        "checkpoint.saved",
        "run.finished",
    ]
    assert "signals" not in events[1].data

    broker.command(second, 1, [0.5, 0.1, 0.1, 0.1, 0.1, 0.1], domains=KINDS, meaning="lossMultiplier", fromStep=5)
    config = json.dumps({"variant": "paper"})
    arguments = ["--policy", "doremi", "--policy-config", config, "--reference", str(reference), "--seed", "1"]
    lines = lesson(broker, corpus, second, *arguments, mixture_at=5)
    assert lines[-1]["weights"]["typescript"] == 0.5
    assert lines[-1]["mixtureVersion"] == 1
    losses = broker.events(second, "losses.measured")
    assert [event.data["mixtureVersion"] for event in losses] == [0] * 5 + [1] * 7
    for event in losses:
        signals = event.data["signals"]
        for loss, reference_loss, excess in zip(event.data["lossSum"], signals["refLossSum"], signals["clippedExcessSum"]):
            assert excess >= max(loss - reference_loss, 0) - 1e-3
    # Under a loss multiplier batches stay uniform: the heavy domain gets no more text than its share.
    assert sum(event.data["sequences"][0] for event in losses[5:]) < 0.3 * sum(sum(event.data["sequences"]) for event in losses[5:])


def test_a_sampling_mixture_is_followed(broker: Broker, corpus: Path) -> None:
    name = new_run()
    broker.command(name, 1, [1.0, 0, 0, 0, 0, 0], domains=KINDS, fromStep=6)
    lesson(broker, corpus, name, mixture_at=6)
    sequences = [event.data["sequences"] for event in broker.events(name, "losses.measured")]
    assert sequences[6:] == [[120, 0, 0, 0, 0, 0]] * 6
    assert all(min(counts) > 0 for counts in sequences[:6])


@pytest.mark.skipif(os.name == "nt", reason="Windows sends Ctrl-C to a whole console")
def test_ctrl_c_marks_the_run_as_stopped(broker: Broker, corpus: Path) -> None:
    name = new_run()
    command = [sys.executable, str(PATIENCE), str(EXAMPLE), "--run", name, "--root", str(corpus), "--steps", "100000", "--progress-json"]
    environment = {**os.environ, "MIXDESK_KAFKA_BROKERS": broker.addresses}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as lesson:
        assert lesson.stdout is not None
        lesson.stdout.readline()
        lesson.send_signal(signal.SIGINT)
        lesson.stdout.read()
        assert lesson.wait(400) == 130
    assert [event.data["status"] for event in broker.events(name, "run.finished")] == ["stopped"]


def test_a_stop_from_mixdesk_ends_the_lesson(broker: Broker, corpus: Path) -> None:
    name = new_run()
    broker.command(name, 1, [1 / 6] * 6, domains=KINDS, fromStep=4, lifecycle="stop")
    lines = lesson(broker, corpus, name, mixture_at=4)
    assert [line["step"] for line in lines] == [0, 3]
    assert "heldOut" in lines[-1]
    assert [(event.data["step"], event.data["status"]) for event in broker.events(name, "run.finished")] == [(4, "stopped")]
