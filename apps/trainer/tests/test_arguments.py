"""What is wrong with an argument is said with its name: raised under strict, logged once and counted otherwise."""

import logging
from typing import Any, Callable, Iterator, List

import pytest
from support import Broker, new_run

import mixdesk


@pytest.fixture(scope="module")
def strict(broker: Broker) -> Iterator[mixdesk.Run]:
    run = mixdesk.start(new_run(), domains=["web", "code"], policy="odm", strict=True, brokers=broker.addresses)
    yield run
    run.finish()


WRONG: List[Any] = [
    ("step", lambda run: run.log_losses(-1, [1, 2], [1, 2]), "from 0"),
    ("step", lambda run: run.log_losses(1.5, [1, 2], [1, 2]), "an integer"),
    ("step", lambda run: run.log_losses(True, [1, 2], [1, 2]), "an integer"),
    ("loss_sum", lambda run: run.log_losses(0, [1], [1, 2]), "2 entries"),
    ("loss_sum", lambda run: run.log_losses(0, ["1", 2], [1, 2]), "numbers only"),
    ("loss_sum", lambda run: run.log_losses(0, 3.0, [1, 2]), "a sequence"),
    ("loss_sum", lambda run: run.log_losses(0, [[1, 2]], [1, 2]), "entries|numbers only"),
    ("tokens", lambda run: run.log_losses(0, [1, 2], [1, 2, 3]), "2 entries"),
    ("tokens", lambda run: run.log_losses(0, [1, 2], [1, -2]), "entry 1 is -2"),
    ("tokens", lambda run: run.log_losses(0, [1, 2], [1, 2.5]), "entry 1 is 2.5"),
    ("tokens", lambda run: run.log_losses(0, [1, 2], [1, float("nan")]), "entry 1 is nan"),
    ("tokens", lambda run: run.log_losses(0, [1, 2], [2**53, 1]), "entry 0 is"),
    ("tokens", lambda run: run.log_losses(0, [1, 2], [2**80, 1]), "entry 0 is"),
    ("domains", lambda run: run.log_losses(0, [1], [1], domains=["books"]), "unknown domain 'books'"),
    ("domains", lambda run: run.log_losses(0, [1], [1], domains=[2]), "from 0 to 1"),
    ("domains", lambda run: run.log_losses(0, [1, 2], [1, 2], domains=["web", 0]), "twice"),
    ("sequences", lambda run: run.log_losses(0, [1, 2], [1, 2], sequences=[1]), "2 entries"),
    ("signals['a']", lambda run: run.log_losses(0, [1, 2], [1, 2], signals={"a": [1]}), "2 entries"),
    ("signals", lambda run: run.log_losses(0, [1, 2], [1, 2], signals={"1a": [1, 2]}), "a letter"),
    ("mixture_version", lambda run: run.log_losses(0, [1, 2], [1, 2], mixture_version=-1), "from 0"),
    ("loss", lambda run: run.log_evaluation(0), "`scores`"),
    ("scores", lambda run: run.log_evaluation(0, scores={"arc": "high"}), "numbers only"),
    ("metrics", lambda run: run.log_metrics(0, {}), "a mapping"),
    ("uri", lambda run: run.checkpoint(0, 5), "a text"),
    ("tags", lambda run: run.annotate(tags="one"), "a list"),
    ("params", lambda run: run.annotate(params={"x": object()}), "JSON"),
    ("version", lambda run: run.refuse(0, "no"), "from 1"),
    ("step", lambda run: run.boundary(None), "an integer"),
    ("attempt", lambda run: run.resume(0, attempt=1), "from 2"),
]


@pytest.mark.parametrize(("argument", "call", "says"), WRONG)
def test_strict_raises_an_error_that_names_the_argument(strict: mixdesk.Run, argument: str, call: Callable[[Any], None], says: str) -> None:
    with pytest.raises(mixdesk.ArgumentError, match=says) as raised:
        call(strict)
    assert raised.value.argument == argument
    assert isinstance(raised.value, ValueError)


def test_otherwise_nothing_raises_and_each_cause_is_said_once(broker: Broker, caplog: pytest.LogCaptureFixture) -> None:
    name = new_run()
    run = mixdesk.start(name, domains=["web", "code"], policy="odm", brokers=broker.addresses)
    with caplog.at_level(logging.WARNING, logger="mixdesk"):
        for _ in range(3):
            for _, call, _ in WRONG:
                call(run)
    run.finish()
    run.log_losses(0, [1, 2], [1, 2])
    assert run.stats.errors == 3 * len(WRONG) + 1
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == len(set(said))
    assert sum("log_losses was ignored: `tokens`" in sentence for sentence in said) == 1
    assert [event.name for event in broker.events(name)] == ["run.started", "run.finished"]


def test_reporting_after_the_end_is_an_error_of_its_own(broker: Broker) -> None:
    run = mixdesk.start(new_run(), domains=["web"], policy="odm", strict=True, brokers=broker.addresses)
    run.finish()
    run.finish("failed")  # a second end changes nothing
    with pytest.raises(mixdesk.RunOver, match="log_losses"):
        run.log_losses(0, [1], [1])


@pytest.mark.parametrize(
    ("argument", "changed"),
    [
        ("run", {"run": "a run"}),
        ("run", {"run": "x" * 129}),
        ("run", {"run": "x\n"}),
        ("project", {"project": ""}),
        ("domains", {"domains": []}),
        ("domains", {"domains": "web"}),
        ("domains", {"domains": ["web", "web"]}),
        ("domains", {"domains": ["web", "ä"]}),
        ("domains", {"domains": {"web": -1}}),
        ("domains", {"domains": [f"d{i}" for i in range(4097)]}),
        ("domains", {"domains": [mixdesk.Domain("a", weight=1.0), mixdesk.Domain("b")]}),
        ("weights", {"weights": [1]}),
        ("weights", {"weights": [0, 0]}),
        ("weights", {"weights": [-1, 2]}),
        ("policy", {"policy": 3}),
        ("policy", {"policy": {"config": {}}}),
        ("ranks", {"ranks": 0}),
        ("rank", {"ranks": 2, "rank": 2}),
        ("horizon", {"horizon": {"hours": 3}}),
        ("horizon", {"horizon": {"steps": 0}}),
        ("cadence", {"cadence": 0}),
        ("guards", {"guards": [1]}),
        ("signals", {"signals": "rollouts"}),
        ("signals", {"signals": ["no spaces"]}),
        ("evaluations", {"evaluations": {"losses": True}}),
        ("evaluations", {"evaluations": {"loss": "yes"}}),
        ("evaluations", {"evaluations": {"scores": "mmlu"}}),
    ],
)
def test_a_wrong_start_raises_before_any_training(argument: str, changed: Any) -> None:
    arguments: Any = {"run": "a", "domains": ["web", "code"], "policy": "odm", **changed}
    with pytest.raises(mixdesk.ArgumentError) as raised:
        mixdesk.start(**arguments)
    assert raised.value.argument == argument
