"""The fixtures of tests/ (broker, server, spool), and one thread for torch: the machine is shared with brokers and other ranks."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import torch

_spec = spec_from_file_location("conftest_of_tests", Path(__file__).resolve().parents[1] / "tests" / "conftest.py")
assert _spec is not None
assert _spec.loader is not None
_shared = module_from_spec(_spec)
_spec.loader.exec_module(_shared)

spool, brokers, server, broker = _shared.spool, _shared.brokers, _shared.server, _shared.broker

torch.set_num_threads(1)
