#!/usr/bin/env python3
"""Makes apps/trainer/.venv with the client and, as asked, what the examples or the tests need.

    python3 apps/trainer/scripts/bootstrap.py --extra examples
    python3 apps/trainer/scripts/bootstrap.py --extra dev
    python3 apps/trainer/scripts/bootstrap.py --extra torch --venv apps/trainer/.venv-torch

Safe to run again, and quick then. Only what has changed since is installed, in place, so that whoever is using the environment
can go on. Prints what it does on stderr and the path of the Python to use on stdout.
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
from typing import Dict, List, NoReturn

TRAINER = Path(__file__).resolve().parents[1]
REQUIREMENTS = TRAINER / "requirements"
EXTRAS = ("adapters", "bench", "dev", "examples", "torch")
ALONE = {"adapters": "streaming"}
"""Locks that are installed without dependencies, after those of the extra."""

OLDEST = (3, 9)
NEWER = {"adapters": (3, 11), "bench": (3, 11), "torch": (3, 11)}
"""What the pins of an extra need."""


def say(sentence: str) -> None:
    print(f"trainer: {sentence}", file=sys.stderr, flush=True)


def give_up(sentence: str) -> NoReturn:
    say(sentence)
    sys.exit(1)


def python_of(venv: Path) -> Path:
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def lock_of(name: str) -> Path:
    return REQUIREMENTS / f"{name}.lock"


def pins(lock: Path) -> bytes:
    """A lock with those it refers to."""
    text = lock.read_bytes()
    referred = [line.split()[1] for line in text.decode().splitlines() if line.startswith(("-r ", "-c "))]
    return text + b"".join(pins(lock.parent / name) for name in referred)


def fingerprints(extras: List[str]) -> Dict[str, str]:
    """What the parts of an installation depend on: the package's own description, and the pins."""
    texts = {"client": (TRAINER / "pyproject.toml").read_bytes() + str(TRAINER).encode() + pins(lock_of("client"))}
    for extra in extras:
        texts[extra] = pins(lock_of(extra)) + (pins(lock_of(ALONE[extra])) if extra in ALONE else b"")
    return {name: hashlib.sha256(text).hexdigest() for name, text in texts.items()}


def installed(venv: Path) -> Dict[str, str]:
    """The fingerprints of what a finished installation for this version of Python has."""
    try:
        marker = json.loads((venv / "mixdesk.json").read_text())
    except (OSError, ValueError):
        return {}
    if marker.get("python") != version() or not python_of(venv).exists():
        return {}
    return {str(name): str(digest) for name, digest in marker.get("parts", {}).items() if name == "client" or name in EXTRAS}


def version() -> str:
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def run(*command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, capture_output=True, text=True, check=False)


def make_venv(venv: Path) -> None:
    try:
        import ensurepip  # noqa: F401
        import venv as _venv  # noqa: F401
    except ImportError:
        give_up(
            f"this Python ({sys.executable}) cannot make virtual environments; "
            f"install that part of it, on Debian or Ubuntu with: sudo apt install python{version()}-venv"
        )
    say(f"making a virtual environment in {venv}")
    shutil.rmtree(venv, ignore_errors=True)
    made = run(sys.executable, "-m", "venv", str(venv))
    if made.returncode:
        give_up(f"{sys.executable} -m venv failed: {last_line(made.stdout + made.stderr)}")


def pip(venv: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return run(str(python_of(venv)), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", *arguments)


def uv(venv: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """uv does not read pip's settings: an index of one's own is told to it by `UV_DEFAULT_INDEX`."""
    python = str(python_of(venv))
    return run(python, "-m", "uv", "pip", "install", "--quiet", "--python", python, *arguments)


def install(venv: Path, *arguments: str) -> None:
    """With uv, or with pip where uv is not there or can't do it."""
    done = uv(venv, *arguments)
    if done.returncode == 0:
        return
    say(f"uv could not do it, so pip tries: {last_line(done.stderr or done.stdout)}")
    done = pip(venv, *arguments)
    if done.returncode:
        give_up(f"pip could not install what is needed: {last_line(done.stderr or done.stdout)} (is a package index reachable?)")


def last_line(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return next((line for line in reversed(lines) if line.startswith("ERROR")), lines[-1] if lines else "without a word")


def ready(venv: Path, extras: List[str]) -> None:
    have = installed(venv)
    wanted = fingerprints(sorted((set(have) | set(extras)) - {"client"}))
    stale = [name for name, digest in wanted.items() if have.get(name) != digest]
    if not stale:
        say("the Python environment is ready")
        return
    began = time.monotonic()
    if not have:
        make_venv(venv)
    large = {"torch", "adapters"} & set(stale)
    say(f"installing {' and '.join(stale)} (once; {'some minutes, 6 GB' if large else 'about half a minute'})")
    pip(venv, "-r", str(lock_of("installer")))  # where that fails, uv is not there
    # All locks in one call, so that the installer sees every pin at once.
    install(venv, *(part for name in wanted for part in ("-r", str(lock_of(name)))))
    for name in wanted:
        if name in ALONE:
            install(venv, "--no-deps", "-r", str(lock_of(ALONE[name])))
    if "client" in stale:
        install(venv, "--no-deps", "--no-build-isolation", "-e", str(TRAINER))
    (venv / "mixdesk.json").write_text(json.dumps({"python": version(), "parts": wanted}))
    say(f"the Python environment is ready, after {time.monotonic() - began:.0f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--extra", action="append", choices=EXTRAS, default=[], help="may be given more than once")
    parser.add_argument("--venv", type=Path, default=TRAINER / ".venv")
    options = parser.parse_args()
    oldest = max(NEWER.get(extra, OLDEST) for extra in [*options.extra, ""])
    if sys.version_info < oldest:
        give_up(f"Python {oldest[0]}.{oldest[1]} or newer is needed, this is {sys.version.split()[0]}; run this script with a newer python3")
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
