#!/usr/bin/env python3
"""Makes apps/trainer/.venv with the client and, as asked, what the examples or the tests need.

    python3 apps/trainer/scripts/bootstrap.py --extra examples
    python3 apps/trainer/scripts/bootstrap.py --extra dev

Safe to run again, and quick then. Prints what it does on stderr and the path of the Python to use on stdout.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import List, NoReturn, Set

TRAINER = Path(__file__).resolve().parents[1]
EXTRAS = ("examples", "dev")
OLDEST = (3, 9)


def say(sentence: str) -> None:
    print(f"trainer: {sentence}", file=sys.stderr, flush=True)


def give_up(sentence: str) -> NoReturn:
    say(sentence)
    sys.exit(1)


def python_of(venv: Path) -> Path:
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def fingerprint() -> str:
    """What the installation depends on: the pins, the package's own description, and the Python that runs it."""
    digest = hashlib.sha256(f"{sys.version_info[:2]} {TRAINER}".encode())
    for file in [TRAINER / "pyproject.toml", *sorted((TRAINER / "requirements").glob("*.lock"))]:
        digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()


def installed(venv: Path, expected: str) -> Set[str]:
    """The extras that a finished, still valid installation has; `base` is the client itself."""
    try:
        marker = json.loads((venv / "mixdesk.json").read_text())
    except (OSError, ValueError):
        return set()
    if marker.get("fingerprint") != expected or not python_of(venv).exists():
        return set()
    return set(marker.get("extras", [])) | {"base"}


def make_venv(venv: Path) -> None:
    try:
        import ensurepip  # noqa: F401
        import venv as _venv  # noqa: F401
    except ImportError:
        give_up(
            f"this Python ({sys.executable}) cannot make virtual environments; "
            f"install that part of it, on Debian or Ubuntu with: sudo apt install python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        )
    say(f"making a virtual environment in {venv}")
    shutil.rmtree(venv, ignore_errors=True)
    made = subprocess.run([sys.executable, "-m", "venv", str(venv)], capture_output=True, text=True, check=False)
    if made.returncode:
        give_up(f"{sys.executable} -m venv failed: {last_line(made.stdout + made.stderr)}")


def pip(venv: Path, *arguments: str) -> None:
    command = [str(python_of(venv)), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        give_up(f"pip could not install what is needed: {last_line(done.stderr or done.stdout)} (is a package index reachable?)")


def last_line(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return next((line for line in reversed(lines) if line.startswith("ERROR")), lines[-1] if lines else "without a word")


def ready(venv: Path, extras: List[str]) -> None:
    expected = fingerprint()
    have = installed(venv, expected)
    if {"base", *extras} <= have:
        say("the Python environment is ready")
        return
    began = time.monotonic()
    wanted = sorted((have | set(extras)) - {"base"})
    if not have:
        make_venv(venv)
    say(f"installing the client{''.join(' and ' + extra for extra in wanted)} (once; about half a minute)")
    locks = [TRAINER / "requirements" / f"{name}.lock" for name in ["client", *wanted]]
    pip(venv, *(part for lock in locks for part in ("-r", str(lock))))
    pip(venv, "--no-deps", "--no-build-isolation", "-e", str(TRAINER))
    (venv / "mixdesk.json").write_text(json.dumps({"fingerprint": expected, "extras": wanted}))
    say(f"the Python environment is ready, after {time.monotonic() - began:.0f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--extra", action="append", choices=EXTRAS, default=[], help="may be given twice")
    parser.add_argument("--venv", type=Path, default=TRAINER / ".venv")
    options = parser.parse_args()
    if sys.version_info < OLDEST:
        give_up(f"Python {OLDEST[0]}.{OLDEST[1]} or newer is needed, this is {sys.version.split()[0]}; run this script with a newer python3")
    venv: Path = options.venv.absolute()
    venv.parent.mkdir(parents=True, exist_ok=True)
    with (venv.parent / f"{venv.name}.lock").open("w") as lock:
        try:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX)  # two of these at once: the second one finds all done
        except ImportError:
            pass
        ready(venv, options.extra)
    print(python_of(venv))


if __name__ == "__main__":
    main()
