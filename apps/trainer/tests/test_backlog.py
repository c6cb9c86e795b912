"""What is not delivered yet: nothing of it goes uncounted on its way, for `flush` believes the count."""

import inspect
from typing import Any, Dict, List, Tuple

import pytest

import mixdesk
from mixdesk._checks import encode
from mixdesk._notices import Notices
from mixdesk._outbox import LOSSES, Outbox
from mixdesk.transports import backlog, choose
from mixdesk.transports.event import Event


class Taking:
    """A `Carrier` that takes all and looks at the count each time."""

    most = 1_000
    full = broken = False
    pause = 0.0

    def __init__(self) -> None:
        self.seen: List[int] = []
        self.of: "backlog.Backlog"

    def connect(self, patience: float) -> bool:
        return True

    def hand_over(self, number: int, event: Event) -> None:
        self.seen.append(self.of.unsent)

    def work(self, patience: float) -> None:
        """Delivers nothing."""

    def drop(self) -> None:
        """Keeps nothing."""

    def interrupt(self) -> None:
        """Waits for nothing."""

    def close(self) -> None:
        """Holds nothing."""


def test_a_report_counts_as_unsent_from_the_queue_until_it_is_delivered(monkeypatch: pytest.MonkeyPatch) -> None:
    outbox = Outbox(100)
    carrier = Taking()
    made = carrier.of = backlog.Backlog("r", 0, outbox, Notices("r"), None)
    while_encoding: List[int] = []

    def look(data: Dict[str, Any]) -> bytes:
        while_encoding.append(made.unsent)
        return encode(data)

    monkeypatch.setattr(backlog, "encode", look)
    for step in range(3):
        outbox.put(LOSSES, "losses.measured", 0.0, {"run": "r", "step": step})
    assert made.feed(carrier, 3) == 3
    assert min(while_encoding) >= 1
    assert min(carrier.seen) >= 3
    assert made.unsent == made.in_flight == 3
    for number in range(3):
        assert made.delivered(number) is not None
    assert (made.unsent, made.acknowledged, made.waiting) == (0, 3, False)


def test_start_and_resume_reach_mixdesk_by_the_same_arguments() -> None:
    names = tuple(inspect.signature(choose).parameters)

    def reach(function: Any) -> List[Tuple[str, Any]]:
        parameters = inspect.signature(function).parameters
        return [(name, parameters[name].default) for name in names]

    assert reach(mixdesk.start) == reach(mixdesk.resume) == reach(choose)
