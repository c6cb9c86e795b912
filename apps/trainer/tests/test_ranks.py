"""Ranks that agree switch at the same step; where one cannot take a mixture, none does. Here ranks are threads."""

import logging
import random
import threading
import time
from typing import Any, Callable, Dict, List, Optional

import pytest
from support import Broker, Line, new_run, until

import mixdesk
from mixdesk._ranks import ranks_of
from mixdesk.transports.reporting import Reporting

RANKS = 4


class Table:
    """Where threads meet: what rank 0 lays on it, all take."""

    def __init__(self) -> None:
        self.barrier = threading.Barrier(RANKS, timeout=300)
        self.news: Optional[bytes] = None
        self.votes: List[bool] = []
        self.shared = 0

    def seat(self, rank: int) -> "Seat":
        return Seat(self, rank)


class Seat:
    """An `Agreement` of one's own, without `unanimous`."""

    def __init__(self, table: Table, rank: int) -> None:
        self.table, self.rank = table, rank

    def share(self, news: Optional[bytes]) -> Optional[bytes]:
        if self.rank == 0:
            self.table.news, self.table.votes = news, []
            self.table.shared += 1
        self.table.barrier.wait()
        told = self.table.news
        self.table.barrier.wait()
        return told


class Voter(Seat):
    """With it."""

    def unanimous(self, yes: bool) -> bool:
        self.table.votes.append(yes)
        self.table.barrier.wait()
        return all(self.table.votes)


