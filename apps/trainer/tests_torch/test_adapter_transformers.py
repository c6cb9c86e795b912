"""Hugging Face Trainer: losses by domain are those of the model, mixtures change at steps, checkpoints go on exactly."""

import json
import math
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import pytest
import torch
from adapter_support import counts, send, start
from datasets import Dataset
from support import Broker
from torch.nn.functional import cross_entropy
from transformers import GPT2Config, GPT2LMHeadModel, Trainer, TrainerCallback, TrainingArguments, default_data_collator

import mixdesk
from mixdesk.adapters.datasets import interleave
from mixdesk.adapters.transformers import DomainCollator, MixdeskCallback, MixdeskMixin, MixdeskTrainer

torch.set_num_threads(1)
LENGTH = 12
VOCABULARY = 64


def rows(domain: int, number: int) -> Dataset:
    """Sequences that differ by domain, the first one easier to learn. Some labels don't count."""
    generator = torch.Generator().manual_seed(domain)
    tokens = torch.randint(0, VOCABULARY // (2 + 6 * (1 - domain)), (number, LENGTH), generator=generator)
    labels = tokens.clone()
    labels[:, : 1 + 2 * domain] = -100
    return Dataset.from_dict({"input_ids": tokens.tolist(), "labels": labels.tolist(), "note": ["not for the model"] * number})


def model(dropout: float = 0.0) -> GPT2LMHeadModel:
    torch.manual_seed(0)
    sizes = {"n_layer": 1, "n_head": 2, "n_embd": 16, "n_positions": LENGTH, "vocab_size": VOCABULARY}
    return GPT2LMHeadModel(GPT2Config(**sizes, resid_pdrop=dropout, embd_pdrop=0.0, attn_pdrop=0.0, bos_token_id=0, eos_token_id=0))


def arguments(folder: Path, **options: Any) -> TrainingArguments:
    settings: Dict[str, Any] = {
        "output_dir": str(folder),
        "max_steps": 30,
        "per_device_train_batch_size": 4,
        "learning_rate": 3e-3,
        "logging_steps": 10,
        "save_strategy": "no",
        "report_to": [],
        "use_cpu": True,
        "disable_tqdm": True,
        "seed": 1,
        "dataloader_pin_memory": False,
    }
    return TrainingArguments(**{**settings, **options})


def mixed(run: Any, **options: Any) -> Any:
    return interleave(run, {"web": rows(0, 60), "code": rows(1, 40)}, seed=3, **options)


class Noted(TrainerCallback):
    """Keeps the weights after each step, and does what a test wants at one."""

    def __init__(self, at: Optional[int] = None, then: Any = None) -> None:
        self.weights: List[float] = []
        self._at, self._then = at, then

    def on_step_end(self, args: Any, state: Any, control: Any, model: Any = None, **kwargs: Any) -> None:
        self.weights.append(float(model.lm_head.weight.detach().double().sum()))
        if state.global_step == self._at:
            self._then()


class Crash(Exception):
    """What kills a training in these tests."""


def crash() -> None:
    raise Crash


# ---- losses ----


@pytest.mark.parametrize("accumulation", [1, 3])
def test_thirty_steps_are_reported_by_domain_and_train_as_without(broker: Broker, tmp_path: Path, accumulation: int) -> None:
    seen: List[Dict[str, Any]] = []

    class Watching(MixdeskTrainer):
        def training_step(self, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
            seen.append({key: value.clone() for key, value in inputs.items()})
            return super().training_step(model, inputs, *args, **kwargs)

    with start(broker) as run:
        noted = Noted()
        trainer = Watching(
            run=run,
            model=model(),
            args=arguments(tmp_path, gradient_accumulation_steps=accumulation),
            train_dataset=mixed(run),
            data_collator=default_data_collator,
            callbacks=[noted],
        )
        result = trainer.train()
    reports = [event.data for event in broker.events(run.name, "losses.measured")]
    assert [report["step"] for report in reports] == list(range(30))
    assert len(seen) == 30 * accumulation
    for step, report in enumerate(reports):
        micro = seen[step * accumulation : (step + 1) * accumulation]
        domains = torch.cat([batch["domain"] for batch in micro])
        counted = torch.cat([(batch["labels"][:, 1:] != -100).sum(1) for batch in micro])
        assert report["tokens"] == [int(counted[domains == index].sum()) for index in (0, 1)]
        assert report["sequences"] == list(counts(domains.tolist(), 2))
        assert all("note" not in batch for batch in micro)
    total = sum(sum(report["lossSum"]) for report in reports) / sum(sum(report["tokens"]) for report in reports)
    assert total == pytest.approx(result.training_loss, rel=0.02)  # the Trainer's is a mean of means over steps
    for report in reports:
        assert all(math.isfinite(loss) and loss > 0 for loss in report["lossSum"])

    # A plain Trainer on the same batches ends with the same weights, to the bit.
    class Replayed(Trainer):
        def get_train_dataloader(self) -> Any:
            return [{key: value for key, value in batch.items() if key != "domain"} for batch in seen]

    plain_noted = Noted()
    plain = Replayed(
        model=model(),
        args=arguments(tmp_path, gradient_accumulation_steps=accumulation),
        train_dataset=rows(0, 4 * len(seen)),
        data_collator=default_data_collator,
        callbacks=[plain_noted],
    )
    plain_result = plain.train()
    assert plain_noted.weights == pytest.approx(noted.weights, abs=1e-4)
    assert plain_result.training_loss == pytest.approx(result.training_loss, abs=1e-6)
    assert [event.data["status"] for event in broker.events(run.name, "run.finished")] == ["completed"]
    logged = [dict(zip(event.data["names"], event.data["values"])) for event in broker.events(run.name, "metrics.logged")]
    assert [sorted(one) for one in logged[:3]] == [["epoch", "grad_norm", "learning_rate", "loss"]] * 3


def test_sums_are_those_of_the_token_losses(broker: Broker, tmp_path: Path) -> None:
    net = model()
    net.eval()
    with start(broker) as run:
        trainer = MixdeskTrainer(
            run=run, model=net, args=arguments(tmp_path), train_dataset=mixed(run), eval_dataset=_tagged(), data_collator=default_data_collator
        )
        trainer.evaluate()
    told = broker.events(run.name, "evaluation.measured")
    assert len(told) == 1
    for index, name in enumerate(run.domains):
        data = rows(index, 5)
        tokens, labels = torch.tensor(data["input_ids"]), torch.tensor(data["labels"])
        with torch.no_grad():
            logits = net(tokens).logits
        mean = cross_entropy(logits[:, :-1].flatten(0, 1).double(), labels[:, 1:].flatten())
        assert told[0].data["loss"][index] == pytest.approx(float(mean), rel=1e-6), name


def _tagged() -> Dataset:
    parts = [rows(index, 5).add_column("domain", [index] * 5).to_list() for index in (0, 1)]
    return Dataset.from_list([row for pair in zip(*parts) for row in pair])


def test_a_loss_of_your_own_stays_and_the_sums_are_the_same(broker: Broker, tmp_path: Path) -> None:
    calls: List[int] = []

    def halved(outputs: Any, labels: Any, num_items_in_batch: Any = None) -> Any:
        calls.append(1)
        return cross_entropy(outputs.logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten(), reduction="sum") / num_items_in_batch

    reports = []
    for loss in (None, halved):
        with start(broker) as run:
            trainer = MixdeskTrainer(
                run=run,
                model=model(),
                args=arguments(tmp_path, max_steps=6),
                train_dataset=mixed(run),
                data_collator=default_data_collator,
                compute_loss_func=loss,
            )
            trainer.train()
        reports.append([event.data for event in broker.events(run.name, "losses.measured")])
    assert len(calls) == 6
    for one, two in zip(*reports):
        assert one["tokens"] == two["tokens"]
        assert one["lossSum"] == pytest.approx(two["lossSum"], rel=1e-5)


# ---- mixtures ----


@pytest.mark.parametrize("accumulation", [1, 2])
def test_a_mixture_comes_in_at_its_step_and_is_named_in_the_reports(broker: Broker, tmp_path: Path, accumulation: int) -> None:
    with start(broker) as run:
        send(broker, run, 1, [0.0, 1.0], from_step=4)
        trainer = MixdeskTrainer(
            run=run,
            model=model(),
            args=arguments(tmp_path, max_steps=8, gradient_accumulation_steps=accumulation),
            train_dataset=mixed(run),
            data_collator=default_data_collator,
        )
        trainer.train()
    reports = [event.data for event in broker.events(run.name, "losses.measured")]
    assert [(report["mixtureVersion"], report["sequences"]) for report in reports] == (
        [(0, [2 * accumulation, 2 * accumulation])] * 4 + [(1, [0, 4 * accumulation])] * 4
    )
    assert [event.data["step"] for event in broker.events(run.name, "mixture.applied")] == [4]


def test_loss_multipliers_weigh_the_losses_and_not_the_reports(broker: Broker, tmp_path: Path) -> None:
    ended: List[Tuple[List[float], List[float]]] = []
    for weights in ([0.5, 0.5], [0.9, 0.1]):
        with start(broker) as run:
            send(broker, run, 1, weights, meaning="lossMultiplier")
            noted = Noted()
            trainer = MixdeskTrainer(
                run=run,
                model=model(),
                args=arguments(tmp_path, max_steps=3, max_grad_norm=0.0),
                train_dataset=mixed(run),
                data_collator=default_data_collator,
                callbacks=[noted],
            )
            trainer.train()
        first = broker.events(run.name, "losses.measured")[0].data
        ended.append((noted.weights, first["lossSum"]))
        assert first["sequences"] == [2, 2]
    assert ended[0][1] == ended[1][1]
    assert ended[0][0] != ended[1][0]


def test_where_mixdesk_asks_for_the_end_training_stops_with_a_checkpoint(broker: Broker, tmp_path: Path) -> None:
    with start(broker) as run:
        send(broker, run, 1, [0.5, 0.5], from_step=5, lifecycle="stop")
        args = arguments(tmp_path, save_strategy="steps", save_steps=100)
        MixdeskTrainer(run=run, model=model(), args=args, train_dataset=mixed(run), data_collator=default_data_collator).train()
    steps = [event.data["step"] for event in broker.events(run.name, "losses.measured")]
    assert steps == list(range(6))
    assert [event.data["status"] for event in broker.events(run.name, "run.finished")] == ["stopped"]
    assert (tmp_path / "checkpoint-6" / "mixdesk-rank-0.json").exists()
    assert [event.data["step"] for event in broker.events(run.name, "checkpoint.saved")] == [5]


# ---- checkpoints ----


@pytest.mark.parametrize(("accumulation", "killed"), [(1, 13), (2, 19), (1, 10)])
def test_a_training_that_was_killed_goes_on_as_if_it_had_not_been(broker: Broker, tmp_path: Path, accumulation: int, killed: int) -> None:
    def training(run: mixdesk.Run, folder: str, *callbacks: TrainerCallback) -> MixdeskTrainer:
        return MixdeskTrainer(
            run=run,
            model=model(dropout=0.1),
            args=arguments(tmp_path / folder, save_strategy="steps", save_steps=5, gradient_accumulation_steps=accumulation),
            train_dataset=mixed(run),
            data_collator=default_data_collator,
            callbacks=list(callbacks),
        )

    with start(broker) as unbroken:
        send(broker, unbroken, 1, [0.25, 0.75], from_step=7)
        whole = Noted()
        training(unbroken, "unbroken", whole).train()

    with pytest.raises(Crash), start(broker) as first:
        send(broker, first, 1, [0.25, 0.75], from_step=7)
        training(first, "killed", Noted(killed, crash)).train()
    saved = 5 * (killed // 5) - (0 if killed % 5 else 5)
    with mixdesk.start(first.name, domains=["web", "code"], policy="odm", strict=True, brokers=broker.addresses) as second:
        rest = Noted()
        training(second, "killed", rest).train(resume_from_checkpoint=True)
    assert rest.weights == whole.weights[saved:]

    expected = [event.data for event in broker.events(unbroken.name, "losses.measured")]
    told = [event.data for event in broker.events(first.name, "losses.measured")]
    again = [report for report in told if report["attempt"] == 2]
    assert [report["step"] for report in again] == list(range(saved, 30))
    assert [_evidence(report) for report in again] == [_evidence(report) for report in expected[saved:]]
    assert [_evidence(report) for report in told if report["attempt"] == 1][:saved] == [_evidence(report) for report in expected[:saved]]
    resumed = broker.events(first.name, "run.resumed")
    assert [(event.data["attempt"], event.data["step"]) for event in resumed] == [(2, saved - 1)]


def _evidence(report: Dict[str, Any]) -> Tuple[Any, ...]:
    return report["step"], report["mixtureVersion"], report["tokens"], report["lossSum"], report["sequences"]


def test_a_checkpoint_from_before_mixdesk_is_gone_on_from_with_a_warning(broker: Broker, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    plain = {"save_strategy": "steps", "save_steps": 4}
    data = rows(0, 40)
    Trainer(model=model(), args=arguments(tmp_path, max_steps=4, **plain), train_dataset=data, data_collator=default_data_collator).train()
    with start(broker) as run:
        trainer = MixdeskTrainer(
            run=run, model=model(), args=arguments(tmp_path, max_steps=6, **plain), train_dataset=mixed(run), data_collator=default_data_collator
        )
        trainer.train(resume_from_checkpoint=str(tmp_path / "checkpoint-4"))
    assert "has no mixdesk-rank-0.json" in caplog.text
    assert [event.data["step"] for event in broker.events(run.name, "losses.measured")] == [4, 5]


# ---- parts on their own ----


def test_the_callback_alone_takes_mixtures_and_keeps_checkpoints_for_a_plain_trainer(broker: Broker, tmp_path: Path) -> None:
    with start(broker) as run:
        send(broker, run, 1, [0.25, 0.75], from_step=3)
        callback = MixdeskCallback(run, finish=False, metrics=False)
        args = arguments(tmp_path, max_steps=5, save_strategy="steps", save_steps=5)
        Trainer(model=model(), args=args, train_dataset=rows(0, 40), data_collator=default_data_collator, callbacks=[callback]).train()
        assert run.mixture.version == 1
    assert [event.data["step"] for event in broker.events(run.name, "mixture.applied")] == [3]
    state = json.loads((tmp_path / "checkpoint-5" / "mixdesk-rank-0.json").read_text())
    assert (state["run"]["step"], state["run"]["mixture"]["version"], state["data"]) == (4, 1, None)
    assert broker.events(run.name, "metrics.logged") == []


def test_the_callback_alone_goes_on_exactly_though_a_plain_trainer_reads_a_batch_ahead(broker: Broker, tmp_path: Path) -> None:
    def training(run: mixdesk.Run, folder: str, *callbacks: TrainerCallback) -> Trainer:
        data = mixed(run)
        return Trainer(
            model=model(),
            args=arguments(tmp_path / folder, max_steps=10, save_strategy="steps", save_steps=4, ignore_data_skip=True),
            train_dataset=data,
            data_collator=default_data_collator,
            callbacks=[MixdeskCallback(run, data), *callbacks],
        )

    with start(broker) as unbroken:
        send(broker, unbroken, 1, [0.0, 1.0], from_step=4)  # in force, for the batch read ahead, when step 3 is saved
        whole = Noted()
        training(unbroken, "unbroken", whole).train()
    with pytest.raises(Crash), start(broker) as first:
        send(broker, first, 1, [0.0, 1.0], from_step=4)
        training(first, "killed", Noted(6, crash)).train()
    with mixdesk.start(first.name, domains=["web", "code"], policy="odm", strict=True, brokers=broker.addresses) as second:
        rest = Noted()
        training(second, "killed", rest).train(resume_from_checkpoint=True)
    assert rest.weights == whole.weights[4:]
    assert [event.data["step"] for event in broker.events(unbroken.name, "mixture.applied")] == [4]


def test_the_mixin_goes_on_a_trainer_of_your_own_and_map_style_data_with_a_column_is_fine(broker: Broker, tmp_path: Path) -> None:
    class Mine(Trainer):
        pass

    class MineWithMixdesk(MixdeskMixin, Mine):
        pass

    with start(broker) as run:
        trainer = MineWithMixdesk(
            run=run, model=model(), args=arguments(tmp_path, max_steps=4), train_dataset=_tagged(), data_collator=default_data_collator
        )
        trainer.train()
    reports = [event.data for event in broker.events(run.name, "losses.measured")]
    assert [sum(report["sequences"]) for report in reports] == [4, 4, 2, 4]  # ten rows, read twice


def test_the_collator_keeps_domains_apart_from_what_the_inner_one_sees() -> None:
    saw: List[Any] = []

    def inner(given: List[Any]) -> Dict[str, Any]:
        saw.extend(given)
        return {"input_ids": torch.tensor([row["input_ids"] for row in given])}

    batch = DomainCollator(inner)([{"input_ids": [1], "domain": 1}, {"input_ids": [2], "domain": 0}])
    assert batch["domain"].tolist() == [1, 0]
    assert saw == [{"input_ids": [1]}, {"input_ids": [2]}]
    assert set(DomainCollator(inner)([{"input_ids": [1]}])) == {"input_ids"}


def test_wrong_arguments_are_named(broker: Broker, tmp_path: Path) -> None:
    with start(broker) as run:
        with pytest.raises(mixdesk.ArgumentError, match="train_dataset"):
            MixdeskTrainer(run=run, model=model(), args=arguments(tmp_path), train_dataset=rows(0, 8))
        trainer = MixdeskTrainer(
            run=run,
            model=model(),
            args=arguments(tmp_path, dataloader_num_workers=1),
            train_dataset=mixed(run),
            data_collator=default_data_collator,
        )
        with pytest.raises(mixdesk.ArgumentError, match="dataloader_num_workers"):
            trainer.train()
        run.finish("failed")
