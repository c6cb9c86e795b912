"""What is said in Python lies in Kafka, field by field."""

import json
import math
import re
from datetime import datetime, timedelta, timezone

import numpy as np
from support import Broker, new_run

import mixdesk
from mixdesk._partition import partition_of


def test_five_lines_start_log_finish(broker: Broker) -> None:
    name = new_run()
    run = mixdesk.start(name, domains=["web", "code"], policy="odm", brokers=broker.addresses)
    for step in range(3):
        run.log_losses(step, [10.0, 20.5], [4, 8])
    run.finish()

    events = broker.events(name)
    assert [event.name for event in events] == ["run.started", *["losses.measured"] * 3, "run.finished"]
    assert events[0].data == {
        "run": name,
        "project": "default",
        "attempt": 1,
        "domains": [{"name": "web"}, {"name": "code"}],
        "policy": {"name": "odm"},
        "ranks": 1,
    }
    assert [event.data for event in events[1:4]] == [
        {"run": name, "attempt": 1, "step": step, "rank": 0, "mixtureVersion": 0, "tokens": [4, 8], "lossSum": [10.0, 20.5]} for step in range(3)
    ]
    opening = events[0].headers["ce_id"]
    assert events[4].data == {"run": name, "attempt": 1, "step": 2, "status": "completed", "openedBy": opening}
    assert run.stats == mixdesk.Stats(queued=0, sent=5, acknowledged=5, dropped=0, errors=0)


def test_every_message_is_a_cloud_event_of_its_own_in_the_partition_of_its_run(broker: Broker) -> None:
    name = new_run()
    before = datetime.now(timezone.utc)
    with mixdesk.start(name, domains=["web"], policy="odm", ranks=4, rank=3, brokers=broker.addresses) as run:
        for step in range(50):
            run.log_losses(step, [1.0], [1])
    after = datetime.now(timezone.utc)
    events = broker.events(name)
    assert len(events) == 50
    assert len({event.headers["ce_id"] for event in events}) == 50
    for event in events:
        assert event.partition == partition_of(name, 12)
        assert event.data["rank"] == 3
        assert {key: value for key, value in event.headers.items() if key not in ("ce_id", "ce_time")} == {
            "ce_specversion": "1.0",
            "ce_type": "mixdesk.losses.measured.v1",
            "ce_source": f"mixdesk-python/{name}/3",
            "content-type": "application/json",
        }
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event.headers["ce_time"])
        then = datetime.fromisoformat(event.headers["ce_time"].replace("Z", "+00:00"))
        assert before - timedelta(seconds=1) < then < after + timedelta(seconds=1)


def test_all_arguments_of_a_start_arrive(broker: Broker) -> None:
    name = new_run()
    run = mixdesk.start(
        name,
        project="demo",
        domains=[mixdesk.Domain("web", tokens=1000, group="text"), mixdesk.Domain("code", weight=None)],
        policy={"name": "odm", "config": {"warmup": 0.01}},
        ranks=1,
        horizon={"steps": 500},
        cadence=5,
        lateness=32,
        guards={"floor": 0.05, "minimumEvidence": {"steps": 2}},
        signals=["rollouts", "successes"],
        evaluations={"loss": True, "scores": ("mmlu",)},
        params={"seed": np.int64(3), "rates": (0.1, math.inf), "nested": {"on": True}},
        tags=["a", "b"],
        notes="a note",
        parent="another",
        weights=[3, 1],
        brokers=broker.addresses,
    )
    assert run.mixture.weights == (0.75, 0.25)
    run.finish("stopped", "enough")
    started, finished = broker.events(name)
    assert started.data == {
        "run": name,
        "project": "demo",
        "attempt": 1,
        "domains": [{"name": "web", "tokens": 1000, "weight": 3.0, "group": "text"}, {"name": "code", "weight": 1.0}],
        "policy": {"name": "odm", "config": {"warmup": 0.01}},
        "ranks": 1,
        "horizon": {"steps": 500},
        "cadence": 5,
        "lateness": 32,
        "guards": {"floor": 0.05, "minimumEvidence": {"steps": 2}},
        "signals": ["rollouts", "successes"],
        "evaluations": {"loss": True, "scores": ["mmlu"]},
        "params": {"seed": 3, "rates": [0.1, None], "nested": {"on": True}},
        "tags": ["a", "b"],
        "notes": "a note",
        "parent": "another",
    }
    assert finished.data == {"run": name, "attempt": 1, "step": 0, "status": "stopped", "because": "enough", "openedBy": started.headers["ce_id"]}


