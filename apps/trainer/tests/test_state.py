"""What a checkpoint keeps of a run, and what a run makes of it."""

import json
import logging
from typing import Any, Dict, List

import pytest
from support import Broker, Line, new_run, put_away, until

import mixdesk

DOMAINS = ["web", "code"]


def begin(broker: Broker, name: str, **options: Any) -> mixdesk.Run:
    given: Dict[str, Any] = {"domains": DOMAINS, "policy": "odm", "strict": True, "brokers": broker.addresses, **options}
    return mixdesk.start(name, **given)


class Counter:
    def __init__(self) -> None:
        self.state: Any = 0

    def state_dict(self) -> Dict[str, Any]:
        return {"at": self.state}

    def load_state_dict(self, state: Dict[str, Any]) -> None:
        self.state = state["at"]


def test_a_state_is_plain_json_and_holds_what_was_in_force_and_what_was_on_offer(broker: Broker) -> None:
    name, counter = new_run(), Counter()
    with begin(broker, name) as run:
        assert run.state_dict()["mixture"]["version"] == 0
        run.attach("counter", counter)
        counter.state = 17
        broker.command(name, 1, [0.1 + 0.2, 0.7 - 1e-17], meaning="lossMultiplier", controls={"phase": 2})
        until("mixture 1", lambda: run.boundary(3).version == 1)
        run.log(3, losses=[1.0, 1.0], tokens=[1, 1])
        broker.command(name, 2, [0.25, 0.75], fromStep=9, lifecycle={"restartFrom": {"run": "other", "step": 7, "uri": None}})
        until("mixture 2", lambda: run.offered is not None)
        state = run.state_dict()
        mixture, offered = run.mixture, run.offered
    assert offered is not None
    assert {key: state[key] for key in ("format", "run", "attempt", "step", "ranks", "samplers")} == {
        "format": 1,
        "run": name,
        "attempt": 1,
        "step": 3,
        "ranks": 1,
        "samplers": {"counter": {"at": 17}},
    }
    state = json.loads(json.dumps(state, allow_nan=False))

    again = Counter()
    with begin(broker, name, state=state) as resumed:
        assert (resumed.attempt, resumed.step) == (2, 3)
        assert resumed.mixture == mixture
        assert resumed.offered == mixdesk.Mixture(**{**offered.__dict__, "attempt": 2})
        assert resumed.state_dict()["samplers"] == {"counter": {"at": 17}}  # not attached yet, and not lost
        resumed.attach("counter", again)
        assert again.state == 17
        again.state = 18
        assert resumed.state_dict()["samplers"] == {"counter": {"at": 18}}
        resumed.log(4, losses=[1.0, 1.0], tokens=[1, 1])
        assert resumed.boundary(9).version == 2
        assert resumed.restart_from == mixdesk.RestartFrom("other", 7)
    events = broker.events(name)
    later = [(event.name, event.data.get("step"), event.data.get("mixtureVersion", event.data.get("version"))) for event in events[5:]]
    assert later == [("losses.measured", 4, 1), ("mixture.applied", 9, 2), ("run.finished", 9, None)]
    assert events[4].data == {"run": name, "attempt": 2, "step": 3, "ranks": 1}


def test_a_state_may_be_loaded_after_the_start_which_is_then_never_told(broker: Broker) -> None:
    name = new_run()
    with begin(broker, name) as run:
        run.log(5, losses=[1.0, 1.0], tokens=[1, 1])
        state = run.state_dict()
    counter = Counter()
    with begin(broker, name) as run:
        run.attach("counter", counter)
        assert run.attempt == 1
        run.load_state_dict({**state, "samplers": {"counter": {"at": 4}}})
        assert (run.attempt, counter.state) == (2, 4)
    assert [(event.name, event.data["attempt"]) for event in broker.events(name) if event.name.startswith("run.")] == [
        ("run.started", 1),
        ("run.finished", 1),
        ("run.resumed", 2),
        ("run.finished", 2),
    ]


