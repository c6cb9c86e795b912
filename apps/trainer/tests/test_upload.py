"""`mixdesk upload`: what was recorded into files, or kept in a spool, is sent later; sending it twice changes nothing."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List, NamedTuple

import pytest
from gate import Gate
from server import Server
from support import Broker, Line, kept_port, new_run, until
from test_spool import Sending
from test_transport_http import lost_and_doubled

import mixdesk
from mixdesk._main import main


class Ended(NamedTuple):
    status: int
    out: str
    err: str


def upload(*arguments: object) -> Ended:
    """The command as people run it."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MIXDESK_")}
    done = subprocess.run(
        [sys.executable, "-m", "mixdesk", "upload", *map(str, arguments)], capture_output=True, text=True, check=False, env=environment, timeout=400
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def record(path: Path, name: str, steps: int = 50) -> List[Dict[str, Any]]:
    run = mixdesk.start(name, domains=["web", "code"], policy="odm", cadence=5, file=str(path), strict=True)
    for step in range(steps):
        run.boundary(step)
        run.log_losses(step, [1.0, 2.0], [1, 1], sequences=[1, 1])
    run.finish()
    assert (run.stats.acknowledged, run.stats.dropped, run.stats.queued) == (steps + 2, 0, 0)
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize("way", ["url", "brokers"])
def test_a_recorded_run_is_sent_and_a_second_time_changes_nothing(server: Server, tmp_path: Path, way: str) -> None:
    name = new_run()
    path = tmp_path / "run.jsonl"
    events = record(path, name)
    assert [event["type"] for event in events] == ["mixdesk.run.started.v1", *["mixdesk.losses.measured.v1"] * 50, "mixdesk.run.finished.v1"]
    assert all(event["specversion"] == "1.0" and event["datacontenttype"] == "application/json" for event in events)
    first = upload(path, f"--{way}", getattr(server, way))
    assert first == Ended(0, "52 reports sent from 1 file\n", "")
    lost_and_doubled(server, name, 50)
    decided = server.until_decided(name, 49)
    assert len(decided) >= 10
    assert upload(path, f"--{way}", getattr(server, way)) == first
    after = new_run()  # whatever comes behind it in the log says that the second one was read
    record(tmp_path / "after.jsonl", after, 5)
    assert upload(tmp_path / "after.jsonl", f"--{way}", getattr(server, way)).status == 0
    lost_and_doubled(server, after, 5)
    lost_and_doubled(server, name, 50)
    assert server.decisions(name, "MixtureDecided") == decided


def test_ids_in_kafka_are_those_of_the_file(broker: Broker, tmp_path: Path) -> None:
    name = new_run()
    path = tmp_path / "run.jsonl"
    ids = [event["id"] for event in record(path, name)]
    assert upload(path, "--brokers", broker.addresses).status == 0
    assert [seen.headers["ce_id"] for seen in broker.events(name)] == ids


def test_broken_lines_are_told_by_number_and_nothing_is_sent_unless_asked_to_skip_them(broker: Broker, tmp_path: Path) -> None:
    name = new_run()
    path = tmp_path / "run.jsonl"
    record(path, name)
    lines = path.read_text().splitlines()
    lines[3:3] = [
        "{not JSON",
        '{"specversion": "0.3"}',
        "[]",
        lines[5].replace('"id"', '"identity"'),
        lines[5].replace("losses.measured.v1", "x.v9"),
        "",
    ]
    path.write_text("\n".join(lines) + "\n")
    refused = upload(path, "--brokers", broker.addresses)
    assert refused.status == 1
    assert refused.out == ""
    told = [line.replace(f"mixdesk: {path}, ", "") for line in refused.err.splitlines()]
    expected = [
        "line 4 is not JSON",
        "line 5 is not a CloudEvents 1.0 event",
        "line 6 is not a JSON object",
        "line 7 has no `id`",
        "line 8 is of the type",
    ]
    assert [line[: len(start)] for line, start in zip(told, expected)] == expected
    assert "5 lines cannot be sent, so nothing was; --skip-bad sends the other 52" in refused.err
    assert broker.events(name) == []
    skipped = upload(path, "--brokers", broker.addresses, "--skip-bad")
    assert (skipped.status, skipped.out) == (0, "52 reports sent from 1 file; 5 broken lines skipped\n")
    assert len(broker.events(name)) == 52


def test_gzip_folders_and_a_line_that_is_cut_off(broker: Broker, tmp_path: Path) -> None:
    names = [new_run(), new_run()]
    record(tmp_path / "a.jsonl", names[0])
    record(tmp_path / "b.jsonl", names[1])
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress((tmp_path / "a.jsonl").read_bytes()))
    (tmp_path / "a.jsonl").unlink()
    whole = (tmp_path / "b.jsonl").read_bytes()
    (tmp_path / "b.jsonl").write_bytes(whole[:-20])
    (tmp_path / "other.txt").write_text("not ours")
    done = upload(tmp_path, "--brokers", broker.addresses)
    assert (done.status, done.out) == (0, "103 reports sent from 2 files\n")
    assert f"{tmp_path / 'b.jsonl'}, line 52 is cut off" in done.err
    assert [len(broker.events(name)) for name in names] == [52, 51]
    half = (tmp_path / "a.jsonl.gz").read_bytes()
    (tmp_path / "a.jsonl.gz").write_bytes(half[: len(half) // 2])
    cut = upload(tmp_path / "a.jsonl.gz", "--brokers", broker.addresses)
    assert cut.status == 1
    assert "cannot be unpacked" in cut.err


def test_what_the_server_refuses_is_told_by_line(server: Server, tmp_path: Path) -> None:
    name = new_run()
    path = tmp_path / "run.jsonl"
    record(path, name, 10)
    lines = path.read_text().splitlines()
    odd = json.loads(lines[4])
    odd["data"]["lossSum"] = [1.0]
    lines[4] = json.dumps(odd)
    path.write_text("\n".join(lines) + "\n")
    done = upload(path, "--url", server.url, "--remove")
    assert done.status == 1
    assert f"{path}, line 5 was not taken" in done.err
    assert done.out == "11 reports sent from 1 file; 1 refused; 0 files removed, 1 with faults kept\n"
    assert path.exists()


def test_what_cannot_be_sent_in_time_is_a_failure(broker: Broker, tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    record(path, new_run(), 5)
    away = upload(path, "--brokers", Line(broker.addresses).address, "--timeout", "0.3")
    assert away.status == 1
    assert "gave up with 0 of 7 reports sent: Kafka at 127.0.0.1:" in away.err
    gate = Gate(f"http://127.0.0.1:{kept_port()}")
    gate.rules.append(lambda seen: (401, {}, b'{"detail": "Give a token."}'))
    closed = upload(path, "--url", gate.url, "--timeout", "0.3", "--header", "authorization=Bearer s3cr3t")
    gate.close()
    assert closed.status == 1
    assert "does not let us in (Give a token.)" in closed.err
    assert "s3cr3t" not in closed.err + closed.out
    assert gate.seen[0].headers["authorization"] == "Bearer s3cr3t"


def test_a_spool_is_sent_and_removed_but_not_that_of_a_run_that_goes_on(broker: Broker, spool: Path) -> None:
    name = new_run()
    sending = Sending(Line(broker.addresses).address, spool, name)
    for step in range(30):
        sending.put(step)
    until("it is on disk", lambda: sending.reporter.spooled == 30)
    busy = upload(spool, "--brokers", broker.addresses)
    assert busy.status == 1
    assert "belongs to a run that is going on" in busy.err
    assert broker.events(name) == []
    sending.end(0.1)
    assert upload("--remove", spool, "--brokers", broker.addresses) == Ended(0, "30 reports sent from 1 file; 1 file removed\n", "")
    assert [seen.data["step"] for seen in broker.events(name)] == list(range(30))
    assert list(spool.iterdir()) == []


def test_settings_may_come_from_a_file(broker: Broker, tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    record(path, new_run(), 5)
    (tmp_path / "client.properties").write_text("# how to reach it\nclient.id = from-a-file\n\nno.such.setting = 1\nsasl.password = s3cr3t\n")
    done = upload(path, "--brokers", broker.addresses, "--kafka", f"@{tmp_path / 'client.properties'}", "--timeout", "0.1")
    assert done.status == 1
    assert "no.such.setting" in done.err
    assert "s3cr3t" not in done.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["no-such-file.jsonl"], "no-such-file.jsonl"),
        (["{empty}"], "There is nothing to send"),
        (["{file}", "--brokers", "a:1", "--url", "http://b"], "give one of `brokers`, `url` and `file`"),
        (["{file}", "--url", "ftp://b"], "`url` should look like"),
        (["{file}", "--kafka", "oops"], "KEY=VALUE"),
        (["{file}", "--header", "a=b\r\nc", "--url", "http://b"], "`headers` should hold texts of one line"),
    ],
)
def test_what_is_called_wrongly_ends_with_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: List[str], sentence: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file.jsonl").write_text("")
    given = [text.replace("{empty}", str(tmp_path / "empty")).replace("{file}", str(tmp_path / "file.jsonl")) for text in arguments]
    assert main(["upload", *given]) == 1
    said = capsys.readouterr().err
    assert said.startswith("mixdesk: ")
    assert sentence in said


def test_the_package_names_the_command() -> None:
    text = (Path(__file__).parents[1] / "pyproject.toml").read_text()
    assert '[project.scripts]\nmixdesk = "mixdesk._main:main"\n' in text
