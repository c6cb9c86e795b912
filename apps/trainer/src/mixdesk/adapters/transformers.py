"""Hugging Face `Trainer`: losses by domain, mixtures at step boundaries, checkpoints that go on exactly.

    trainer = MixdeskTrainer(run=run, model=model, args=args, train_dataset=interleave(run, {"web": web, "code": code}))
    trainer.train()

`MixdeskTrainer` is `MixdeskMixin` on top of `Trainer`; put the mixin on a trainer of your own the same way.
"""

from __future__ import annotations

import json
import logging
from collections import deque
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Deque, Dict, List, Mapping, Optional, Sequence, Tuple, Union

from .. import _checks as checks
from .._errors import ArgumentError
from .._values import Mixture
from ..losses import DomainAccumulator, DomainLosses, by_domain, weighted_loss
from ._missing import missing

try:
    import torch
    from torch.utils.data import DataLoader
    from transformers import Trainer, TrainerCallback
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
    from transformers.trainer_utils import get_last_checkpoint
except ImportError as error:
    raise missing("transformers", "transformers[torch]>=4.57") from error

from ._token_losses import token_losses
from .datasets import MixtureDataset

if TYPE_CHECKING:
    from .. import Run

__all__ = ["DomainCollator", "MixdeskCallback", "MixdeskMixin", "MixdeskTrainer"]

logger = logging.getLogger("mixdesk")

COLUMN = "domain"
"""Where a row, and a batch, says which domain it is of: an index into the run's domains."""


class DomainCollator:
    """A data collator that keeps the domains of the rows: the batch gets `batch[column]`, int64 of shape [rows].

    Any collator may be inside; it sees the rows without the column.
    """

    def __init__(self, collator: Callable[[List[Any]], Any], column: str = COLUMN) -> None:
        self.collator = collator
        self.column = column

    def __call__(self, rows: Sequence[Mapping[str, Any]]) -> Any:
        if rows and self.column not in rows[0]:
            return self.collator(list(rows))
        domains = [int(row[self.column]) for row in rows]
        batch = self.collator([{key: value for key, value in row.items() if key != self.column} for row in rows])
        batch[self.column] = torch.tensor(domains, dtype=torch.int64)
        return batch


