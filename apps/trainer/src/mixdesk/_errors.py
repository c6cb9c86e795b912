"""Everything this package can raise.

    MixdeskError
    ├── ArgumentError   (also a ValueError)   an argument is not as expected; `.argument` names it
    └── RunOver         (also a RuntimeError) something was reported after `finish`

Trouble with Kafka is never raised: training must not stop for it. It is counted in `run.stats` and logged
once per cause on the logger `mixdesk`.
"""

from __future__ import annotations


class MixdeskError(Exception):
    """Base of all errors of this package."""


class ArgumentError(MixdeskError, ValueError):
    """An argument is not as expected. `argument` is its name."""

    def __init__(self, argument: str, message: str) -> None:
        super().__init__(f"`{argument}` {message}")
        self.argument = argument


class RunOver(MixdeskError, RuntimeError):
    """Something was reported to a run that is over."""
