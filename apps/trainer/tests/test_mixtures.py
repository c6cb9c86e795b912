"""Mixtures arrive, are taken at a boundary at or after `fromStep`, and are confirmed once."""

import json
import logging
from typing import Iterator

import pytest
from support import Broker, new_run, until

import mixdesk


@pytest.fixture
def run(broker: Broker) -> Iterator[mixdesk.Run]:
    with mixdesk.start(new_run(), domains=["web", "code"], policy="odm", strict=True, brokers=broker.addresses) as run:
        yield run


def offered(run: mixdesk.Run, version: int) -> None:
    until(f"mixture {version} is offered", lambda: run.offered is not None and run.offered.version == version)


def test_a_mixture_is_taken_at_its_step_and_confirmed_once(broker: Broker, run: mixdesk.Run) -> None:
    assert run.mixture == mixdesk.Mixture(0, (0.5, 0.5), ("web", "code"))
    controls = {"temperature": 2}
    broker.command(run.name, 1, [0.1, 0.9], domains=["code", "web"], fromStep=12, controls=controls, meaning="lossMultiplier")
    offered(run, 1)
    assert run.boundary(11).version == 0
    run.log_losses(11, [1.0, 1.0], [1, 1])
    taken = run.boundary(12)
    assert taken == mixdesk.Mixture(
        version=1,
        weights=(0.9, 0.1),  # in the run's order of domains
        domains=("web", "code"),
        from_step=12,
        meaning="lossMultiplier",
        controls=controls,
        lifecycle="train",
        decided_at_step=9,
        because="a test wants it",
        decision_id="decision-1",
    )
    assert run.mixture is taken
    assert taken.weight("code") == 0.1
    assert run.offered is None
    run.log_losses(12, [1.0, 1.0], [1, 1])
    assert run.boundary(13) is taken
    run.finish()
    assert [event.data for event in broker.events(run.name, "mixture.applied")] == [
        {"run": run.name, "attempt": 1, "version": 1, "step": 12, "rank": 0}
    ]
    assert [event.data["mixtureVersion"] for event in broker.events(run.name, "losses.measured")] == [0, 1]


def test_the_newest_that_may_be_used_is_taken_and_the_ones_before_are_skipped(broker: Broker, run: mixdesk.Run) -> None:
    for version, step in [(1, 1), (2, 2), (3, 10)]:
        broker.command(run.name, version, [0.5, 0.5], fromStep=step)
    offered(run, 3)
    assert run.boundary(5).version == 2
    assert run.boundary(10).version == 3
    run.finish()
    assert [event.data["version"] for event in broker.events(run.name, "mixture.applied")] == [2, 3]


def test_what_was_seen_is_dropped_older_or_repeated(broker: Broker, run: mixdesk.Run) -> None:
    broker.command(run.name, 5, [0.2, 0.8])
    offered(run, 5)
    run.boundary(1)
    broker.command(run.name, 4, [0.9, 0.1])
    broker.command(run.name, 5, [0.9, 0.1])
    broker.command(run.name, 6, [0.3, 0.7], attempt=0)
    broker.raw_command(run.name, None)
    broker.raw_command(run.name, b"{")
    broker.raw_command(run.name, b"[]")
    broker.raw_command(run.name, b'{"version": "x"}')
    broker.raw_command(run.name, b"{}", kind="mixdesk.something.v9")
    broker.command(run.name + "x", 9, [0.9, 0.1])
    broker.command(run.name, 7, [0.4, 0.6])
    offered(run, 7)
    assert run.mixture.weights == (0.2, 0.8)
    assert run.boundary(2).weights == (0.4, 0.6)
    run.finish()
    assert [event.data["version"] for event in broker.events(run.name, "mixture.applied")] == [5, 7]


def test_a_mixture_from_before_the_start_is_found(broker: Broker) -> None:
    name = new_run()
    broker.command(name, 3, [0.25, 0.75])
    with mixdesk.start(name, domains=["web", "code"], policy="odm", brokers=broker.addresses) as run:
        until("mixture 3", lambda: run.boundary(0).version == 3)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"weights": [0.5, 0.6]}, "sum to 1.1"),
        ({"weights": [-0.5, 1.5]}, "not negative"),
        ({"weights": [None, 1.0]}, "finite"),
        ({"weights": [1.0]}, "same length"),
        ({"domains": ["web", "books"]}, "not the 2 domains"),
        ({"domains": ["web", "web"]}, "not the 2 domains"),
        ({"fromStep": -1}, "fromStep"),
        ({"meaning": "vibes"}, "vibes"),
        ({"lifecycle": {"restartFrom": {}}}, "lifecycle"),
    ],
)
def test_a_mixture_that_makes_no_sense_is_refused_with_a_reason(broker: Broker, run: mixdesk.Run, fields: "dict[str, object]", says: str) -> None:
    run.boundary(4)
    broker.command(run.name, 1, **{"weights": [0.5, 0.5], **fields})  # type: ignore[arg-type]
    broker.command(run.name, 2, [0.4, 0.6])
    offered(run, 2)
    assert run.boundary(5).version == 2
    run.finish()
    refused = broker.events(run.name, "mixture.refused")
    assert len(refused) == 1
    because = refused[0].data.pop("because")
    assert says in because
    assert refused[0].data == {"run": run.name, "attempt": 1, "version": 1, "step": 4}


