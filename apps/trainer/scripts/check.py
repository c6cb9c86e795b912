#!/usr/bin/env python3
"""Checks the trainer: types, lint, tests. Makes its environment first. What follows goes to pytest.

python3 apps/trainer/scripts/check.py [--no-tests] [pytest arguments]
"""

import subprocess
import sys
from pathlib import Path

TRAINER = Path(__file__).resolve().parents[1]


def main() -> int:
    arguments = sys.argv[1:]
    tests = "--no-tests" not in arguments
    bootstrap = [sys.executable, str(TRAINER / "scripts" / "bootstrap.py"), "--extra", "dev"]
    made = subprocess.run(bootstrap, stdout=subprocess.PIPE, text=True, check=False)
    if made.returncode:
        return made.returncode
    python = made.stdout.strip().splitlines()[-1]
    # Types twice: files of the two folders of tests may have the same name.
    commands = [["mypy"], ["mypy", "tests_torch"], ["ruff", "check", "."], ["ruff", "format", "--check", "."]]
    if tests:
        commands.append(["pytest", *(a for a in arguments if a != "--no-tests")])
    failed = []
    for command in commands:
        print(f"trainer: {' '.join(command)}", flush=True)
        if subprocess.run([python, "-m", *command], cwd=TRAINER, check=False).returncode:
            failed.append(command[0])
    print(f"trainer: {'failed: ' + ', '.join(failed) if failed else 'all checks passed'}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