def together(table: Table, work: Callable[[int], Any]) -> List[Any]:
    """Does the same on every rank at once; raises what the first of them raises."""
    done: Dict[int, Any] = {}
    raised: List[BaseException] = []

    def one(rank: int) -> None:
        try:
            done[rank] = work(rank)
        except BaseException as error:
            raised.append(error)
            table.barrier.abort()

    threads = [threading.Thread(target=one, args=(rank,)) for rank in range(RANKS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if raised:
        raise raised[0]
    return [done[rank] for rank in range(RANKS)]


def begin(broker: Broker, name: str, rank: int, agreement: Any, **options: Any) -> mixdesk.Run:
    return mixdesk.start(
        name, domains=["web", "code"], policy="odm", ranks=RANKS, rank=rank, agree=agreement, brokers=broker.addresses, strict=True, **options
    )


def switches(broker: Broker, name: str) -> Dict[int, List[Any]]:
    """By version: the steps and ranks that confirmed it."""
    found: Dict[int, List[Any]] = {}
    for event in broker.events(name, "mixture.applied"):
        found.setdefault(event.data["version"], []).append((event.data["rank"], event.data["step"]))
    return found


@pytest.mark.parametrize(("seat", "every"), [(Voter, 1), (Voter, 5), (Seat, 1)])
def test_all_ranks_switch_at_the_same_step_whenever_the_command_comes(broker: Broker, seat: Any, every: int) -> None:
    name, table, seed = new_run(), Table(), 11
    over = threading.Event()

    def send() -> None:
        chance = random.Random(seed)
        for version in range(1, 16):
            time.sleep(chance.random() * 0.03)
            broker.command(name, version, [version / 100, 1 - version / 100])
        over.set()

    def train(rank: int) -> List[float]:
        chance = random.Random(rank)
        drawn = []
        with begin(broker, name, rank, seat(table, rank), agree_every=every) as run:
            step = 0
            while step % every or run.mixture.version < 15:
                assert step < 100_000
                drawn.append(run.boundary(step).weights[0])
                assert rank == 0 or run.offered is None
                time.sleep(chance.random() * 0.002)  # no two ranks are equally fast
                run.log(step, losses=[1.0, 1.0], tokens=[1, 1])
                step += 1
        return drawn

    sender = threading.Thread(target=send)
    sender.start()
    drawn = together(table, train)
    sender.join()
    assert all(one == drawn[0] for one in drawn)
    found = switches(broker, name)
    assert max(found) == 15
    for version, confirmed in found.items():
        assert sorted(rank for rank, _ in confirmed) == list(range(RANKS)), f"seed {seed}: version {version} by {confirmed}"
        assert len({step for _, step in confirmed}) == 1, f"seed {seed}: version {version} by {confirmed}"
        assert confirmed[0][1] % every == 0
    assert table.shared == -(-len(drawn[0]) // every)
    reported: Dict[int, List[int]] = {}
    for event in broker.events(name, "losses.measured"):
        reported.setdefault(event.data["step"], []).append(event.data["mixtureVersion"])
    assert all(len(versions) == RANKS and len(set(versions)) == 1 for versions in reported.values())


def test_what_one_rank_cannot_take_none_takes(broker: Broker) -> None:
    name, table = new_run(), Table()

    def accept(rank: int) -> Callable[[mixdesk.Mixture], Optional[str]]:
        def look(mixture: mixdesk.Mixture) -> Optional[str]:
            if rank == 2 and mixture.version == 2:
                return "no code is left here"
            if rank == 3 and mixture.version == 3:
                raise RuntimeError("cannot look")
            return "never a fourth" if rank == 0 and mixture.version == 4 else None

        return look

    def train(rank: int) -> List[int]:
        versions = []
        with begin(broker, name, rank, Voter(table, rank), accept=accept(rank)) as run:
            for step in range(1, 6):
                if rank == 0:
                    broker.command(name, step, [0.1 * step, 1 - 0.1 * step])
                    until(f"mixture {step}", lambda step=step: run.offered is not None and run.offered.version == step)  # type: ignore[misc]
                versions.append(run.boundary(step).version)
        return versions

    assert together(table, train) == [[1, 1, 1, 1, 5]] * RANKS
    assert set(switches(broker, name)) == {1, 5}
    refused = [(event.data["version"], event.data["because"]) for event in broker.events(name, "mixture.refused")]
    assert sorted(refused) == [(2, "no code is left here"), (3, "looking at it failed: RuntimeError: cannot look"), (4, "never a fourth")]


def test_a_command_that_makes_no_sense_is_refused_by_rank_0_before_it_is_shared(broker: Broker) -> None:
    name, table = new_run(), Table()

    def train(rank: int) -> List[int]:
        versions = []
        with begin(broker, name, rank, Voter(table, rank)) as run:
            for step, weights in enumerate([[0.5, 0.6], [0.3, 0.7]]):
                if rank == 0:
                    broker.command(name, step + 1, weights)
                    until("it is read", lambda step=step: run.stats.errors >= 1 and (step == 0 or run.offered is not None))  # type: ignore[misc]
                versions.append(run.boundary(step).version)
        return versions

    assert together(table, train) == [[0, 2]] * RANKS
    assert [event.data["because"] for event in broker.events(name, "mixture.refused")] == ["the weights sum to 1.1, not to 1"]


def test_one_rank_cannot_leave_what_is_in_force(broker: Broker) -> None:
    name, table = new_run(), Table()
    broker.command(name, 1, [0.2, 0.8])

    def train(rank: int) -> int:
        with begin(broker, name, rank, Voter(table, rank)) as run:
            if rank == 0:
                until("mixture 1", lambda: run.offered is not None)
            run.boundary(0)
            if rank == 1:
                run.refuse(1, "not with me")
            return run.boundary(1).version

    assert together(table, train) == [1] * RANKS
    assert [event.data["because"] for event in broker.events(name, "mixture.refused")] == ["not with me"]


def test_stop_is_seen_by_all_at_one_step(broker: Broker) -> None:
    name, table = new_run(), Table()

    def train(rank: int) -> int:
        with begin(broker, name, rank, Voter(table, rank)) as run:
            for step in range(100_000):
                run.boundary(step)
                if run.should_stop:
                    return step
                if rank == 0 and step == 20:
                    broker.command(name, 1, [0.5, 0.5], lifecycle="stop")
                time.sleep(0.0005 * rank)
        return -1

    stopped = together(table, train)
    assert len(set(stopped)) == 1
    assert stopped[0] > 20


def test_ranks_that_cannot_hear_one_another_keep_their_mixture(broker: Broker, caplog: pytest.LogCaptureFixture) -> None:
    name = new_run()

    class Broken:
        def share(self, news: Optional[bytes]) -> Optional[bytes]:
            raise ConnectionError("a rank is gone")

    broker.command(name, 1, [0.2, 0.8])
    with caplog.at_level(logging.WARNING, logger="mixdesk"), begin(broker, name, 0, Broken()) as run:
        until("mixture 1", lambda: run.offered is not None)
        assert [run.boundary(step).version for step in range(3)] == [0, 0, 0]
    assert sum("can't agree any more (a rank is gone)" in record.getMessage() for record in caplog.records) == 1


def test_all_ranks_resume_as_the_same_attempt_one_above_what_the_commands_say(broker: Broker) -> None:
    name, table = new_run(), Table()

    def first(rank: int) -> Any:
        with begin(broker, name, rank, Voter(table, rank)) as run:
            run.boundary(0)
            run.log(0, losses=[1.0, 1.0], tokens=[1, 1])
            return run.state_dict()

    states = together(table, first)
    broker.command(name, 6, [0.2, 0.8], attempt=4)  # three more have come and gone since
    again = Table()

    def second(rank: int) -> Any:
        with begin(broker, name, rank, Voter(again, rank), state=states[rank]) as run:
            for step in range(run.step + 1, 4):
                run.boundary(step)
                run.log(step, losses=[1.0, 1.0], tokens=[1, 1])
            return run.attempt

    assert together(again, second) == [5] * RANKS
    resumed = broker.events(name, "run.resumed")
    assert [event.data for event in resumed] == [{"run": name, "attempt": 5, "step": 0, "ranks": RANKS}]
    later = [event.data for event in broker.events(name, "losses.measured") if event.data["attempt"] == 5]
    assert sorted((data["step"], data["rank"]) for data in later) == [(step, rank) for step in (1, 2, 3) for rank in range(RANKS)]


def test_no_rank_reports_before_the_opening_has_arrived(broker: Broker) -> None:
    name, table, cut = new_run(), Table(), Line(broker.addresses)

    def train(rank: int) -> Any:
        address = cut.address if rank == 0 else broker.addresses
        with mixdesk.start(
            name, domains=["web", "code"], policy="odm", ranks=RANKS, rank=rank, agree=Voter(table, rank), brokers=address, strict=True
        ) as run:
            states = []
            for begun in (0, 20):
                for step in range(begun, begun + 20):
                    run.boundary(step)
                    run.log(step, losses=[1.0, 1.0], tokens=[1, 1])
                if rank:
                    until("it could send", lambda: isinstance(run._reporter, Reporting) and run._reporter._gate_since is not None)
                table.barrier.wait()
                if rank == 0:
                    states.append([event.data for event in broker.events(name) if event.data["attempt"] == run.attempt])
                    cut.mend()
                    until("all of rank 0 is there", lambda begun=begun: run.stats.acknowledged == (42 if begun else 21))  # type: ignore[misc]
                table.barrier.wait()
                run.boundary(begun + 20)
                if rank:
                    until("the others follow", lambda begun=begun: run.stats.acknowledged == begun + 20)  # type: ignore[misc]
                table.barrier.wait()
                if rank == 0 and begun == 0:
                    cut.cut()
                if begun == 0:
                    run.resume(19)
            return states

    assert together(table, train)[0] == [[], []]
    cut.cut()
    events = broker.events(name)
    assert events[0].name == "run.started"
    resumed = next(i for i, event in enumerate(events) if event.name == "run.resumed")
    assert {event.data["attempt"] for event in events[:resumed]} == {1}
    assert {event.data["attempt"] for event in events[resumed:]} == {2}
    assert len(events) == 3 + 2 * 20 * RANKS


def test_an_attempt_opened_twice_is_left_by_all_ranks_together_and_its_reports_are_told_again(broker: Broker) -> None:
    name, table = new_run(), Table()
    state = {}
    with mixdesk.start(name, domains=["web", "code"], policy="odm", ranks=1, brokers=broker.addresses) as run:
        run.log(9, losses=[1.0, 1.0], tokens=[1, 1])
        state = run.state_dict()

    def train(rank: int) -> Any:
        with begin(broker, name, rank, Voter(table, rank), state=state) as run:
            assert run.attempt == 2
            for step in range(10, 20):
                run.boundary(step)
                run.log(step, losses=[1.0, 1.0], tokens=[1, 1])
                if step == 14 and rank == 0:
                    broker.command(name, 7, [0.9, 0.1], attempt=2, openedBy="a process that is no more")
                    until("it is read", lambda: run._next is not None)
            return run.attempt, run.mixture.version

    assert together(table, train) == [(3, 0)] * RANKS
    opened = [(event.data["attempt"], event.data["step"]) for event in broker.events(name, "run.resumed")]
    assert opened == [(2, 9), (3, 9)]
    third = [event.data for event in broker.events(name, "losses.measured") if event.data["attempt"] == 3]
    assert sorted((data["step"], data["rank"]) for data in third) == [(step, rank) for step in range(10, 20) for rank in range(RANKS)]
    assert [e.data["attempt"] for e in broker.events(name, "run.finished")] == [1, 3]


def test_without_agreement_ranks_take_the_attempt_after_the_checkpoint_or_the_one_they_are_given(broker: Broker) -> None:
    name = new_run()
    with mixdesk.start(name, domains=["web", "code"], policy="odm", ranks=2, rank=1, brokers=broker.addresses) as run:
        run.log(3, losses=[1.0, 1.0], tokens=[1, 1])
        state = run.state_dict()
    broker.command(name, 6, [0.2, 0.8], attempt=4)
    for given, expected in [(None, 2), (7, 7)]:
        with mixdesk.start(
            name, domains=["web", "code"], policy="odm", ranks=2, rank=1, brokers=broker.addresses, state=state, attempt=given
        ) as resumed:
            assert resumed.attempt == expected


def test_the_numbers_of_ranks(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RANK", "WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    assert ranks_of(None, None, None) == (1, 0, None)
    assert ranks_of(4, 3, None) == (4, 3, None)
    assert ranks_of(4, 3, False) == (4, 3, None)
    seat = Seat(Table(), 3)
    assert ranks_of(4, 3, seat).agreement is seat


@pytest.mark.parametrize(
    ("argument", "given", "says"),
    [
        ("ranks", (0, None, None), "from 1"),
        ("ranks", (2.0, 0, None), "an integer"),
        ("rank", (4, None, None), "should be given"),
        ("rank", (4, 4, None), "from 0 to 3"),
        ("rank", (None, 1, None), "from 0 to 0"),
        ("agree", (4, 0, True), "torch.distributed"),
        ("agree", (4, 0, "yes"), "an Agreement"),
    ],
)
def test_wrong_numbers_of_ranks_name_the_argument(argument: str, given: Any, says: str) -> None:
    with pytest.raises(mixdesk.ArgumentError, match=says) as raised:
        ranks_of(*given)
    assert raised.value.argument == argument


def test_a_launcher_without_a_process_group_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "4")
    with pytest.raises(mixdesk.ArgumentError, match="began 4 processes") as raised:
        mixdesk.start(new_run(), domains=["web"], policy="odm")
    assert raised.value.argument == "ranks"
    assert ranks_of(1, None, None) == (1, 0, None)
    assert ranks_of(4, 1, None) == (4, 1, None)
