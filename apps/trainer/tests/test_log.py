"""`log`: the common case in one call, however the numbers come."""

import logging
import math
from typing import Any, Callable, Iterator, List, Tuple

import numpy as np
import pytest
from support import Broker, new_run, until

import mixdesk

DOMAINS = ["web", "code", "books"]


@pytest.fixture(scope="module")
def strict(broker: Broker) -> Iterator[mixdesk.Run]:
    with mixdesk.start(new_run(), domains=DOMAINS, policy="odm", strict=True, brokers=broker.addresses) as run:
        yield run


class Scalar:
    """As a tensor of no dimensions behaves where it has a gradient: it says its number, but gives no float without a warning."""

    def __init__(self, value: float) -> None:
        self._value = value

    def item(self) -> float:
        return self._value


def test_the_same_step_in_every_form_is_the_same_message(broker: Broker) -> None:
    name = new_run()
    forms: List[Any] = [
        {"losses": [3.0, 0.5, 8.0], "tokens": [6, 1, 4]},
        {"losses": np.array([3.0, 0.5, 8.0], np.float32), "tokens": np.array([6, 1, 4], np.uint16)},
        {"losses": {"code": 0.5, "books": 8.0, "web": 3.0}, "tokens": {"books": 4, "web": 6, "code": 1}},
        {"losses": {"code": np.float32(0.5), "books": Scalar(8.0), "web": 3}, "tokens": {"books": np.int64(4), "web": Scalar(6.0), "code": 1.0}},
        {"losses": [Scalar(3.0), Scalar(0.5), Scalar(8.0)], "tokens": (6, 1, 4)},
        {"losses": {"code": 0.5, "books": 8.0, "web": 3.0}, "tokens": [6, 1, 4]},
        {"losses": [3.0, 0.5, 8.0], "tokens": {"books": 4, "web": 6, "code": 1}},
        {"mean_losses": [0.5, 0.5, 2.0], "tokens": [6, 1, 4]},
        {"mean_losses": {"web": 0.5, "books": 2.0, "code": 0.5}, "tokens": {"books": 4, "web": 6, "code": 1}},
    ]
    with mixdesk.start(name, domains=DOMAINS, policy="odm", strict=True, brokers=broker.addresses) as run:
        for step, form in enumerate(forms):
            run.log(step, **form)
    assert [event.data for event in broker.events(name, "losses.measured")] == [
        {"run": name, "attempt": 1, "step": step, "rank": 0, "mixtureVersion": 0, "tokens": [6, 1, 4], "lossSum": [3.0, 0.5, 8.0]}
        for step in range(len(forms))
    ]


def test_domains_may_be_left_out_and_everything_else_follows_their_names(broker: Broker) -> None:
    name = new_run()
    with mixdesk.start(name, domains=DOMAINS, policy="odm", strict=True, brokers=broker.addresses) as run:
        run.log(
            4,
            losses={"books": 8.0, "web": 3.0},
            tokens={"web": 6, "books": 4},
            sequences={"books": 1, "web": 2},
            signals={"refLossSum": {"books": 7.0, "web": 2.0}},
            metrics={"rate": Scalar(0.25)},
            mixture_version=9,
        )
        run.log(5, losses=[8.0, 3.0], tokens=[4, 6], domains=["books", "web"])
        run.log(6, metrics={"rate": 0.5})
        run.log_evaluation(6, loss={"books": 2.0, "code": 1.0})
    events = broker.events(name)
    base = {"run": name, "attempt": 1}
    assert [(event.name, event.data) for event in events[1:-1]] == [
        ("metrics.logged", {**base, "step": 4, "rank": 0, "names": ["rate"], "values": [0.25]}),
        (
            "losses.measured",
            {
                **base,
                "step": 4,
                "rank": 0,
                "mixtureVersion": 9,
                "domains": [0, 2],
                "tokens": [6, 4],
                "lossSum": [3.0, 8.0],
                "sequences": [2, 1],
                "signals": {"refLossSum": [2.0, 7.0]},
            },
        ),
        ("losses.measured", {**base, "step": 5, "rank": 0, "mixtureVersion": 0, "domains": [2, 0], "tokens": [4, 6], "lossSum": [8.0, 3.0]}),
        ("metrics.logged", {**base, "step": 6, "rank": 0, "names": ["rate"], "values": [0.5]}),
        ("evaluation.measured", {**base, "step": 6, "domains": [1, 2], "loss": [1.0, 2.0]}),
    ]


