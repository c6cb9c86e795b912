"""What to say where the library that an adapter adapts to is not installed."""

from __future__ import annotations


def missing(adapter: str, requirement: str) -> ImportError:
    """The sentence to raise: which adapter needs what, and the command that installs it."""
    library = requirement.split(">")[0].split("[")[0]
    return ImportError(f"mixdesk.adapters.{adapter} needs {library}; install it with: pip install '{requirement}'")
