"""One rank of a trainer that torchrun begins. Its losses are without chance, its speed is not.

torchrun --nproc_per_node 4 rank_of_gloo.py '{"run": ..., "brokers": ..., "folder": ..., "until": 12}'

Trains until the mixture of version `until` is in force, or for `steps` steps; goes on from the checkpoint of its rank where there is one, and keeps
one at step `save`. Writes the versions it drew by to FOLDER/attempt-N-rank-R.json. Rank 0 says after its first boundary that all have begun, and
keeps the version in force in FOLDER/in-force.
"""

import json
import random
import sys
import time
from pathlib import Path
from typing import Any, Dict

import torch
import torch.distributed as dist
from patience import be_patient
from support import until

import mixdesk


def train(options: Dict[str, Any]) -> None:
    torch.set_num_threads(1)
    be_patient()
    dist.init_process_group("gloo")
    rank, folder = dist.get_rank(), Path(options["folder"])
    checkpoint = folder / f"checkpoint-{rank}.json"
    chance = random.Random(rank)
    run = mixdesk.start(
        options["run"],
        domains=["web", "code"],
        policy="odm",
        brokers=options["brokers"],
        strict=True,
        agree_every=options.get("every", 1),
        state=json.loads(checkpoint.read_text()) if checkpoint.exists() else None,
    )
    assert (run.ranks, run.rank) == (dist.get_world_size(), rank)
    gradient, drawn, first = torch.ones(4), [], run.step + 1
    with run:
        step = first
        while step < options["steps"] if "steps" in options else run.mixture.version < options["until"]:
            mixture = run.boundary(step)
            drawn.append(mixture.version)
            if rank == 0:
                (folder / "in-force").write_text(f"{mixture.version:04d}")
            if rank == 0 and step == first:
                print(json.dumps({"attempt": run.attempt}), flush=True)
            slow = 0.01 if rank == options.get("slow") else 0.001
            time.sleep(chance.random() * slow)
            dist.all_reduce(gradient)  # as training does; mixing it up with ours would fail
            run.log(step, losses=torch.tensor([1.0, 2.0]) * (rank + 1), tokens=torch.tensor([4, 8]))
            if step == options.get("save"):
                assert run.flush()
                checkpoint.write_text(json.dumps(run.state_dict()))
            step += 1
        # A rank that ends lets go what it keeps back until rank 0 has opened the attempt.
        if rank == 0:
            until("the attempt is open", lambda: run._reporter.opened)
        dist.barrier()
    (folder / f"attempt-{run.attempt}-rank-{rank}.json").write_text(json.dumps({"first": first, "drawn": drawn}))
    dist.destroy_process_group()


if __name__ == "__main__":
    train(json.loads(sys.argv[1]))
