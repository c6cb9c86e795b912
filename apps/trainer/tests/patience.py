"""Runs that wait longer than those of users: a machine that stands still for seconds must not change what a test finds in Kafka.

    python patience.py PROGRAM ARGUMENT ...

runs a program whose runs are patient. Two variables make it deterministic where it would depend on who is faster:
MIXDESK_TEST_AWAIT="VERSION@STEP": that step begins only when a mixture of this version, or a newer one, has come.
MIXDESK_TEST_STAY="STEP": once this step is logged, the program says so with a line `stays` and does nothing more, until it is killed.
"""

import os
import runpy
import sys
import time
from pathlib import Path
from typing import Any, Callable

import mixdesk
from mixdesk._life import Life
from mixdesk._mixing import Mixing
from mixdesk._reports import Reports
from mixdesk.transports import http, kafka_carrier

LONG = 120.0
WAITS = {"LONGEST_HOLD": 10 * LONG, "OTHERS": 10 * LONG, "STARTING": 10 * LONG, "PATIENCE": LONG}
"""Seconds, by the names that they have in the transports."""


def be_patient(reachable: Callable[[str], bool] = lambda _brokers: True) -> None:
    """For the rest of this process. Where the brokers at an address are `reachable`, connecting to them waits instead of calling
    them away: a test that counts what went wrong should not count a slow machine."""
    Life.finish.__defaults__ = ("completed", None, LONG)
    Life.flush.__defaults__ = (LONG,)
    for begin in (mixdesk.start, mixdesk.resume):
        assert begin.__kwdefaults__ is not None
        begin.__kwdefaults__["resume_timeout"] = LONG
    loaded = [http, *(module for name, module in sys.modules.items() if name.startswith("mixdesk.transports."))]
    for name, seconds in WAITS.items():
        places = [module for module in loaded if hasattr(module, name)]
        assert places, f"nothing waits for {name} any more"
        for module in places:
            setattr(module, name, seconds)
    connect = kafka_carrier.KafkaCarrier.connect

    def connect_in_time(self: kafka_carrier.KafkaCarrier, patience: float) -> bool:
        return connect(self, LONG if reachable(str(self._settings["bootstrap.servers"])) else patience)

    kafka_carrier.KafkaCarrier.connect = connect_in_time  # type: ignore[method-assign]


def _await(version: int, at: int) -> None:
    boundary = Mixing.boundary

    def boundary_when_it_is_there(self: Mixing, step: int) -> mixdesk.Mixture:
        # Where ranks agree, rank 0 listens for all, and the others wait for it anyway.
        while step == at and self._receiver is not None and (self.offered or self.mixture).version < version:
            time.sleep(0.01)
        return boundary(self, step)

    Mixing.boundary = boundary_when_it_is_there  # type: ignore[method-assign]


def _stay(at: int) -> None:
    log = Reports.log

    def log_and_stay(self: Any, step: int, **given: Any) -> None:
        log(self, step, **given)
        while step == at:
            print("stays", flush=True)
            time.sleep(10 * LONG)

    Reports.log = log_and_stay  # type: ignore[method-assign]


def main() -> None:
    del sys.argv[0]
    program = Path(sys.argv[0])
    be_patient()
    if "MIXDESK_TEST_AWAIT" in os.environ:
        version, step = os.environ["MIXDESK_TEST_AWAIT"].split("@")
        _await(int(version), int(step))
    if "MIXDESK_TEST_STAY" in os.environ:
        _stay(int(os.environ["MIXDESK_TEST_STAY"]))
    sys.path[0] = str(program.parent)
    runpy.run_path(str(program), run_name="__main__")


if __name__ == "__main__":
    main()