class MixdeskCallback(TrainerCallback):
    """What Mixdesk has to do at the events of a `Trainer`. `MixdeskMixin` makes and adds it.

    Steps count from 0: step `n` is the optimizer step that makes `state.global_step` n + 1. Alone, without the mixin, it
    takes mixtures, keeps checkpoints and stops; the losses are then yours to report.

    `dataset` is what `mixdesk.adapters.datasets.interleave` made: its state is kept and restored, exactly. `finish=False`
    leaves the run open at the end of `train()`; `metrics=False` leaves out the numbers that the Trainer logs.
    """

    def __init__(self, run: Run, dataset: Optional[Any] = None, *, finish: bool = True, metrics: bool = True, device: Optional[Any] = None) -> None:
        self.run = run
        self.checkpoint: Optional[str] = None
        """Where `train(resume_from_checkpoint=...)` resumes from, as far as that is known."""
        self.mixture: Mixture = run.mixture
        """The mixture of the step at hand."""
        self._trained = DomainAccumulator(run.domains)
        self._evaluated = DomainAccumulator(run.domains, device=device)
        self._added = 0
        self._dataset = dataset if hasattr(dataset, "state_at") else None
        self._finish = finish
        self._metrics = metrics
        self._waiting: Deque[Tuple[int, DomainLosses]] = deque()
        self._stopped = False

    def add(self, losses: Any, domains: Any, counted: Any, training: bool) -> None:
        """A micro-batch: its token losses and which of them count, [rows, tokens], and the domain of each row, [rows]."""
        try:
            sums = by_domain(losses, domains, self.run.domains, mask=counted)
            (self._trained if training else self._evaluated).add(sums)
            self._added += training
        except ArgumentError as error:  # a domain that is none
            self.run._failed("compute_loss", error)

    # ---- the start ----

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Checks the arguments while nothing has begun, and goes on from a checkpoint where the Trainer does."""
        self._check(args)
        if self._dataset is not None and self._dataset.samples_per_step is None:
            self._dataset.samples_per_step = args.train_batch_size * args.gradient_accumulation_steps
        if state.global_step > 0:
            self._go_on(args, state.global_step)

    def _check(self, args: Any) -> None:
        if self._dataset is not None and args.dataloader_num_workers:
            raise ArgumentError("dataloader_num_workers", "should be 0: a dataset that follows a run is read in the run's own process.")

    def _go_on(self, args: Any, step: int) -> None:
        folder = Path(self.checkpoint or Path(args.output_dir) / f"checkpoint-{step}")
        path = folder / state_file(self.run.rank)
        if not path.exists():
            logger.warning(
                "Mixdesk, run %s: the checkpoint %s has no %s; its mixture and its place in the data are unknown", self.run.name, folder, path.name
            )
            if self._dataset is not None:
                self._dataset.begin_at(step)
            return
        saved = json.loads(path.read_text(encoding="utf-8"))
        self.run.load_state_dict(saved["run"])
        self.mixture = self.run.mixture
        if self._dataset is not None and saved["data"] is not None:
            if not args.ignore_data_skip:
                raise ArgumentError("ignore_data_skip", "should be True: the dataset goes on by its state, and the Trainer should skip nothing.")
            self._dataset.load_state_dict(saved["data"])

    # ---- steps ----

    def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """A step begins; its rows have been read already, and a batch of the next step too."""
        if self._dataset is not None:
            self.mixture = self._dataset.mixture_at(state.global_step)
        else:
            self.mixture = self.run.boundary(state.global_step)

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """A step has ended: its sums over the micro-batches of this rank are reported, or, from a GPU, will be after the
        next one."""
        if self._added:
            self._added = 0
            self._waiting.append((state.global_step - 1, self._trained.take().begin_copy()))
            self._report(keep=1 if args.device.type == "cuda" else 0)
        if self.run.should_stop:
            self._stopped = True
            control.should_training_stop = True
            if args.save_strategy != "no":
                control.should_save = True

    def _report(self, keep: int = 0) -> None:
        while len(self._waiting) > keep:
            step, sums = self._waiting.popleft()
            version = None if self._dataset is None else self._dataset.version_at(step)
            try:
                self.run.log(step, **sums.fields(), mixture_version=version)
            except ArgumentError as error:
                self.run._failed("compute_loss", error)

    # ---- the rest ----

    def on_log(self, args: Any, state: Any, control: Any, logs: Optional[Mapping[str, Any]] = None, **kwargs: Any) -> None:
        """The Trainer's own numbers, as metrics."""
        if not self._metrics or not state.is_world_process_zero or state.global_step == 0:
            return
        numbers = {key: value for key, value in (logs or {}).items() if isinstance(value, (int, float)) and not isinstance(value, bool)}
        if numbers:
            self.run.log_metrics(state.global_step - 1, numbers)

    def on_evaluate(self, args: Any, state: Any, control: Any, metrics: Optional[Mapping[str, Any]] = None, **kwargs: Any) -> None:
        """Held-out losses by domain, in nats per token, over all ranks, where the rows evaluated had their domains."""
        self._report()
        loss, tokens = self._evaluated.take(all_reduce=args.world_size > 1).tolist()
        means = {name: total / count for name, total, count in zip(self.run.domains, loss, tokens) if count}
        if means and state.is_world_process_zero:
            self.run.log_evaluation(max(state.global_step - 1, 0), means)

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """A checkpoint was saved: what the run and the data need to go on from it is put beside it, for each rank."""
        self._report()
        step = state.global_step
        folder = Path(args.output_dir) / f"checkpoint-{step}"
        data = None if self._dataset is None else self._dataset.state_at(step)
        try:
            _write(folder / state_file(self.run.rank), {"run": self.run.state_dict(step - 1), "data": data})
        except OSError as error:
            logger.warning("Mixdesk, run %s: the state of step %d could not be kept: %s", self.run.name, step - 1, error)
            return
        if state.is_world_process_zero:
            self.run.checkpoint(step - 1, str(folder))

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Training has ended."""
        self._report()
        if not self._finish:
            return
        if self._stopped:
            self.run.finish("stopped", "Mixdesk asked for it")
        else:
            self.run.finish()


class MixdeskMixin:
    """Puts Mixdesk into a `Trainer`: `class Mine(MixdeskMixin, SomeTrainer)`.

    It needs `run=` (with `start(ranks=, rank=)`, or torch.distributed initialised, where there are several ranks), and a
    training dataset whose rows have their domain's index in `domain_column`; `interleave` makes one. What it does:

    - The losses of each step are summed by domain, over its micro-batches, and reported when the step ends, by every
      rank for itself. The loss is computed once: token losses, summed by domain and then added up as the model's own
      loss would be. Where the loss is not that of a causal language model alone (a `compute_loss_func`, label
      smoothing, a mixture-of-experts router), it stays as it is, and token losses are computed beside it.
    - On a GPU the sums of a step are read after the next one was queued, so that nothing waits for them.
    - The mixture changes where a step begins, and checkpoints hold all that is needed to go on: `mixdesk-rank-0.json`
      in the Trainer's checkpoint. `train(resume_from_checkpoint=...)` sets `ignore_data_skip`, for the dataset goes on
      by its state.
    - Evaluation rows that have the column are reported as held-out losses by domain.
    - Where Mixdesk asks for the end, training stops after the step at hand, with a checkpoint.
    """

    def __init__(self, *args: Any, run: Run, domain_column: str = COLUMN, finish: bool = True, metrics: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        trainer: Any = self
        self._column = domain_column
        self._run = run
        dataset = trainer.train_dataset
        if run.mixture.domains and getattr(dataset, "column_names", None) and domain_column not in dataset.column_names:
            raise ArgumentError("train_dataset", f"should have the column {checks.show(domain_column)}: the index of each row's domain.")
        trainer.data_collator = DomainCollator(trainer.data_collator, domain_column)
        self.mixdesk = MixdeskCallback(run, dataset, finish=finish, metrics=metrics, device=trainer.args.device)
        trainer.add_callback(self.mixdesk)

    def train(self, resume_from_checkpoint: Union[str, bool, None] = None, *args: Any, **kwargs: Any) -> Any:
        """As `Trainer.train`. Remembers where it resumes from."""
        trainer: Any = self
        found = resume_from_checkpoint
        if found is True:
            found = get_last_checkpoint(trainer.args.output_dir)
        if isinstance(found, str):
            self.mixdesk.checkpoint = found
            if hasattr(trainer.train_dataset, "state_at"):
                trainer.args.ignore_data_skip = True
        return super().train(resume_from_checkpoint, *args, **kwargs)  # type: ignore[misc]

    def get_train_dataloader(self) -> Any:
        """As `Trainer.get_train_dataloader`; of a dataset that follows the run, each rank reads its own rows, and none ahead."""
        trainer: Any = self
        if not isinstance(trainer.train_dataset, MixtureDataset):
            return super().get_train_dataloader()  # type: ignore[misc]
        collator = trainer._get_collator_with_removed_columns(trainer.data_collator, description="training")
        return DataLoader(
            trainer.train_dataset,
            batch_size=trainer._train_batch_size,
            collate_fn=collator,
            generator=torch.Generator(),  # of its own: else every iterator takes a number from the one that dropout uses
            pin_memory=trainer.args.dataloader_pin_memory and torch.cuda.is_available(),
        )

    def _set_signature_columns_if_needed(self) -> None:
        """The column is used, though the model doesn't take it."""
        super()._set_signature_columns_if_needed()  # type: ignore[misc]
        columns: Any = self.__dict__["_signature_columns"]
        if self._column not in columns:
            columns.append(self._column)

    def compute_loss(
        self, model: Any, inputs: Dict[str, Any], return_outputs: bool = False, num_items_in_batch: Optional[Any] = None, **kwargs: Any
    ) -> Any:
        """As `Trainer.compute_loss`, and sums the token losses by domain on the way."""
        trainer: Any = self
        plain: Any = super()
        rest = {key: value for key, value in inputs.items() if key != self._column}
        domains = inputs.get(self._column)
        if domains is None or "labels" not in rest:
            return plain.compute_loss(model, rest, return_outputs, num_items_in_batch=num_items_in_batch, **kwargs)
        if self._is_plain():
            trainer.compute_loss_func = partial(self._loss, domains, model.training)
            try:
                return plain.compute_loss(model, rest, return_outputs, num_items_in_batch=num_items_in_batch, **kwargs)
            finally:
                trainer.compute_loss_func = None
        labels = rest["labels"]
        loss, outputs = plain.compute_loss(model, rest, True, num_items_in_batch=num_items_in_batch, **kwargs)
        with torch.no_grad():
            losses, counted = token_losses(_logits(outputs, 1), labels, self._shifts())
        self.mixdesk.add(losses, domains, counted, model.training)
        if self.mixdesk.mixture.meaning == "lossMultiplier":
            self._run._notices.warn(
                "loss multipliers", "the mixture is one of loss multipliers, and the trainer's loss is its own: it stays as it is"
            )
        return (loss, outputs) if return_outputs else loss

    def _loss(self, domains: Any, training: bool, outputs: Any, labels: Any, num_items_in_batch: Optional[Any] = None) -> Any:
        """The loss as the model itself would compute it, by way of token losses."""
        losses, counted = token_losses(_logits(outputs, 0), labels)
        self.mixdesk.add(losses, domains, counted, training)
        tokens = counted.sum().clamp(min=1)
        if training and self.mixdesk.mixture.meaning == "lossMultiplier":
            total = weighted_loss(losses, domains, self.mixdesk.mixture.weights, mask=counted) * tokens
        else:
            total = losses.sum()
        if num_items_in_batch is None:
            return total / tokens
        return total / (num_items_in_batch.to(total.device) if torch.is_tensor(num_items_in_batch) else num_items_in_batch)

    def _is_plain(self) -> bool:
        """Whether the loss is that of a causal language model and nothing more, so that token losses add up to it."""
        trainer: Any = self
        if trainer.compute_loss_func is not None or trainer.label_smoother is not None or trainer.args.n_gpu > 1:
            return False
        config = getattr(self._base(), "config", None)
        return self._shifts() and getattr(config, "router_aux_loss_coef", None) is None

    def _shifts(self) -> bool:
        """Whether the model is a causal one of transformers', whose logits are for the next token."""
        return type(self._base()).__name__ in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.values()

    def _base(self) -> Any:
        """The model inside of what accelerate and adapters (PEFT) have put around it."""
        trainer: Any = self
        model = trainer.accelerator.unwrap_model(trainer.model)
        return model.get_base_model() if hasattr(model, "get_base_model") else model


class MixdeskTrainer(MixdeskMixin, Trainer):
    """A `Trainer` with Mixdesk in it. See `MixdeskMixin`."""


def _logits(outputs: Any, place: int) -> Any:
    """A model's logits; `place` is where they are in the outputs of one that returns a tuple."""
    return outputs["logits"] if isinstance(outputs, dict) else outputs[place]


def state_file(rank: int) -> str:
    """Name of the file in a Trainer's checkpoint that holds the state of the run and of the data of one rank."""
    return f"mixdesk-rank-{rank}.json"


def _write(path: Path, value: Mapping[str, Any]) -> None:
    """All of it or nothing: a process that dies in the middle leaves no half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".tmp")
    beside.write_text(json.dumps(value), encoding="utf-8")
    beside.replace(path)
