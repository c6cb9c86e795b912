"""Into a file: record now, send later."""

import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest
from support import new_run, put_away, until

import mixdesk


def steps(path: Path) -> "list[tuple[int, int]]":
    events = [json.loads(line) for line in path.read_text().splitlines()]
    return [(event["data"]["rank"], event["data"]["step"]) for event in events if event["type"] == "mixdesk.losses.measured.v1"]


def test_everything_is_in_the_file_in_order_and_the_mixture_stays(tmp_path: Path) -> None:
    path = tmp_path / "new" / "run.jsonl"
    run = mixdesk.start(new_run(), domains=["web", "code"], weights=[3, 1], policy="odm", file=str(path), strict=True)
    for step in range(5000):
        assert run.boundary(step).weights == (0.75, 0.25)
        run.log_losses(step, [1.0, 2.0], [1, 2])
    run.finish()
    assert steps(path) == [(0, step) for step in range(5000)]
    assert (run.stats.acknowledged, run.stats.dropped, run.stats.errors) == (5002, 0, 0)
    events = [json.loads(line) for line in path.read_text().splitlines()]
    assert len({event["id"] for event in events}) == 5002
    assert events[1]["data"]["lossSum"] == [1.0, 2.0]


def test_ranks_write_into_one_file_or_into_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("all.jsonl", "rank-{rank}.jsonl"):
        monkeypatch.setenv("MIXDESK_FILE", str(tmp_path / name))
        monkeypatch.delenv("MIXDESK_KAFKA_BROKERS", raising=False)
        runs = [mixdesk.start(new_run(), domains=["web"], policy="odm", ranks=4, rank=rank) for rank in range(4)]
        for step in range(500):
            for run in runs:
                run.log_losses(step, [1.0], [1])
        for run in runs:
            run.finish()
    each = [[(rank, step) for step in range(500)] for rank in range(4)]
    assert [steps(tmp_path / f"rank-{rank}.jsonl") for rank in range(4)] == each
    assert sorted(steps(tmp_path / "all.jsonl")) == [pair for pairs in each for pair in pairs]


def test_a_line_that_an_earlier_process_left_torn_spoils_no_other(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_text('{"specversion":"1.0","id":"e')
    run = mixdesk.start(new_run(), domains=["web"], policy="odm", file=str(path))
    run.log_losses(0, [1.0], [1])
    run.finish()
    lines = path.read_text().splitlines()
    assert lines[0] == '{"specversion":"1.0","id":"e'
    assert len([json.loads(line) for line in lines[1:]]) == 3


def test_a_file_that_cannot_be_written_is_said_once_and_training_goes_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="mixdesk"):
        run = mixdesk.start(new_run(), domains=["web"], policy="odm", file=str(tmp_path))
        for step in range(100):
            run.boundary(step)
            run.log_losses(step, [1.0], [1])
        until("it is said", lambda: "cannot be written" in caplog.text)
        run.finish(timeout=0.2)
        put_away(run)
    assert run.stats.dropped == 102
    assert caplog.text.count("cannot be written") == 1


def test_neither_kafka_nor_http_is_loaded_for_a_file(tmp_path: Path) -> None:
    script = """
import sys, mixdesk
run = mixdesk.start("r", domains=["web"], policy="odm", file=sys.argv[1])
run.log_losses(0, [1.0], [1])
run.finish()
print([name for name in ("confluent_kafka", "http.client", "torch", "numpy") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path / "run.jsonl")], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
