"""The command `mixdesk` of the Python package: sends what was recorded into files."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Sequence

from ._errors import MixdeskError
from .transports import choose
from .transports.event import Event
from .transports.lock import FileLock
from .transports.upload import GaveUp, Line, Uploader, files_of, hold, lines_of

MOST_SAID = 20
"""Faults that are told one by one."""


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Runs a command; returns its exit status: 0 when all was done, 1 when not, 2 when it was called wrongly."""
    parser = argparse.ArgumentParser(
        prog="mixdesk", description="Mixdesk for trainers. The server's own command does more; this one is for training nodes."
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    upload = commands.add_parser(
        "upload",
        help="send recorded reports",
        description=(
            "Sends the reports in files (JSON lines of CloudEvents, plain or gzipped), as `mixdesk.start(file=...)` records them and as they are "
            "kept where Mixdesk could not be reached. Reports keep their ids: sending a file twice changes nothing."
        ),
    )
    upload.add_argument("files", metavar="FILE", nargs="+", type=Path, help="file of reports, or a folder with files *.jsonl and *.jsonl.gz")
    upload.add_argument("--brokers", help="send into Kafka here (default: MIXDESK_KAFKA_BROKERS, then MIXDESK_URL, then 127.0.0.1:19092)")
    upload.add_argument("--url", help="send to the Mixdesk server here, over HTTP")
    upload.add_argument(
        "--kafka", metavar="KEY=VALUE", action="append", default=[], help="setting of librdkafka; @FILE reads them from a file, a line each"
    )
    upload.add_argument(
        "--header", metavar="KEY=VALUE", action="append", default=[], help="header of every HTTP request; @FILE reads them from a file"
    )
    upload.add_argument("--skip-bad", action="store_true", help="send the rest where lines are broken or refused")
    upload.add_argument("--remove", action="store_true", help="remove each file of which everything has arrived")
    upload.add_argument("--timeout", type=float, default=60.0, metavar="SECONDS", help="give up when nothing arrived for so long (default: 60)")
    options = parser.parse_args(arguments)
    try:
        return _Upload(options).run()
    except (MixdeskError, OSError) as error:
        print(f"mixdesk: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("mixdesk: interrupted; what was sent already may be sent again without harm", file=sys.stderr)
        return 130


class _Upload:
    """One `mixdesk upload`."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._faults = 0
        self._faulty: Dict[Path, int] = {}
        self._total = 0
        self._locks: List[FileLock] = []
        self._shows = sys.stderr.isatty()

    def run(self) -> int:
        given = self._options
        transport = choose(
            brokers=given.brokers, url=given.url, kafka=_pairs("--kafka", given.kafka), headers=_pairs("--header", given.header), spool=False
        )
        carry = getattr(transport, "carrier", None)
        if carry is None:
            raise MixdeskError("Nothing says where to send the reports to: give --brokers or --url.")
        status = 0
        files = []
        try:
            for path in files_of(given.files):
                try:
                    lock = hold(path)
                except BlockingIOError as error:
                    print(f"mixdesk: {path} {error}; it was left alone", file=sys.stderr)
                    status = 1
                    continue
                files.append(path)
                if lock is not None:
                    self._locks.append(lock)
            if not files:
                raise (
                    MixdeskError("There is nothing to send: no file *.jsonl or *.jsonl.gz was found.")
                    if not status
                    else MixdeskError("Nothing was sent.")
                )
            return max(status, self._send(files, carry))
        finally:
            for lock in self._locks:
                lock.release()

    def _send(self, files: List[Path], carry: Any) -> int:
        for path in files:
            self._check(path)
        if self._faults and not self._options.skip_bad:
            print(
                f"mixdesk: {_count(self._faults, 'line')} cannot be sent, so nothing was; --skip-bad sends the other {self._total:,}",
                file=sys.stderr,
            )
            return 1
        broken = self._faults
        uploader = Uploader(carry, self._options.timeout, self._progress, self._refused)
        try:
            uploader.send(self._lines(files))
        except GaveUp as error:
            self._end_progress()
            print(
                f"mixdesk: gave up with {uploader.sent:,} of {_count(self._total, 'report')} sent: {error}. Try again later; none counts twice.",
                file=sys.stderr,
            )
            return 1
        finally:
            self._end_progress()
            uploader.close()
        skipped = f"; {_count(broken, 'broken line')} skipped" if broken else ""
        refused = f"; {self._faults - broken} refused" if self._faults > broken else ""
        removed = self._remove(files) if self._options.remove else ""
        print(f"{_count(uploader.sent, 'report')} sent from {_count(len(files), 'file')}{skipped}{refused}{removed}")
        return 1 if refused and not self._options.skip_bad else 0

    def _check(self, path: Path) -> None:
        """Reads a file once before anything is sent, and tells of its faults."""
        for line in lines_of(path):
            if isinstance(line.read, Event):
                self._total += 1
            elif line.last:
                print(f"mixdesk: {line} is cut off, as after a kill, and is left out", file=sys.stderr)
            else:
                self._fault(line, line.read)

    def _fault(self, line: Line, sentence: str) -> None:
        self._faults += 1
        self._faulty[line.path] = self._faulty.get(line.path, 0) + 1
        if self._faults <= MOST_SAID:
            self._end_progress()
            print(f"mixdesk: {line} {sentence}", file=sys.stderr)
        elif self._faults == MOST_SAID + 1:
            print("mixdesk: ... and more", file=sys.stderr)

    def _refused(self, line: Line, sentence: str) -> None:
        self._fault(line, f"was not taken: {sentence}")

    def _lines(self, files: List[Path]) -> Iterator[Line]:
        for path in files:
            for line in lines_of(path):
                if isinstance(line.read, Event):
                    yield line

    def _progress(self, sent: int) -> None:
        if self._shows:
            print(f"\r{sent:,} of {self._total:,} reports sent", end="", file=sys.stderr, flush=True)

    def _end_progress(self) -> None:
        if self._shows:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    def _remove(self, files: List[Path]) -> str:
        gone = [path for path in files if not self._faulty.get(path)]
        for path in gone:
            path.unlink()
        kept = len(files) - len(gone)
        return f"; {_count(len(gone), 'file')} removed" + (f", {kept} with faults kept" if kept else "")


def _pairs(option: str, given: Sequence[str]) -> Optional[Dict[str, str]]:
    """`key=value`, from the command line or from files."""
    listed: List[str] = []
    for text in given:
        if text.startswith("@"):
            lines = Path(text[1:]).read_text(encoding="utf-8").splitlines()
            listed += [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
        else:
            listed.append(text)
    pairs: Dict[str, str] = {}
    for text in listed:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise MixdeskError(f"{option} should look like KEY=VALUE, and one of those given does not.")
        pairs[key.strip()] = value.strip()
    return pairs or None


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


if __name__ == "__main__":
    sys.exit(main())