def test_everything_else_arrives_in_the_order_it_was_said(broker: Broker) -> None:
    name = new_run()
    run = mixdesk.start(name, domains={"web": 10, "code": None, "books": 7}, policy="odm", brokers=broker.addresses)
    run.log_metrics(0, {"gradientNorm": np.float32(0.5), "rate": 1e-3, "bad": math.nan})
    run.log_losses(1, np.array([1.5, 2.5], np.float32), np.array([3, 4]), domains=["books", 0], sequences=(1, 2), signals={"refLossSum": [0.5, 0.25]})
    run.log_evaluation(1, loss=[2.0, 3.0, 4.0], scores={"arc": 0.25})
    run.log_evaluation(1, loss=[2.0], domains=["code"])
    run.checkpoint(1, "file:///checkpoint")
    run.checkpoint(2)
    run.annotate(params={"x": 1}, tags=["t"], notes="n")
    run.log_losses(3, [1, 2, 3], [1.0, 2.0, 0.0], mixture_version=7)
    run.finish("failed", "out of memory")
    events = broker.events(name)
    base = {"run": name, "attempt": 1}
    assert [(event.name, event.data) for event in events[1:]] == [
        ("metrics.logged", {**base, "step": 0, "rank": 0, "names": ["gradientNorm", "rate", "bad"], "values": [0.5, 0.001, None]}),
        (
            "losses.measured",
            {
                **base,
                "step": 1,
                "rank": 0,
                "mixtureVersion": 0,
                "domains": [2, 0],
                "tokens": [3, 4],
                "lossSum": [1.5, 2.5],
                "sequences": [1, 2],
                "signals": {"refLossSum": [0.5, 0.25]},
            },
        ),
        ("evaluation.measured", {**base, "step": 1, "loss": [2.0, 3.0, 4.0], "scores": {"arc": 0.25}}),
        ("evaluation.measured", {**base, "step": 1, "domains": [1], "loss": [2.0]}),
        ("checkpoint.saved", {**base, "step": 1, "uri": "file:///checkpoint"}),
        ("checkpoint.saved", {**base, "step": 2}),
        ("run.annotated", {"run": name, "params": {"x": 1}, "tags": ["t"], "notes": "n"}),
        ("losses.measured", {**base, "step": 3, "rank": 0, "mixtureVersion": 7, "tokens": [1, 2, 0], "lossSum": [1.0, 2.0, 3.0]}),
        ("run.finished", {**base, "step": 3, "status": "failed", "because": "out of memory", "openedBy": events[0].headers["ce_id"]}),
    ]


def test_numbers_that_are_not_finite_become_null_and_counts_stay_integers(broker: Broker) -> None:
    name = new_run()
    losses = np.array([np.nan, np.inf, -np.inf, 1.25])
    with mixdesk.start(name, domains=list("abcd"), policy="odm", brokers=broker.addresses) as run:
        run.log_losses(0, losses, np.array([1, 2, 3, 2**53 - 1]))
        losses[:] = 0  # the caller may reuse its buffer at once
    data = broker.events(name, "losses.measured")[0].data
    assert data["lossSum"] == [None, None, None, 1.25]
    assert json.dumps(data["tokens"]) == "[1, 2, 3, 9007199254740991]"


def test_doubles_survive_the_journey_to_the_bit(broker: Broker) -> None:
    name = new_run()
    losses = [0.1 + 0.2, 1e-320, 1.7976931348623157e308, 5e-324]
    with mixdesk.start(name, domains=list("abcd"), policy="odm", brokers=broker.addresses) as run:
        run.log_losses(0, losses, [1] * 4)
    assert broker.events(name, "losses.measured")[0].data["lossSum"] == losses


def test_the_largest_run_fits_in_a_message(broker: Broker) -> None:
    name = new_run()
    domains = [f"{'d' * 120}{i}" for i in range(4096)]
    with mixdesk.start(name, domains=domains, policy="odm", brokers=broker.addresses) as run:
        run.log_losses(0, [1 / 3] * 4096, [10**6] * 4096, signals={"refLossSum": [2 / 3] * 4096})
    started, losses, _ = broker.events(name)
    assert [d["name"] for d in started.data["domains"]] == domains
    assert losses.data["lossSum"] == [1 / 3] * 4096


def test_only_rank_0_tells_of_the_start_and_the_end(broker: Broker) -> None:
    name = new_run()
    with mixdesk.start(name, domains=["web"], policy="odm", ranks=2, rank=1, brokers=broker.addresses) as run:
        run.log_losses(0, [1.0], [1])
    assert [event.name for event in broker.events(name)] == ["losses.measured"]
