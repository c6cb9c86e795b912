"""What it costs a training loop to report a step: Mixdesk beside tensorboardX and MLflow, at the same data.

    python bench/reporting.py [--domains 32] [--steps 500] [--rounds 5] [--brokers ...]

A step has a loss and a token count for each domain. tensorboardX gets them as scalars (`add_scalar`, one a call: its
interface has no other) in a folder; MLflow as one `log_metrics` a step in a local SQLite database, waiting and
asynchronous; Mixdesk as one `log_losses`. Between steps stand matrix products of about a millisecond. The tools take
turns in each round; one JSON object is printed. "copy" is the loop with nothing but a copy of the two arrays.
"""

import argparse
import json
import logging
import os
import tempfile
import time
from typing import Any, Callable, Dict, List, Tuple

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
import numpy as np
from log_losses import measure

import mixdesk

Report = Callable[[int, Any, Any], None]
Tool = Tuple[Report, Callable[[], None]]


def copying(_domains: List[str], _folder: str, _options: argparse.Namespace) -> Tool:
    def report(_step: int, losses: Any, tokens: Any) -> None:
        losses.tolist()
        tokens.tolist()

    return report, lambda: None


def with_mixdesk(domains: List[str], _folder: str, options: argparse.Namespace) -> Tool:
    run = mixdesk.start(f"bench-reporting-{time.time_ns()}", domains=domains, policy="uniform", brokers=options.brokers)
    return run.log_losses, lambda: run.finish(timeout=60)


def with_tensorboardx(domains: List[str], folder: str, _options: argparse.Namespace) -> Tool:
    from tensorboardX import SummaryWriter

    writer = SummaryWriter(tempfile.mkdtemp(dir=folder))

    def report(step: int, losses: Any, tokens: Any) -> None:
        for i, domain in enumerate(domains):
            writer.add_scalar(f"loss/{domain}", losses[i], step)
            writer.add_scalar(f"tokens/{domain}", tokens[i], step)

    return report, writer.close


def with_mlflow(synchronous: bool) -> Callable[[List[str], str, argparse.Namespace], Tool]:
    def begin(domains: List[str], folder: str, _options: argparse.Namespace) -> Tool:
        import mlflow

        logging.getLogger("mlflow").setLevel(logging.WARNING)
        logging.getLogger("alembic").setLevel(logging.WARNING)
        database = f"sqlite:///{folder}/mlflow.db"
        mlflow.set_tracking_uri(database)
        mlflow.set_registry_uri(database)
        mlflow.start_run()

        def report(step: int, losses: Any, tokens: Any) -> None:
            metrics = {f"loss/{domain}": float(losses[i]) for i, domain in enumerate(domains)}
            metrics.update((f"tokens/{domain}", float(tokens[i])) for i, domain in enumerate(domains))
            mlflow.log_metrics(metrics, step=step, synchronous=synchronous)

        def end() -> None:
            if not synchronous:
                mlflow.flush_async_logging()
            mlflow.end_run()

        return report, end

    return begin


TOOLS = {
    "copy": copying,
    "mixdesk": with_mixdesk,
    "tensorboardX": with_tensorboardx,
    "mlflow": with_mlflow(True),
    "mlflow, asynchronous": with_mlflow(False),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--domains", type=int, default=32)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--brokers")
    options = parser.parse_args()
    domains = [f"domain-{i}" for i in range(options.domains)]
    read: Dict[str, Dict[str, List[float]]] = {name: {"p50": [], "p99": [], "end": []} for name in TOOLS}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(options.rounds):
            for name, begin in TOOLS.items():
                report, end = begin(domains, folder, options)
                p50, p99 = np.percentile(measure(report, options.steps, options.domains, products=3), [50, 99])
                began = time.perf_counter()
                end()
                read[name]["p50"].append(float(p50))
                read[name]["p99"].append(float(p99))
                read[name]["end"].append(time.perf_counter() - began)
    print(json.dumps({"domains": options.domains, "steps": options.steps, "rounds": options.rounds, "tools": read}))


if __name__ == "__main__":
    main()
