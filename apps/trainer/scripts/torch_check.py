#!/usr/bin/env python3
"""Runs the tests that need PyTorch and the libraries around it, in apps/trainer/.venv-torch. Makes that first: 6 GB, once.

python3 apps/trainer/scripts/torch_check.py [--make] [--junit FILE] [pytest arguments]

With --make it only makes the environment.
"""

import subprocess
import sys
from pathlib import Path
from typing import List

TRAINER = Path(__file__).resolve().parents[1]
VENV = TRAINER / ".venv-torch"
EXTRAS = ("torch", "adapters", "dev")


def pytest_arguments(given: List[str]) -> List[str]:
    """`--junit FILE` is ours; where no test is named, all of tests_torch are meant."""
    arguments = list(given)
    if "--junit" in arguments:
        at = arguments.index("--junit")
        if at + 1 == len(arguments):
            sys.exit("trainer: --junit needs the name of a file")
        arguments[at : at + 2] = [f"--junitxml={Path(arguments[at + 1]).absolute()}"]
    named = any((TRAINER / argument.split("::")[0]).exists() for argument in arguments if not argument.startswith("-"))
    return arguments if named else [*arguments, "tests_torch"]


def main() -> int:
    extras = [part for extra in EXTRAS for part in ("--extra", extra)]
    bootstrap = [sys.executable, str(TRAINER / "scripts" / "bootstrap.py"), "--venv", str(VENV), *extras]
    made = subprocess.run(bootstrap, stdout=subprocess.PIPE, text=True, check=False)
    if made.returncode:
        return made.returncode
    if "--make" in sys.argv[1:]:
        return 0
    python = made.stdout.strip().splitlines()[-1]
    return subprocess.run([python, "-m", "pytest", *pytest_arguments(sys.argv[1:])], cwd=TRAINER, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