def test_going_back_in_the_same_process_is_the_next_attempt(broker: Broker) -> None:
    name = new_run()
    with begin(broker, name) as run:
        run.log(5, losses=[1.0, 1.0], tokens=[1, 1])
        state = run.state_dict()
        run.log(6, losses=[1.0, 1.0], tokens=[1, 1])
        for attempt in (2, 3):
            run.load_state_dict(state)
            assert (run.attempt, run.step) == (attempt, 5)
            run.log(6, losses=[1.0, 1.0], tokens=[1, 1])
    assert [(event.data["attempt"], event.data["step"]) for event in broker.events(name, "losses.measured")] == [(1, 5), (1, 6), (2, 6), (3, 6)]


def test_a_state_of_before_the_first_step_is_a_start_where_nothing_was_ever_opened(broker: Broker) -> None:
    name = new_run()
    run = begin(broker, name)
    state = run.state_dict()
    assert state["step"] == -1
    run.load_state_dict(state)
    assert run.attempt == 1
    run.finish()
    broker.command(name, 1, [0.5, 0.5])
    with begin(broker, name, state=state) as again:
        assert again.attempt == 2


def test_the_step_is_the_newest_told_or_drawn_or_the_one_given(broker: Broker) -> None:
    with begin(broker, new_run()) as run:
        run.boundary(7)
        assert run.state_dict()["step"] == -1
        run.log(7, losses=[1.0, 1.0], tokens=[1, 1])
        run.boundary(8)
        assert run.state_dict()["step"] == 7
        run.checkpoint(9)
        assert run.state_dict()["step"] == 9
        assert run.state_dict(step=12)["step"] == 12
        with pytest.raises(mixdesk.ArgumentError, match="step"):
            run.state_dict(step=-2)


def test_a_loader_goes_on_with_the_batches_of_an_unbroken_run(broker: Broker) -> None:
    sources = {"web": list(range(1000)), "code": list(range(5000, 5100))}

    def batches(run: mixdesk.Run, until_step: int) -> List[Any]:
        drawn = []
        for batch in run.loader(sources, 8, seed=3, steps=until_step):
            drawn.append((batch.step, batch.samples, batch.domains))
            run.log(batch.step, losses={"web": 1.0}, tokens={"web": 1})
        return drawn

    with begin(broker, new_run(), weights=[0.8, 0.2]) as whole:
        expected = batches(whole, 30)
    name = new_run()
    with begin(broker, name, weights=[0.8, 0.2]) as run:
        first = batches(run, 11)
        state = json.loads(json.dumps(run.state_dict()))
    assert state["step"] == 10
    with begin(broker, name, weights=[0.8, 0.2], state=state) as run:
        assert first + batches(run, 30) == expected
    assert len({event.data["step"] for event in broker.events(name, "losses.measured")}) == 30


def good() -> Dict[str, Any]:
    mixture = {"attempt": 1, "version": 2, "fromStep": 0, "domains": DOMAINS, "weights": [0.5, 0.5], "meaning": "samplingProbability"}
    return {"format": 1, "run": "a-run", "attempt": 1, "step": 4, "ranks": 1, "mixture": mixture, "offered": None, "samplers": {}}


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (7, "what `state_dict"),
        ({}, "format None"),
        ({**good(), "format": 2}, "format 2"),
        ({**good(), "run": "another"}, "of the run 'another'"),
        ({**good(), "attempt": 0}, "from 1"),
        ({**good(), "step": "4"}, "an integer"),
        ({**good(), "ranks": None}, "an integer"),
        ({**good(), "mixture": None}, "no mixture under `mixture`"),
        ({**good(), "mixture": {**good()["mixture"], "weights": [0.5, 0.6]}}, "sum to 1.1"),
        ({**good(), "mixture": {**good()["mixture"], "domains": ["web", "books"]}}, "not the 2 domains"),
        ({**good(), "offered": {"version": 3}}, "no mixture under `offered`"),
        ({**good(), "samplers": [1]}, "samplers by name"),
    ],
)
def test_what_is_no_state_of_this_run_raises_before_anything_is_reported(broker: Broker, wrong: Any, says: str) -> None:
    with pytest.raises(mixdesk.ArgumentError, match=says) as raised:
        mixdesk.start("a-run", domains=DOMAINS, policy="odm", brokers=broker.addresses, state=wrong)
    assert raised.value.argument == "state"


