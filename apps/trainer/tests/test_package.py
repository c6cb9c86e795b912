"""What people install: a wheel that is complete, and an import that does nothing and needs nothing."""

import subprocess
import sys
import zipfile
from pathlib import Path

TRAINER = Path(__file__).resolve().parents[1]

IMPORT_ALONE = """
import importlib.abc, sys, threading

class Nothing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in ("torch", "numpy", "confluent_kafka", "datasets", "transformers", "torchdata", "streaming"):
            raise ImportError(f"{name} was asked for")

sys.meta_path.insert(0, Nothing())
import mixdesk, mixdesk.losses, mixdesk.samplers, mixdesk.transports
assert threading.active_count() == 1
run = mixdesk.start("alone", domains=["web", "code"], policy="odm", file=sys.argv[1], strict=True)
for batch in run.loader({"web": [1, 2, 3], "code": [4, 5]}, batch_size=4, steps=3):
    run.log(batch.step, losses=[2.0, 3.0], tokens=[2, 2])
run.finish()
"""


def test_a_wheel_holds_the_package_its_types_and_its_command(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(tmp_path), str(TRAINER)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("mixdesk-*.whl")
    with zipfile.ZipFile(wheel) as held:
        names = set(held.namelist())
        source = TRAINER / "src"
        assert {str(path.relative_to(source)) for path in source.rglob("*.py")} <= names
        assert "mixdesk/py.typed" in names
        (entry_points,) = (held.read(name).decode() for name in names if name.endswith("entry_points.txt"))
        (metadata,) = (held.read(name).decode() for name in names if name.endswith("METADATA"))
    assert "mixdesk = mixdesk._main:main" in entry_points
    needed = [line for line in metadata.splitlines() if line.startswith("Requires-Dist:") and "extra ==" not in line]
    assert [line.split()[1].split("<")[0].split(">")[0] for line in needed] == ["confluent-kafka"]


def test_it_imports_and_runs_without_any_of_what_it_may_use(tmp_path: Path) -> None:
    events = tmp_path / "events.jsonl"
    done = subprocess.run([sys.executable, "-c", IMPORT_ALONE, str(events)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(events.read_text().splitlines()) == 5
