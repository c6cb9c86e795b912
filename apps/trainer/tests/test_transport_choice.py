"""Which way reports go."""

from pathlib import Path
from typing import Any, Dict

import pytest

import mixdesk
from mixdesk.transports import choose

VARIABLES = {"MIXDESK_KAFKA_BROKERS": "kafka:1", "MIXDESK_URL": "http://server:2", "MIXDESK_FILE": "/tmp/file.jsonl"}


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("given", "told", "chosen"),
    [
        ({}, [], "KafkaTransport(bootstrap.servers='127.0.0.1:19092')"),
        ({}, ["MIXDESK_KAFKA_BROKERS", "MIXDESK_URL", "MIXDESK_FILE"], "KafkaTransport(bootstrap.servers='kafka:1')"),
        ({}, ["MIXDESK_URL", "MIXDESK_FILE"], "HttpTransport(http://server:2)"),
        ({}, ["MIXDESK_FILE"], "FileTransport('/tmp/file.jsonl')"),
        ({"brokers": "b:3"}, ["MIXDESK_KAFKA_BROKERS", "MIXDESK_URL"], "KafkaTransport(bootstrap.servers='b:3')"),
        ({"url": "https://s:3/below/"}, ["MIXDESK_KAFKA_BROKERS"], "HttpTransport(https://s:3/below)"),
        ({"url": "s:3"}, [], "HttpTransport(http://s:3)"),
        ({"file": Path("/tmp/x")}, ["MIXDESK_KAFKA_BROKERS"], "FileTransport('/tmp/x')"),
        ({"brokers": "b:3", "kafka": {"bootstrap.servers": "c:4"}}, [], "KafkaTransport(bootstrap.servers='c:4')"),
    ],
)
def test_what_is_given_goes_before_what_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, given: Dict[str, Any], told: "list[str]", chosen: str
) -> None:
    for name in told:
        monkeypatch.setenv(name, VARIABLES[name])
    assert repr(choose(**given)) == chosen


@pytest.mark.parametrize(
    ("given", "argument"),
    [
        ({"brokers": "a:1", "url": "http://b"}, "url"),
        ({"url": "http://b", "file": "x"}, "file"),
        ({"brokers": 7}, "brokers"),
        ({"url": 7}, "url"),
        ({"url": ""}, "url"),
        ({"url": "ftp://b"}, "url"),
        ({"url": "http://b:port"}, "url"),
        ({"url": "http://b?x=1"}, "url"),
        ({"url": "http://b", "headers": ["a"]}, "headers"),
        ({"url": "http://b", "headers": {"a": 1}}, "headers"),
        ({"url": "http://b", "headers": {"a": "b\r\nc: d"}}, "headers"),
        ({"brokers": "a:1", "headers": {}}, "headers"),
        ({"url": "http://b", "kafka": {}}, "kafka"),
        ({"kafka": "x"}, "kafka"),
        ({"file": ""}, "file"),
        ({"file": 7}, "file"),
        ({"spool": 7}, "spool"),
        ({"spool_bytes": 0}, "spool_bytes"),
    ],
)
def test_wrong_arguments_are_named_at_the_start(given: Dict[str, Any], argument: str) -> None:
    with pytest.raises(mixdesk.ArgumentError) as raised:
        mixdesk.start("r", domains=["web"], policy="odm", **given)
    assert raised.value.argument == argument


def test_a_password_in_a_wrong_address_is_not_repeated() -> None:
    with pytest.raises(mixdesk.ArgumentError) as raised:
        choose(url="ftp://user:s3cr3t@host")
    assert "s3cr3t" not in str(raised.value)
