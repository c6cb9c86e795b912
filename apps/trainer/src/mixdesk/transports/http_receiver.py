"""Mixtures by long poll: `GET /v1/runs/{run}/mixture?after=N&wait=30`."""

from __future__ import annotations

import random
from typing import Optional
from urllib.parse import quote

from .._notices import Notices
from .base import Take
from .http_client import HttpAddress, HttpClient, Unreachable
from .listening import Listening

WAIT = 30
"""Seconds that the server keeps a question open."""
SLACK = 10.0
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 15.0


class HttpReceiver(Listening):
    """Hands every newer `mixture.set` of the run to `take`."""

    def __init__(self, run: str, take: Take, notices: Notices, address: HttpAddress) -> None:
        super().__init__(take, notices)
        self._path = f"/v1/runs/{quote(run, safe='')}/mixture"
        self._client = HttpClient(address)

    def close(self) -> None:
        super().close()
        self._client.interrupt()

    def _disconnect(self) -> None:
        self._client.close()

    def _listen(self) -> None:
        after: Optional[int] = None
        failures = 0
        while not self._closing.is_set():
            # The first question is what there is already.
            wait = WAIT if self.caught_up.is_set() else 0
            query = f"?wait={wait}" + (f"&after={after}" if after is not None else "")
            try:
                answer = self._client.ask("GET", self._client.path(self._path + query), wait + SLACK)
            except Unreachable:
                failures += 1  # the carrier tells of an unreachable server
                self._pause(failures)
                continue
            if answer.status == 200:
                data = answer.json()
                version = data.get("version") if isinstance(data, dict) else None
                if isinstance(version, int) and not isinstance(version, bool):
                    self._take(data)
                    # An answer from before, out of some proxy's memory, tells nothing new; asking again at once would not, either.
                    failures = 0 if after is None or version > after else failures + 1
                    after = version if after is None else max(after, version)
                else:
                    self._notices.warn("command", "a command holds no mixture and was ignored")
                    failures += 1
            elif answer.status in (204, 404):  # nothing newer; or a run that the server does not know yet
                failures = 0 if answer.status == 204 else min(failures + 1, 3)
            else:
                failures += 1
                if answer.status == 409:
                    self._notices.warn("refused run", answer.detail)
                elif answer.status < 500 and answer.status not in (408, 425, 429):
                    self._notices.warn(f"mixture {answer.status}", f"mixtures cannot be asked for: {answer.detail}")
            if answer.status in (200, 204, 404, 409):
                self.caught_up.set()
            if failures:
                self._pause(failures)

    def _pause(self, failures: int) -> None:
        longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(failures - 1, 10))
        self._closing.wait(longest * random.uniform(0.5, 1.0))
