"""A lock that ends with the process that holds it, however that ends."""

from __future__ import annotations

import contextlib
import os
import sys
import weakref
from pathlib import Path
from typing import Optional

if sys.platform == "win32":  # pragma: no cover - written for, never tried
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


class FileLock:
    """A lock on a file of its own. Forked children (data loaders) do not keep it when their parent is gone."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: Optional[int] = None

    def acquire(self) -> bool:
        """Takes the lock, unless somebody has it. Raises an OSError where the file cannot be made."""
        while self._descriptor is None:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                _lock(descriptor)
                # Whoever had it may have removed the file meanwhile; then this is a lock on nothing.
                if os.path.samestat(os.fstat(descriptor), self._path.stat()):
                    self._descriptor = descriptor
            except FileNotFoundError:
                pass
            except OSError:
                return False
            finally:
                if self._descriptor is None:
                    os.close(descriptor)
        if hasattr(os, "register_at_fork"):
            mine = weakref.ref(self)

            def forget() -> None:
                lock = mine()
                if lock is not None:
                    lock._forget()

            os.register_at_fork(after_in_child=forget)
        return True

    def release(self) -> None:
        """Gives the lock back and removes its file."""
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                self._path.unlink()
            self._forget()

    def _forget(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            with contextlib.suppress(OSError):
                os.close(descriptor)
