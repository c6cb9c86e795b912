"""Ways to reach Mixdesk: Kafka, HTTP, or a file that is sent later."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Mapping, Optional, Union

from .. import _checks as checks
from .._errors import ArgumentError
from .base import Receiver, Reporter, Take, Transport
from .spool import SpoolIn, default_folder

BROKERS = "127.0.0.1:19092"
SPOOL_BYTES = 1 << 30

__all__ = ["BROKERS", "SPOOL_BYTES", "Receiver", "Reporter", "Take", "Transport", "choose"]


def choose(
    *,
    brokers: Optional[str] = None,
    url: Optional[str] = None,
    file: Union[str, "os.PathLike[str]", None] = None,
    kafka: Optional[Mapping[str, Any]] = None,
    headers: Optional[Mapping[str, str]] = None,
    spool: Union[str, "os.PathLike[str]", bool, None] = None,
    spool_bytes: int = SPOOL_BYTES,
) -> Transport:
    """The transport for these arguments. One of `brokers`, `url` and `file` may be given; without any, what
    `MIXDESK_KAFKA_BROKERS`, `MIXDESK_URL` or `MIXDESK_FILE` say (in this order), else Kafka on this machine.

    `kafka` holds settings of librdkafka, `headers` go with every HTTP request. `spool` is the folder for reports that
    cannot be sent yet (left out: `MIXDESK_SPOOL`, else the user's cache folder; `False`: none), `spool_bytes` its bound.
    """
    given = [(name, value) for name, value in (("brokers", brokers), ("url", url), ("file", file)) if value is not None]
    if len(given) > 1:
        raise ArgumentError(given[1][0], f"was given along with `{given[0][0]}`; give one of `brokers`, `url` and `file`.")
    kind = given[0][0] if given else None
    if kafka is not None and kind in ("url", "file"):
        raise ArgumentError("kafka", f"holds settings of Kafka, but `{kind}` was given.")
    if headers is not None and kind in ("brokers", "file"):
        raise ArgumentError("headers", f"goes with HTTP requests, but `{kind}` was given.")
    if kind is None:
        brokers = os.environ.get("MIXDESK_KAFKA_BROKERS") or None
        url = None if brokers else os.environ.get("MIXDESK_URL") or None
        file = None if brokers or url else os.environ.get("MIXDESK_FILE") or None
    place = _spool(spool, spool_bytes)
    if url is not None:
        from .http import HttpTransport

        return HttpTransport(url, headers, place)
    if file is not None:
        from .file import FileTransport

        return FileTransport(_path("file", file))
    from .kafka import KafkaTransport

    return KafkaTransport(checks.text("brokers", brokers or BROKERS, 65_536), _settings(kafka), place)


def _spool(spool: Union[str, "os.PathLike[str]", bool, None], most: int) -> Optional[SpoolIn]:
    checks.integer("spool_bytes", most, 1)
    if spool is False:
        return None
    return SpoolIn(default_folder() if spool is None or spool is True else _path("spool", spool), most)


def _path(argument: str, value: Union[str, "os.PathLike[str]"]) -> Path:
    try:
        path = Path(value)
    except TypeError:
        path = Path()
    if not path.name:
        raise ArgumentError(argument, f"should be a path, got {checks.show(value)}.")
    return path.expanduser()


def _settings(kafka: Optional[Mapping[str, Any]]) -> Optional[Mapping[str, Any]]:
    if kafka is not None and not isinstance(kafka, Mapping):
        raise ArgumentError("kafka", f"should be a mapping of librdkafka's settings, got a {type(kafka).__name__}.")
    return kafka
