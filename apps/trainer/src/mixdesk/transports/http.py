"""HTTP: reports are posted in batches, mixtures come by long poll. Needs nothing but the standard library."""

from __future__ import annotations

from typing import Mapping, Optional

from .._notices import Notices
from .._outbox import Outbox
from .base import Receiver, Reporter, Take
from .carrier import Carrier, Desk
from .http_carrier import HttpCarrier
from .http_client import HttpAddress
from .http_receiver import HttpReceiver
from .reporting import Reporting
from .spool import SpoolIn


class HttpTransport:
    """The server at `url`; `headers` (authorization, ...) go with every request, to that server alone."""

    def __init__(self, url: str, headers: Optional[Mapping[str, str]] = None, spool: Optional[SpoolIn] = None) -> None:
        self._address = HttpAddress(url, headers)
        self._spool = spool

    def __repr__(self) -> str:
        return f"HttpTransport({self._address})"

    def reporter(self, run: str, rank: int, outbox: Outbox, notices: Notices) -> Reporter:
        return Reporting(run, rank, outbox, notices, self.carrier, self._spool)

    def carrier(self, desk: Desk) -> Carrier:
        return HttpCarrier(desk, self._address)

    def receiver(self, run: str, take: Take, notices: Notices) -> Receiver:
        return HttpReceiver(run, take, notices, self._address)
