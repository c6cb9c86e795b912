"""One rank of a Trainer on several: run by test_adapter_ranks.py. Writes what it trained on, and its weights, as JSON.

adapter_ranks_training.py RUN BROKERS FOLDER STEPS CRASH RESUME
"""

import json
import os
import sys
from pathlib import Path
from typing import Any, Dict, List

import torch
from datasets import Dataset
from patience import be_patient
from support import until
from transformers import GPT2Config, GPT2LMHeadModel, TrainerCallback, TrainingArguments, default_data_collator

import mixdesk
from mixdesk.adapters.datasets import interleave
from mixdesk.adapters.transformers import MixdeskTrainer

LENGTH = 8


def rows(domain: int, number: int) -> Dataset:
    tokens = torch.randint(0, 32, (number, LENGTH), generator=torch.Generator().manual_seed(domain))
    return Dataset.from_dict({"input_ids": tokens.tolist(), "labels": tokens.tolist(), "number": list(range(number))})


class Watched:
    """A collator that notes the rows it was given."""

    def __init__(self) -> None:
        self.seen: List[List[int]] = []

    def __call__(self, given: List[Dict[str, Any]]) -> Any:
        self.seen.append([row["number"] for row in given])
        return default_data_collator([{key: value for key, value in row.items() if key != "number"} for row in given])


class Noted(TrainerCallback):
    def __init__(self, crash: int, rank: int, folder: Path) -> None:
        self.weights: List[float] = []
        self._crash, self._rank, self._folder = crash, rank, folder

    def on_step_end(self, args: Any, state: Any, control: Any, model: Any = None, **kwargs: Any) -> None:
        self.weights.append(float(model.lm_head.weight.detach().double().sum()))
        if state.global_step == self._crash:
            # Together: a rank that is left alone may end by the loss of the other, which is another death.
            (self._folder / f"crashing-{self._rank}").touch()
            until("the other rank is here, too", (self._folder / f"crashing-{1 - self._rank}").exists)
            os._exit(3)


def main() -> None:
    be_patient()
    name, brokers, folder, steps, crash, resume = sys.argv[1:]
    torch.set_num_threads(1)
    args = TrainingArguments(
        output_dir=folder,
        max_steps=int(steps),
        per_device_train_batch_size=3,
        gradient_accumulation_steps=2,
        save_strategy="steps",
        save_steps=4,
        logging_steps=100,
        report_to=[],
        use_cpu=True,
        ddp_backend="gloo",
        disable_tqdm=True,
        remove_unused_columns=False,
        dataloader_pin_memory=False,
        seed=1,
    )
    rank = args.process_index  # reading it joins the process group: from here on the run sees its ranks
    run = mixdesk.start(name, domains=["web", "code"], policy="odm", strict=True, brokers=brokers)
    assert (run.rank, run.ranks) == (rank, 2)
    if rank == 0 and resume == "0":
        until("the mixture is offered", lambda: run.offered is not None)  # which step takes it is then the same each time
    torch.distributed.barrier()
    torch.manual_seed(0)
    config = GPT2Config(n_layer=1, n_head=1, n_embd=8, n_positions=LENGTH, vocab_size=32, resid_pdrop=0.1, bos_token_id=0, eos_token_id=0)
    watched, noted = Watched(), Noted(int(crash), rank, Path(folder))
    trainer = MixdeskTrainer(
        run=run,
        model=GPT2LMHeadModel(config),
        args=args,
        train_dataset=interleave(run, {"web": rows(0, 300), "code": rows(1, 200)}, seed=4),
        data_collator=watched,
        callbacks=[noted],
    )
    trainer.train(resume_from_checkpoint=resume == "1")
    (Path(folder) / f"told-{rank}.json").write_text(json.dumps({"seen": watched.seen, "weights": noted.weights}))


if __name__ == "__main__":
    main()