@pytest.mark.parametrize(
    ("argument", "given", "says"),
    [
        ("losses", {}, "`mean_losses` or `metrics`"),
        ("losses", {"tokens": [1, 2, 3]}, "`mean_losses` or `metrics`"),
        ("tokens", {"losses": [1, 2, 3]}, "with `losses`"),
        ("tokens", {"mean_losses": [1, 2, 3]}, "with `mean_losses`"),
        ("mean_losses", {"losses": [1, 2, 3], "mean_losses": [1, 2, 3], "tokens": [1, 2, 3]}, "one of the two"),
        ("losses", {"losses": [1, 2], "tokens": [1, 2, 3]}, "3 entries"),
        ("losses", {"losses": np.ones((3, 2)), "tokens": [1, 2, 3]}, "numbers only"),
        ("losses", {"losses": {"wiki": 1.0}, "tokens": {"wiki": 1}}, "unknown domain 'wiki'"),
        ("losses", {"losses": {}, "tokens": {}}, "no domain"),
        ("losses", {"losses": {"web": "much"}, "tokens": {"web": 1}}, "numbers only"),
        ("losses", {"losses": {"web": np.ones(2)}, "tokens": {"web": 1}}, "numbers only"),
        ("tokens", {"losses": {"web": 1.0}, "tokens": {"code": 1}}, "lacks the domain 'web'"),
        ("tokens", {"losses": {"web": 1.0}, "tokens": {"web": 1, "code": 1}}, "names 'code'"),
        ("tokens", {"losses": {"web": 1.0}, "tokens": [1]}, "by domain name, as `losses`"),
        ("tokens", {"losses": {"web": 1.0}, "tokens": {"web": -1}}, "entry 0 is -1"),
        ("tokens", {"losses": [1, 2, 3], "tokens": {"web": 1}}, "lacks the domain 'code'"),
        ("tokens", {"mean_losses": [1, 2, 3], "tokens": [1, -2, 3]}, "entry 1 is -2"),
        ("tokens", {"losses": [1, 2, 3], "tokens": [1, 2, math.nan]}, "entry 2 is nan"),
        ("domains", {"losses": {"web": 1.0}, "tokens": {"web": 1}, "domains": ["web"]}, "left out"),
        ("sequences", {"losses": {"web": 1.0}, "tokens": {"web": 1}, "sequences": [1]}, "by domain name"),
        ("signals['a']", {"losses": {"web": 1.0}, "tokens": {"web": 1}, "signals": {"a": {"code": 1.0}}}, "lacks the domain"),
        ("metrics", {"metrics": {}}, "a mapping"),
        ("metrics", {"losses": [1, 2, 3], "tokens": [1, 2, 3], "metrics": {"rate": "high"}}, "numbers only"),
    ],
)
def test_what_is_wrong_is_said_with_its_argument(strict: mixdesk.Run, argument: str, given: Any, says: str) -> None:
    with pytest.raises(mixdesk.ArgumentError, match=says) as raised:
        strict.log(0, **given)
    assert raised.value.argument == argument


def test_a_call_that_is_wrong_in_part_reports_nothing(broker: Broker) -> None:
    name = new_run()
    with mixdesk.start(name, domains=DOMAINS, policy="odm", brokers=broker.addresses) as run:
        run.log(0, losses=[1, 2, 3], tokens=[1, 2, 3], metrics={"rate": "high"})
        run.log(1, losses=[1, 2], tokens=[1, 2, 3], metrics={"rate": 1})
        run.log(2.5, losses=[1, 2, 3], tokens=[1, 2, 3])  # type: ignore[arg-type]
        assert run.stats.errors == 3
        assert run.step == -1
    assert [event.name for event in broker.events(name)] == ["run.started", "run.finished"]


