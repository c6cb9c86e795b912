"""The PyTorch example trains: alone, in two processes, after a crash, and under what Mixdesk asks for."""

import json
import math
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional

import pytest
from support import Broker, new_run

PATIENCE = Path(__file__).parents[1] / "tests" / "patience.py"
EXAMPLES = Path(__file__).parents[1] / "examples"
KINDS = ["typescript", "javascript", "markdown", "json", "python", "headers", "manual"]
EVEN = [1 / len(KINDS)] * len(KINDS)
SEQUENCES, CONTEXT, STEPS = 14, 32, 12
LONG = ["--steps", "60"]
"""Steps enough for a mixture to be seen at work."""
UNEVEN = ["--policy", "static", "--weights", json.dumps(dict(zip(KINDS, [0.3, 0.2, 0.1, 0.1, 0.1, 0.1, 0.1])))]
TORCHRUN = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "--"]


class Corpus(NamedTuple):
    root: Path
    data: Path


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """Texts under the names the example looks for, the standard library in several guises; and their tokens."""
    root = tmp_path_factory.mktemp("corpus")
    sources = [path for path in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py")) if path.stat().st_size > 2000]
    for i, source in enumerate(sources[:60]):
        folder = root / "node_modules" / f"package{i}"
        folder.mkdir(parents=True)
        shutil.copy(source, folder / ["index.d.ts", "index.js", "README.md", "package.json"][i % 4])
    data = root / "tokens.pt"
    command = [sys.executable, str(EXAMPLES / "tokens.py"), "--root", str(root), "--data", str(data), "--context", str(CONTEXT)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=600, check=True)
    described = json.loads(done.stdout)
    assert [domain["name"] for domain in described["domains"]] == KINDS
    assert all(1.2 < domain["bytesPerToken"] < 5 for domain in described["domains"])
    return Corpus(root, data)


def command_for(corpus: Corpus, *arguments: str) -> List[str]:
    small = [
        "--steps",
        str(STEPS),
        "--batch",
        str(SEQUENCES),
        "--context",
        str(CONTEXT),
        "--width",
        "32",
        "--rate",
        "0.01",
        "--evaluate",
        "5",
        "--windows",
        "2",
    ]
    files = ["--root", str(corpus.root), "--data", str(corpus.data)]
    return [str(PATIENCE), str(EXAMPLES / "torch_lm.py"), *small, *files, "--threads", "1", "--progress-json", *arguments]


def environment_of(broker: Broker, **more: str) -> Dict[str, str]:
    return {**os.environ, "MIXDESK_KAFKA_BROKERS": broker.addresses, "OMP_NUM_THREADS": "1", **more}


def lesson(broker: Broker, command: List[str], mixture_at: Optional[int] = None) -> List[Dict[str, Any]]:
    """What it says. The step `mixture_at` waits for mixture 1: nothing else does, and the lesson is short."""
    environment = environment_of(broker, **({} if mixture_at is None else {"MIXDESK_TEST_AWAIT": f"1@{mixture_at}"}))
    done = subprocess.run([sys.executable, *command], env=environment, stdout=subprocess.PIPE, text=True, timeout=600, check=True)
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def only(lines: List[Dict[str, Any]], what: str) -> List[Dict[str, Any]]:
    return [line for line in lines if what in line]


def test_a_uniform_run_makes_the_reference_of_a_doremi_run(broker: Broker, corpus: Corpus, tmp_path: Path) -> None:
    first, second, reference = new_run(), new_run(), tmp_path / "new" / "ref.pt"
    lines = lesson(broker, command_for(corpus, "--run", first, "--policy", "uniform", "--save", str(reference)))
    assert [line["step"] for line in only(lines, "heldOut")] == [4, 9, 11]
    [untrained], [final] = only(lines, "untrained"), only(lines, "final")
    for name in KINDS:
        assert abs(untrained["untrained"][name] - math.log(1024)) < 0.2
        assert final["final"][name] < untrained["untrained"][name] - 0.1
        assert final["perByte"][name] < final["final"][name]
    assert sum(final["tokens"].values()) == STEPS * SEQUENCES * CONTEXT
    events = broker.events(first)
    step = ["losses.measured"]
    checkpoint = ["evaluation.measured", "checkpoint.saved"]
    assert [event.name for event in events] == [
        *["run.started", *step * 5, *checkpoint, *step * 5, *checkpoint],
        *[*step * 2, *checkpoint, "metrics.logged", "run.finished"],
    ]

    broker.command(second, 1, [0.4, *[0.1] * 6], domains=KINDS, meaning="lossMultiplier", fromStep=5)
    lesson(broker, command_for(corpus, "--run", second, "--policy", "doremi", "--reference", str(reference), *LONG), mixture_at=20)
    assert broker.events(second, "run.started")[0].data["signals"] == ["clippedExcessSum", "refLossSum"]
    losses = broker.events(second, "losses.measured")
    assert {event.data["mixtureVersion"] for event in losses} == {0, 1}
    for event in losses:
        signals = event.data["signals"]
        for loss, expected, excess in zip(event.data["lossSum"], signals["refLossSum"], signals["clippedExcessSum"]):
            assert excess >= max(loss - expected, 0) - 1e-2
        # Under a loss multiplier batches stay even: no domain gets more text than its share.
        assert event.data["sequences"] == [2] * 7


def test_a_sampling_mixture_is_followed_and_losses_are_measured_when_asked(broker: Broker, corpus: Corpus) -> None:
    name = new_run()
    broker.command(name, 1, [0, 1, 0, 0, 0, 0, 0], domains=KINDS, fromStep=6, controls={"evaluateAfterSteps": 2})
    lines = lesson(broker, command_for(corpus, "--run", name, *LONG), mixture_at=20)
    [applied] = broker.events(name, "mixture.applied")
    taken = applied.data["step"]
    assert taken >= 6
    sequences = [event.data["sequences"] for event in broker.events(name, "losses.measured")]
    assert sequences[:taken] == [[2] * 7] * taken
    assert all(counts == [0, 14, 0, 0, 0, 0, 0] for counts in sequences[taken:])
    assert {line["step"] for line in only(lines, "heldOut")} == {*range(4, len(sequences), 5), taken + 1}


def test_a_stop_from_mixdesk_ends_the_lesson(broker: Broker, corpus: Corpus) -> None:
    name = new_run()
    broker.command(name, 1, EVEN, domains=KINDS, fromStep=4, lifecycle="stop")
    lines = lesson(broker, command_for(corpus, "--run", name, "--steps", "100000"), mixture_at=20)
    last = broker.events(name, "losses.measured")[-1].data["step"]
    assert last >= 3
    assert (lines[-1]["step"], "final" in lines[-1]) == (last, True)
    assert [event.data["status"] for event in broker.events(name, "run.finished")] == ["stopped"]


def test_a_lesson_that_was_killed_goes_on_as_if_nothing_had_been(broker: Broker, corpus: Corpus, tmp_path: Path) -> None:
    whole, broken, saved = new_run(), new_run(), tmp_path / "lesson.pt"
    expected = lesson(broker, command_for(corpus, "--run", whole, *UNEVEN))
    # It stays at step 10, after the checkpoint of step 9: or it could be over before it is killed.
    environment = environment_of(broker, MIXDESK_TEST_STAY="10")
    command = [sys.executable, *command_for(corpus, "--run", broken, "--save", str(saved), *UNEVEN)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as lost:
        assert lost.stdout is not None
        said = list(iter(lost.stdout.readline, "stays\n"))
        lost.kill()
    assert json.loads(said[-1])["step"] == 9
    lines = lesson(broker, command_for(corpus, "--resume", str(saved), *UNEVEN))
    assert [line["step"] for line in only(lines, "heldOut")] == [11]
    assert {line["run"] for line in lines} == {broken}
    assert lines[-1]["final"] == expected[-1]["final"]
    assert lines[-1]["tokens"] == expected[-1]["tokens"]
    assert [event.data["attempt"] for event in broker.events(broken, "run.resumed")] == [2]


def test_two_processes_learn_what_one_does(broker: Broker, corpus: Corpus) -> None:
    alone, together = new_run(), new_run()
    expected = lesson(broker, command_for(corpus, "--run", alone, *UNEVEN))
    lines = lesson(broker, [*TORCHRUN, *command_for(corpus, "--run", together, *UNEVEN)])
    for one, other in zip(only(expected, "heldOut"), only(lines, "heldOut")):
        assert one["step"] == other["step"]
        assert one["heldOut"] == pytest.approx(other["heldOut"], abs=2e-3)
    halves: Dict[int, List[List[int]]] = {}
    for event in broker.events(together, "losses.measured"):
        halves.setdefault(event.data["step"], []).append(event.data["sequences"])
    for event in broker.events(alone, "losses.measured"):
        first, second = halves[event.data["step"]]
        assert [a + b for a, b in zip(first, second)] == event.data["sequences"]


def test_two_processes_take_a_mixture_at_the_same_step(broker: Broker, corpus: Corpus) -> None:
    name = new_run()
    broker.command(name, 1, [0, 1, 0, 0, 0, 0, 0], domains=KINDS, fromStep=6)
    lesson(broker, [*TORCHRUN, *command_for(corpus, "--run", name, *LONG)], mixture_at=20)
    applied = [event.data for event in broker.events(name, "mixture.applied")]
    assert sorted(one["rank"] for one in applied) == [0, 1]
    [taken] = {one["step"] for one in applied}
    for event in broker.events(name, "losses.measured"):
        assert (event.data["sequences"] == [0, 7, 0, 0, 0, 0, 0]) == (event.data["step"] >= taken)


def test_no_text_is_in_both_halves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(EXAMPLES))
    import corpus as texts  # it lies beside the examples, not in a package

    (tmp_path / "node_modules").mkdir()
    different = [" ".join(f"word{i * 1000 + j}" for j in range(80)).encode() for i in range(12)]
    # A text again, under another name, with other lines, and with a few words of its own.
    again = [different[0], different[1].replace(b" ", b"\n"), b"Copyright somebody else. " + different[2]]
    kinds = texts.gather(tmp_path, repeated=0.5, also={"made": [*different, *again]}, without=[*KINDS, "licences"])
    train, held_out = kinds["made"]
    assert sorted(train + held_out) == sorted(different)
    assert held_out == different[::5]
    with pytest.raises(SystemExit, match="Only 9 different texts of the kind made"):
        texts.gather(tmp_path, also={"made": [*different[:9], different[0]]}, without=[*KINDS, "licences"])