def test_a_trainer_may_refuse_before_and_after(broker: Broker, run: mixdesk.Run) -> None:
    broker.command(run.name, 1, [0.2, 0.8])
    offered(run, 1)
    run.boundary(1)
    broker.command(run.name, 2, [0.3, 0.7])
    offered(run, 2)
    run.refuse(2, "no more code")
    assert run.boundary(2).version == 1
    run.refuse(1, "none at all")
    assert run.mixture.version == 0
    run.finish()
    refused = broker.events(run.name, "mixture.refused")
    assert [(event.data["version"], event.data["because"]) for event in refused] == [(2, "no more code"), (1, "none at all")]


def test_stop_is_seen_at_its_step(broker: Broker, run: mixdesk.Run) -> None:
    broker.command(run.name, 1, [0.5, 0.5], fromStep=20, lifecycle="stop")
    offered(run, 1)
    run.boundary(19)
    assert [run.should_stop, run.boundary(20) and run.should_stop] == [False, True]
    assert run.restart_from is None


def test_a_restart_names_its_checkpoint(broker: Broker, run: mixdesk.Run) -> None:
    broker.command(run.name, 1, [0.5, 0.5], lifecycle={"restartFrom": {"run": "other", "step": 7, "uri": "s3://x"}})
    offered(run, 1)
    assert run.boundary(1).lifecycle == "restart"
    assert run.should_stop
    assert run.restart_from == mixdesk.RestartFrom("other", 7, "s3://x")


def test_structured_mode_is_understood(broker: Broker, run: mixdesk.Run) -> None:
    broker.command(run.name, 1, [0.5, 0.5])
    data = {
        "run": run.name,
        "attempt": 1,
        "version": 2,
        "fromStep": 0,
        "domains": ["web", "code"],
        "weights": [0.1, 0.9],
        "meaning": "samplingProbability",
    }
    event = {"specversion": "1.0", "id": "1", "source": "x", "type": "mixdesk.mixture.set.v1", "data": data}
    broker.raw_command(run.name, json.dumps(event).encode(), kind=None)
    offered(run, 2)


def test_a_resumed_run_is_a_new_attempt_and_old_offers_are_void(broker: Broker, run: mixdesk.Run) -> None:
    run.boundary(20)
    run.log_losses(20, [1.0, 1.0], [1, 1])
    broker.command(run.name, 1, [0.2, 0.8], fromStep=30)
    offered(run, 1)
    run.resume(10)
    assert run.attempt == 2
    assert run.offered is None
    broker.command(run.name, 2, [0.1, 0.9], attempt=1)
    broker.command(run.name, 3, [0.3, 0.7], attempt=2, fromStep=11)
    offered(run, 3)
    assert run.boundary(11).weights == (0.3, 0.7)
    run.log_losses(11, [1.0, 1.0], [1, 1])
    run.finish()
    events = broker.events(run.name)
    assert [(event.name, event.data.get("attempt"), event.data.get("step")) for event in events] == [
        ("run.started", 1, None),
        ("losses.measured", 1, 20),
        ("run.resumed", 2, 10),
        ("mixture.applied", 2, 11),
        ("losses.measured", 2, 11),
        ("run.finished", 2, 11),
    ]
    assert events[2].data == {"run": run.name, "attempt": 2, "step": 10, "ranks": 1}


def test_a_run_goes_on_in_a_new_process(broker: Broker) -> None:
    name = new_run()
    broker.command(name, 4, [0.2, 0.8])
    saved = mixdesk.Mixture(3, (0.3, 0.7), ("web", "code"))
    with mixdesk.resume(name, step=7, attempt=2, domains=["web", "code"], mixture=saved, brokers=broker.addresses) as run:
        assert run.mixture is saved
        run.log_losses(8, [1.0, 1.0], [1, 1])
        broker.command(name, 5, [0.1, 0.9], attempt=2)
        until("mixture 5", lambda: run.boundary(9).version == 5)
    events = broker.events(name)
    assert [event.name for event in events] == ["run.resumed", "losses.measured", "mixture.applied", "run.finished"]
    assert events[1].data["mixtureVersion"] == 3
    with pytest.raises(mixdesk.ArgumentError, match="other domains"):
        mixdesk.resume(name, step=7, attempt=2, domains=["code", "web"], mixture=saved)


def test_a_command_of_an_unknown_type_is_passed_over_in_silence(broker: Broker, run: mixdesk.Run, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="mixdesk"):
        broker.raw_command(run.name, b'{"attempt": 9}', kind="mixdesk.something.v9")
        broker.command(run.name, 1, [0.5, 0.5])
        offered(run, 1)
    said = [(record.levelname, record.getMessage()) for record in caplog.records if run.name in record.getMessage()]
    assert [(level, "mixdesk.something.v9" in sentence) for level, sentence in said] == [("DEBUG", True)]
    assert run.stats.errors == 0
