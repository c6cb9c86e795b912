"""The examples of docs/adapters.md run as they stand there, and do what the page says; so do the words of the adapters."""

import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Dict

import pytest
from support import Broker, new_run

PATIENCE = Path(__file__).resolve().parents[1] / "tests" / "patience.py"
PAGE = Path(__file__).resolve().parents[3] / "docs" / "adapters.md"
TEXT = PAGE.read_text(encoding="utf-8")
STEPS = {"torchdata": 20, "Hugging Face datasets": 20, "Hugging Face Trainer": 30, "MosaicML Streaming": 24}


def examples() -> Dict[str, str]:
    found = {}
    for section in re.split(r"^## ", TEXT, flags=re.MULTILINE)[1:]:
        blocks = re.findall(r"^```python\n(.*?)^```$", section, flags=re.MULTILINE | re.DOTALL)
        if blocks:
            found[section.splitlines()[0]] = "\n".join(blocks)
    return found


def test_every_example_is_run() -> None:
    assert set(examples()) == set(STEPS)
    assert TEXT.count("```python") == len(STEPS)


@pytest.mark.parametrize("title", list(STEPS))
def test_an_example_runs_as_it_stands(broker: Broker, tmp_path: Path, title: str) -> None:
    run = new_run()
    program = tmp_path / "example.py"
    program.write_text(examples()[title].replace('"my-run"', f'"{run}"'), encoding="utf-8")
    environment = {**os.environ, "MIXDESK_KAFKA_BROKERS": broker.addresses, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    broker.command(run, 1, [0.25, 0.75], fromStep=0)
    command = [sys.executable, str(PATIENCE), str(program)]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    reports = broker.events(run, "losses.measured")
    assert [event.data["step"] for event in reports] == list(range(STEPS[title]))
    assert all(min(event.data["lossSum"]) >= 0 and sum(event.data["tokens"]) > 0 for event in reports)
    assert [event.data["status"] for event in broker.events(run, "run.finished")] == ["completed"]
    assert list(tmp_path.glob("checkpoint*")), "an example shows how to keep a checkpoint"


@pytest.mark.parametrize("package", ["torch", "torchdata", "datasets", "transformers", "accelerate", "mosaicml-streaming"])
def test_the_page_names_the_versions_that_are_tested_here(package: str) -> None:
    assert f"{package} {version(package).split('+')[0]}" in TEXT


@pytest.mark.parametrize(
    ("adapter", "library", "requirement"),
    [
        ("torchdata", "torchdata", "torchdata>=0.11"),
        ("datasets", "datasets", "datasets>=3"),
        ("transformers", "transformers", "transformers[torch]>=4.57"),
        ("streaming", "streaming", "mosaicml-streaming>=0.13"),
    ],
)
def test_without_its_library_an_adapter_says_what_to_install(adapter: str, library: str, requirement: str) -> None:
    words = f"import sys; sys.modules[{library!r}] = None; import mixdesk.adapters; import mixdesk.adapters.{adapter}"
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=False)
    last = done.stderr.strip().splitlines()[-1]
    named = requirement.split(">")[0].split("[")[0]
    assert last == f"ImportError: mixdesk.adapters.{adapter} needs {named}; install it with: pip install '{requirement}'"


def test_importing_adapters_imports_no_library() -> None:
    words = "import sys, mixdesk.adapters; print([m for m in ('torch', 'torchdata', 'datasets', 'transformers', 'streaming') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True).stdout.strip() == "[]"
