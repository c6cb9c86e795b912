"""Saying things once."""

from __future__ import annotations

import logging
import threading
from typing import Dict

logger = logging.getLogger("mixdesk")


class Notices:
    """Counts what goes wrong and logs the first of each cause. Logging, not `warnings`: under `-W error` those raise."""

    def __init__(self, run: str) -> None:
        self._run = run
        self._lock = threading.Lock()
        self._counts: Dict[str, int] = {}

    @property
    def errors(self) -> int:
        with self._lock:
            return sum(self._counts.values())

    def warn(self, cause: str, sentence: str) -> None:
        with self._lock:
            seen = self._counts.get(cause, 0)
            self._counts[cause] = seen + 1
        if seen == 0:
            logger.warning("Mixdesk, run %s: %s (said once)", self._run, sentence)
