"""An event on its way: what goes into Kafka, over HTTP, and into files."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any, Dict, List, Optional, Tuple

from .._checks import encode

LARGEST_MESSAGE = 1024 * 1024
"""Bytes of data that Mixdesk accepts in one event."""


class Event:
    """A CloudEvents 1.0 event. It keeps its id however often, and by whichever way, it is sent."""

    __slots__ = ("data", "id", "run", "source", "subject", "time", "type")

    def __init__(self, *, id: str, type: str, source: str, run: str, data: bytes, time: Optional[str] = None, subject: Optional[str] = None) -> None:
        self.id = id
        self.type = type
        self.source = source
        self.run = run
        """The run that it is about: the key of its Kafka message."""
        self.data = data
        """JSON, UTF-8."""
        self.time = time
        self.subject = subject

    @property
    def name(self) -> str:
        """Short name, such as `losses.measured`."""
        return self.type[len("mixdesk.") : -len(".v1")] if self.type.startswith("mixdesk.") and self.type.endswith(".v1") else self.type

    def headers(self) -> List[Tuple[str, bytes]]:
        """The attributes as headers of a Kafka message, in binary mode."""
        optional = {"ce_time": self.time, "ce_subject": self.subject}
        return [
            ("ce_specversion", b"1.0"),
            ("ce_id", self.id.encode()),
            ("ce_type", self.type.encode()),
            ("ce_source", self.source.encode()),
            *((key, value.encode()) for key, value in optional.items() if value is not None),
            ("content-type", b"application/json"),
        ]

    def json(self) -> bytes:
        """The event in structured mode: one line, without its end."""
        attributes: Dict[str, Any] = {"specversion": "1.0", "id": self.id, "type": self.type, "source": self.source}
        if self.time is not None:
            attributes["time"] = self.time
        if self.subject is not None:
            attributes["subject"] = self.subject
        attributes["datacontenttype"] = "application/json"
        return b'%s,"data":%s}' % (encode(attributes)[:-1], self.data)


def moment(seconds: float) -> str:
    """A time of `time.time()` as it stands in an event. Nothing but people's eyes depends on it."""
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read_event(line: bytes) -> Event:
    """The event of a line. Raises a ValueError with a sentence where there is none."""
    try:
        value = json.loads(line)
    except ValueError as error:  # UnicodeDecodeError is one, too
        raise ValueError(f"is not JSON ({error})") from None
    if not isinstance(value, dict):
        raise ValueError("is not a JSON object")
    if value.get("specversion") != "1.0":
        raise ValueError(f"is not a CloudEvents 1.0 event: its `specversion` is {value.get('specversion')!r}")
    for key in ("id", "type", "source"):
        if not isinstance(value.get(key), str) or not value[key]:
            raise ValueError(f"has no `{key}`")
    if not (value["type"].startswith("mixdesk.") and value["type"].endswith(".v1")):
        raise ValueError(f"is of the type {value['type']!r}; mixdesk.<name>.v1 is expected")
    data = value.get("data")
    if not isinstance(data, dict) or not isinstance(data.get("run"), str):
        raise ValueError("has no `data` that names a `run`")
    encoded = encode(data)
    if len(encoded) > LARGEST_MESSAGE:
        raise ValueError(f"holds {len(encoded)} bytes of data; at most {LARGEST_MESSAGE} are accepted")
    optional = {key: value[key] for key in ("time", "subject") if isinstance(value.get(key), str)}
    return Event(id=value["id"], type=value["type"], source=value["source"], run=data["run"], data=encoded, **optional)