@pytest.mark.parametrize(
    "report",
    [
        lambda run, step, losses: run.log(step, losses=losses, tokens=[1, 1, 0]),
        lambda run, step, losses: run.log(step, mean_losses=losses, tokens=[1, 1, 0]),
        lambda run, step, losses: run.log_losses(step, losses, [1, 1, 0]),
    ],
)
def test_a_loss_that_is_not_finite_becomes_null_is_counted_and_said_once_a_domain(
    broker: Broker, caplog: pytest.LogCaptureFixture, report: "Callable[[mixdesk.Run, int, List[float]], None]"
) -> None:
    name = new_run()
    with caplog.at_level(logging.WARNING, logger="mixdesk"), mixdesk.start(name, domains=DOMAINS, policy="odm", brokers=broker.addresses) as run:
        report(run, 0, [1.0, 2.0, 0.0])
        assert run.stats.errors == 0
        for step in range(1, 4):
            report(run, step, [math.nan, 2.0, 0.0])
        report(run, 4, [1.0, -math.inf, 0.0])
        report(run, 5, [1.7e308, 1.7e308, 0.0])  # the sum is not finite, but each of them is
        errors = run.stats.errors
    assert errors == 4
    said = [record.getMessage() for record in caplog.records if name in record.getMessage()]
    assert [("web was nan" in sentence, "code was -inf" in sentence) for sentence in said] == [(True, False), (False, True)]
    sent = [event.data["lossSum"] for event in broker.events(name, "losses.measured")]
    assert [[loss is None for loss in sums] for sums in sent[:5]] == [[False] * 3] + [[True, False, False]] * 3 + [[False, True, False]]


def test_the_mean_of_no_tokens_is_no_trouble(broker: Broker) -> None:
    name = new_run()
    with mixdesk.start(name, domains=DOMAINS, policy="odm", strict=True, brokers=broker.addresses) as run:
        run.log(0, mean_losses=[1.5, math.nan, 2.0], tokens=[2, 0, 3])
        assert run.stats.errors == 0
    assert broker.events(name, "losses.measured")[0].data["lossSum"] == [3.0, 0.0, 6.0]


def test_sums_of_means_equal_those_of_numpy_for_many_steps(broker: Broker) -> None:
    name, seed = new_run(), 5
    rng = np.random.default_rng(seed)
    steps: List[Tuple[Any, Any]] = [(rng.random(3) * 12, rng.integers(0, 5000, 3)) for _ in range(300)]
    with mixdesk.start(name, domains=DOMAINS, policy="odm", strict=True, brokers=broker.addresses) as run:
        for step, (means, tokens) in enumerate(steps):
            run.log(step, mean_losses=dict(zip(DOMAINS, means)), tokens=dict(zip(DOMAINS, tokens)))
    sent = [event.data["lossSum"] for event in broker.events(name, "losses.measured")]
    assert sent == [(means * tokens).tolist() for means, tokens in steps], f"seed {seed}"


def test_reports_name_the_version_that_was_in_force_when_their_step_was_drawn(broker: Broker) -> None:
    name = new_run()
    with mixdesk.start(name, domains=["web", "code"], policy="odm", strict=True, brokers=broker.addresses) as run:
        drawn = {}
        for version, step in [(1, 3), (2, 6), (5, 7)]:
            broker.command(name, version, [0.5, 0.5], fromStep=step)
        until("mixture 5 is offered", lambda: run.offered is not None and run.offered.version == 5)
        for step in range(10):  # a loader that is far ahead of training
            drawn[step] = run.boundary(step).version
        for step in range(10):
            run.log(step, losses=[1.0, 1.0], tokens=[1, 1])
    assert sorted(set(drawn.values())) == [0, 1, 2, 5]
    assert {event.data["step"]: event.data["mixtureVersion"] for event in broker.events(name, "losses.measured")} == drawn
