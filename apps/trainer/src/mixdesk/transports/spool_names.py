"""The files of a spool by their names: whose they are, and in which order they go."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Iterable, List, Optional
from urllib.parse import quote

from .lock import FileLock

_FILE = re.compile(r"(?P<key>[^.]+)\.(?P<ordinal>\d{4,})\.r(?P<rank>\d{5,})\.(?P<session>[0-9a-f]+)\.(?P<part>\d{6,})\.jsonl\Z")
"""Names sort in the order in which the files should be sent: older processes first, rank 0 before the others."""


def key_of(run: str) -> str:
    """The run in a file's name: no dots, no slashes, never too long, and different for different runs."""
    quoted = quote(run, safe="").replace(".", "%2E")
    return quoted if len(quoted) <= 120 else f"{quoted[:80]}~{hashlib.sha256(run.encode()).hexdigest()[:24]}"


def files_of(folder: Path, key: str) -> List[Path]:
    """The files of a run, in the order in which they should be sent."""
    try:
        named = list(folder.iterdir())
    except OSError:
        return []
    matched = [(path, _FILE.match(path.name)) for path in named]
    return sorted((path for path, found in matched if found is not None and found["key"] == key), key=lambda path: path.name)


def owner_behind(files: Iterable[Path], key: str, rank: int, session: str) -> str:
    """What the names of a new process's files begin with, to be sent after all of these."""
    ordinals = [int(found["ordinal"]) for found in (_FILE.match(path.name) for path in files) if found is not None]
    return f"{key}.{max(ordinals, default=0) + 1:04d}.r{rank:05d}.{session}."


def part_of(owner: str, part: int) -> str:
    """The name of a file of that process."""
    return f"{owner}{part:06d}.jsonl"


def owner_of(path: Path) -> Optional[str]:
    """What the names of all files of one process begin with; None where the file is no spool's."""
    found = _FILE.match(path.name)
    return path.name[: found.start("part")] if found else None


def lock_of(path: Path) -> Optional[FileLock]:
    """The lock of the process that writes this file; None where the file is no spool's."""
    owner = owner_of(path)
    return own_lock(path.parent, owner) if owner else None


def own_lock(folder: Path, owner: str) -> FileLock:
    """Held by a process for as long as it lives and has files here."""
    return FileLock(folder / f"{owner}lock")