@pytest.mark.parametrize(
    ("argument", "options"),
    [
        ("attempt", {"attempt": 2}),
        ("attempt", {"state": good(), "attempt": 1}),
        ("resume_timeout", {"resume_timeout": -1}),
        ("resume_timeout", {"resume_timeout": "long"}),
        ("controls", {"controls": "phase"}),
        ("accept", {"accept": "all"}),
        ("agree_every", {"agree_every": 0}),
    ],
)
def test_other_arguments_of_going_on_are_checked(broker: Broker, argument: str, options: Dict[str, Any]) -> None:
    with pytest.raises(mixdesk.ArgumentError) as raised:
        begin(broker, "a-run", **options)
    assert raised.value.argument == argument


def test_what_cannot_be_attached_is_said(broker: Broker) -> None:
    with begin(broker, new_run()) as run:
        with pytest.raises(mixdesk.ArgumentError, match="load_state_dict"):
            run.attach("x", object())  # type: ignore[arg-type]
        with pytest.raises(mixdesk.ArgumentError, match="a name"):
            run.attach("", Counter())


def test_without_kafka_a_resume_waits_no_longer_than_asked_and_says_what_it_took(broker: Broker, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="mixdesk"):
        run = mixdesk.start(
            "a-run", domains=DOMAINS, policy="odm", brokers=Line(broker.addresses).address, state=good(), resume_timeout=0.2, spool=False
        )
    assert run.attempt == 2
    run.finish(timeout=0.1)
    put_away(run)
    assert sum("within 0.2 s; this one is taken for 2" in record.getMessage() for record in caplog.records) == 1


def test_flush_says_whether_everything_is_out(broker: Broker) -> None:
    line = Line(broker.addresses)
    run = begin(broker, new_run(), brokers=line.address, spool=False)
    run.log(0, losses=[1.0, 1.0], tokens=[1, 1])
    assert not run.flush(0.1)
    line.mend()
    assert run.flush()
    until("it is counted", lambda: run.stats.acknowledged == 2)
    run.finish()
    line.cut()


@pytest.mark.parametrize("controls", [None, ["phase"], ["phase", "acceptBand"]])
def test_controls_that_nobody_follows_are_warned_of_once_and_refuse_nothing(
    broker: Broker, caplog: pytest.LogCaptureFixture, controls: "List[str] | None"
) -> None:
    name = new_run()
    with caplog.at_level(logging.WARNING, logger="mixdesk"), begin(broker, name, controls=controls) as run:
        for version in (1, 2):
            broker.command(name, version, [0.5, 0.5], controls={"phase": 1, "acceptBand": {}})
            until(f"mixture {version}", lambda version=version: run.boundary(0).version == version)  # type: ignore[misc]
    warned = sum("the control 'acceptBand', which this trainer does not follow" in record.getMessage() for record in caplog.records)
    assert warned == (1 if controls == ["phase"] else 0)


def test_a_trainer_looks_at_each_mixture_before_it_takes_one(broker: Broker) -> None:
    name, seen = new_run(), []

    def accept(mixture: mixdesk.Mixture) -> "str | None":
        seen.append(mixture.version)
        return "too much web" if mixture.weight("web") > 0.5 else None

    with begin(broker, name, accept=accept) as run:
        broker.command(name, 1, [0.4, 0.6])
        broker.command(name, 2, [0.6, 0.4])
        until("mixture 2", lambda: run.offered is not None and run.offered.version == 2)
        assert run.boundary(0).version == 1
        assert run.boundary(1).version == 1
    assert seen == [2, 1]
    assert [(e.data["version"], e.data["because"]) for e in broker.events(name, "mixture.refused")] == [(2, "too much web")]


