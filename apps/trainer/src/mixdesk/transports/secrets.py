"""What must not be read in a log."""

from __future__ import annotations

import re
from typing import Any, Mapping
from urllib.parse import urlsplit, urlunsplit

_SECRET = re.compile(r"password|secret|token|oauth|\.pem\Z|jaas|userinfo|authorization|cookie|api-?key", re.IGNORECASE)
"""Settings of librdkafka and headers of HTTP whose values are nobody's business."""


def hidden(sentence: str, settings: Mapping[str, Any]) -> str:
    """A sentence without the values of secret settings."""
    for key, value in settings.items():
        if _SECRET.search(key) and isinstance(value, str) and value:
            sentence = sentence.replace(value, "****")
    return sentence


def shown(settings: Mapping[str, Any]) -> str:
    """Settings as they may stand in a `repr`."""
    return ", ".join(f"{key}={'****' if _SECRET.search(key) else value!r}" for key, value in settings.items() if not callable(value))


def address(url: str) -> str:
    """A URL without the name and the password in it."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
