"""The thread that listens. Its end is told, and never felt by the training loop, however it comes."""

from __future__ import annotations

import threading

from .._notices import Notices
from .base import Take


class Listening:
    """A `Receiver`, but for where the commands come from: that is `_listen`."""

    def __init__(self, take: Take, notices: Notices) -> None:
        self._take = take
        self._notices = notices
        self.caught_up = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._work, name="mixdesk-listener", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._closing.set()

    def join(self, timeout: float) -> None:
        self._thread.join(timeout)

    def _work(self) -> None:
        try:
            self._listen()
        except Exception as error:  # a fault of ours must not look like a silent server
            self._notices.warn("listener", f"listening has ended by a fault: {error!r}; training goes on with the last mixture")
        finally:
            self.caught_up.set()
            self._disconnect()

    def _listen(self) -> None:
        """Hands every `mixture.set` of the run to `take`, until it is closing."""
        raise NotImplementedError

    def _disconnect(self) -> None:
        """Lets go of the connection. The last that happens in the thread."""
        raise NotImplementedError