def test_who_meets_a_run_that_is_there_already_is_told_and_reports_no_more(broker: Broker, caplog: pytest.LogCaptureFixture) -> None:
    name = new_run()
    with caplog.at_level(logging.WARNING, logger="mixdesk"), begin(broker, name) as run:
        run.log(0, losses=[1.0, 1.0], tokens=[1, 1])
        until("the start is there", lambda: run.stats.acknowledged == 2)
        own = broker.events(name, "run.started")[0].headers["ce_id"]
        broker.command(name, 1, [0.4, 0.6], openedBy=own)
        until("mixture 1", lambda: run.boundary(1).version == 1)
        assert (run.rejected, run.should_stop) == (None, False)
        until("the confirmation is there", lambda: run.stats.acknowledged == 3)  # what still waits is withheld, too
        broker.command(name, 2, [0.3, 0.7], openedBy="somebody-else")
        until("it is told", lambda: run.rejected)
        assert run.should_stop
        assert run.restart_from is None
        run.log(1, losses=[1.0, 1.0], tokens=[1, 1])
        assert run.boundary(2).version == 1
    assert "attempt 1 of this run was opened by another process (event somebody-else)" in str(run.rejected)
    assert sum("opened by another process" in record.getMessage() for record in caplog.records) == 1
    assert [event.name for event in broker.events(name)] == ["run.started", "losses.measured", "mixture.applied"]
    assert run.stats.dropped == 2


def test_who_was_followed_by_a_later_attempt_is_told_too(broker: Broker) -> None:
    name = new_run()
    with begin(broker, name, state={**good(), "run": name}) as run:
        assert run.attempt == 2
        run.log(5, losses=[1.0, 1.0], tokens=[1, 1])
        until("the resume is there", lambda: run.stats.acknowledged == 2)  # what still waits is withheld
        broker.command(name, 3, [0.3, 0.7], attempt=3, openedBy="the-next")
        until("it is told", lambda: run.rejected)
    assert [event.data["attempt"] for event in broker.events(name, "run.resumed")] == [2]
    assert broker.events(name, "run.finished") == []


def test_a_later_attempt_is_somebody_elses_where_the_server_does_not_say_whose(broker: Broker) -> None:
    for opened in (True, False):  # or the name was taken before this run said its first word
        name = new_run()
        with begin(broker, name) as run:
            if opened:
                run.log(0, losses=[1.0, 1.0], tokens=[1, 1])
                until("the start is there", lambda: run.stats.acknowledged == 2)
            broker.command(name, 3, [0.3, 0.7], attempt=2)
            until("it is read", lambda: run._desk.highest_attempt == 2)
            run.log(1, losses=[1.0, 1.0], tokens=[1, 1])
            assert str(run.rejected).startswith("attempt 2 of this run was opened by another process: two trainers")
            assert run.should_stop
            assert run.boundary(2).version == 0
            assert run.stats.errors == 1
        assert [event.name for event in broker.events(name)] == (["run.started", "losses.measured"] if opened else [])


def test_a_rank_that_listens_for_itself_stops_at_a_later_attempt_unless_it_goes_there_itself(broker: Broker) -> None:
    name = new_run()
    with begin(broker, name, ranks=2, rank=1) as run:
        run.log(0, losses=[1.0, 1.0], tokens=[1, 1])
        broker.command(name, 1, [0.4, 0.6], openedBy="rank 0")
        until("mixture 1", lambda: run.boundary(1).version == 1)
        broker.command(name, 2, [0.3, 0.7], attempt=2, openedBy="rank 0, or somebody else")
        until("it is read", lambda: run._desk.highest_attempt == 2)
        assert (run.rejected, run.should_stop, run.stats.errors) == (None, False, 0)
        run.boundary(2)
        assert "attempt 2 of this run" in str(run.rejected)
        assert (run.should_stop, run.stats.errors) == (True, 1)
        run.resume(0)  # it was rank 0
        assert (run.rejected, run.should_stop, run.attempt) == (None, False, 2)
        broker.command(name, 3, [0.3, 0.7], attempt=2, openedBy="rank 0, or somebody else")
        until("mixture 3", lambda: run.boundary(1).version == 3)
        run.log(1, losses=[1.0, 1.0], tokens=[1, 1])
    assert (run.rejected, run.stats.errors) == (None, 1)
    assert [event.data["attempt"] for event in broker.events(name, "losses.measured")][-1] == 2
