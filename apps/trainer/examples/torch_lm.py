"""A small GPT that really learns, mixed by Mixdesk. PyTorch, on the processor, a GPU, or several processes.

It reads seven kinds of text that lie on any machine after the install: TypeScript, JavaScript, Markdown, JSON, Python,
C++ headers and the Python manual. Its byte-pair tokenizer is trained on the spot. Files are split into training and
held-out ones; held-out losses are told in nats per token, and per byte, which compares between tokenizers.

    python torch_lm.py --run lm-odm --policy odm
    python torch_lm.py --run lm-ref --policy uniform --save ref.pt        # a reference for DoReMi: uniform mixture
    python torch_lm.py --run lm-doremi --policy doremi --reference ref.pt --cadence 1
    torchrun --nproc-per-node 2 -- torch_lm.py --policy odm               # the batch is divided between processes
    python torch_lm.py --policy odm --save lm.pt                          # and, after a crash, with --resume lm.pt

Under `doremi` the weights multiply losses: batches are then drawn evenly, and the loss is sum(w l) / sum(w) over the
tokens of the batch. Training never waits for Mixdesk: without an answer it goes on with the mixture it has.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

import torch
import torch.distributed as dist
import torch.nn.functional as F
from corpus import ROOT
from tokens import VOCABULARY, Data, read_once
from torch import Tensor, nn

import mixdesk
from mixdesk.losses import by_domain, doremi_excess, weighted_loss
from mixdesk.samplers import Batch

FINAL_WINDOWS = 192
"""Held-out windows of a domain that the final losses are measured on."""


# ---- the model ----


class Block(nn.Module):  # type: ignore[misc, unused-ignore]
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.before_attention, self.before_mlp = nn.LayerNorm(width), nn.LayerNorm(width)
        self.queries_keys_values, self.out = nn.Linear(width, 3 * width, bias=False), nn.Linear(width, width, bias=False)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        parts = self.queries_keys_values(self.before_attention(x)).view(batch, length, 3, self.heads, width // self.heads)
        q, k, v = parts.permute(2, 0, 3, 1, 4)
        seen = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(batch, length, width)
        attended: Tensor = x + self.out(seen)
        mixed: Tensor = attended + self.mlp(self.before_mlp(attended))
        return mixed


class GPT(nn.Module):  # type: ignore[misc, unused-ignore]
    """Decoder-only transformer; embedding and output share their weights. Gives the loss of each prediction, nats."""

    def __init__(self, vocabulary: int, context: int, layers: int, width: int, heads: int = 4) -> None:
        super().__init__()
        self.tokens, self.places = nn.Embedding(vocabulary, width), nn.Embedding(context, width)
        self.blocks = nn.Sequential(*(Block(width, heads) for _ in range(layers)), nn.LayerNorm(width))
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.normal_(parameter, std=0.02)

    def forward(self, windows: Tensor) -> Tensor:
        x, targets = windows[:, :-1], windows[:, 1:]
        hidden = self.blocks(self.tokens(x) + self.places.weight)
        logits = hidden @ self.tokens.weight.T
        return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none").view(targets.shape)


def held_out_losses(model: GPT, data: Data, windows: int) -> Tuple[List[float], List[float]]:
    """Nats per token and per byte by domain, over the same evenly spread windows each time."""
    per_token, per_byte = [], []
    device = model.places.weight.device
    for held_out in data.held_out.values():
        spread = torch.linspace(0, len(held_out) - 1, min(windows, len(held_out))).long()
        parts = torch.split(held_out[spread].long().to(device), 64)
        with torch.no_grad():
            total = sum(float(model(part).sum()) for part in parts)
        size = sum(float(data.lengths.to(device)[part[:, 1:]].sum()) for part in parts)
        per_token.append(total / (len(spread) * (held_out.shape[1] - 1)))
        per_byte.append(total / size)
    return per_token, per_byte


# ---- training ----


class Trainer:
    """Model and optimiser of one process, and its part of the run."""

    def __init__(self, options: argparse.Namespace, data: Data, device: torch.device) -> None:
        self.options, self.data, self.device = options, data, device
        self.names = list(data.train)
        self.began = time.monotonic()
        self.trained = torch.zeros(len(self.names), dtype=torch.int64)
        self.model = self._new_model()
        self.parallel = nn.parallel.DistributedDataParallel(self.model) if dist.is_initialized() else self.model
        self.optimizer = torch.optim.AdamW(self.model.parameters(), betas=(0.9, 0.95), weight_decay=0.1)
        self.reference = self._new_model() if options.reference else None
        if self.reference:
            self.reference.load_state_dict(load(options.reference, device)["model"])

    def _new_model(self) -> GPT:
        torch.manual_seed(self.options.seed)
        model = GPT(VOCABULARY, self.options.context, self.options.layers, self.options.width)
        model.to(self.device)
        return model

    def train(self, run: mixdesk.Run) -> None:
        """Every step that is left, unless Mixdesk asks to stop."""
        options = self.options
        loader = run.loader(self.data.train, options.batch // run.ranks, collate=torch.stack, seed=options.seed, steps=options.steps)
        if run.step < 0:
            size = {"parameters": sum(parameter.numel() for parameter in self.model.parameters())}
            self.tell("untrained", run, 0, held_out_losses(self.model, self.data, options.windows)[0], size)
        version, asked = -1, -1
        for batch in loader:
            if batch.mixture_version != version:  # a policy that probes asks for losses after so many steps under its mixture
                version, after = batch.mixture_version, run.mixture.controls.get("evaluateAfterSteps")
                asked = batch.step + after - 1 if after else -1
            report = self.learn(run, batch)
            if batch.step % 10 == 0:
                means = [total / tokens if tokens else math.nan for total, tokens in zip(report["losses"], report["tokens"])]
                self.tell("loss", run, batch.step, means)
            if (batch.step + 1) % options.evaluate == 0 or batch.step in (asked, options.steps - 1):
                self.evaluate(run, batch.step)
                self.save(run, batch.step)

    def learn(self, run: mixdesk.Run, batch: Batch) -> Dict[str, Any]:
        """One update, and its report, which is returned."""
        owners = torch.tensor(batch.domains, device=self.device)
        windows = batch.samples.long().to(self.device)
        losses = self.parallel(windows)
        multiplies = run.mixture.meaning == "lossMultiplier"
        objective = weighted_loss(losses, owners, run.mixture.weights, all_reduce=True) if multiplies else losses.mean()
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate(batch.step)
        self.optimizer.zero_grad()
        objective.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()

        if self.reference:
            with torch.no_grad():
                expected = self.reference(windows)
            report = doremi_excess(losses, expected, owners, run.domains).fields()
        else:
            report = by_domain(losses, owners, run.domains).fields()
        run.log(batch.step, **report)
        self.trained += torch.tensor(report["tokens"])
        return report

    def rate(self, step: int) -> float:
        """Warm-up over 20 steps, half a cosine down to a tenth."""
        cosine = 0.55 + 0.45 * math.cos(math.pi * step / self.options.steps)
        return float(self.options.rate * min(1.0, (step + 1) / 20) * cosine)

    def evaluate(self, run: mixdesk.Run, step: int) -> None:
        """Held-out losses, reported by the first process. The same windows each time, for policies compare."""
        if run.rank == 0:
            losses, _ = held_out_losses(self.model, self.data, self.options.windows)
            run.log_evaluation(step, loss=losses)
            self.tell("heldOut", run, step, losses)

    def conclude(self, run: mixdesk.Run) -> None:
        """Held-out losses over many more windows, in the end; among the run's metrics."""
        if run.rank == 0:
            losses, per_byte = held_out_losses(self.model, self.data, FINAL_WINDOWS)
            run.log(run.step, metrics={f"final loss {name}": loss for name, loss in zip(self.names, losses)})
            more = {"perByte": self.by_name(per_byte), "tokens": self.by_name(self.trained.tolist()), "seconds": time.monotonic() - self.began}
            self.tell("final", run, run.step, losses, more)

    def save(self, run: mixdesk.Run, step: int) -> None:
        """Everything that going on needs. At once or not at all: the process may end at any moment."""
        if self.options.save and run.rank == 0:
            self.options.save.parent.mkdir(parents=True, exist_ok=True)
            new = self.options.save.with_suffix(".new")
            state = {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict(), "run": run.state_dict(), "trained": self.trained}
            torch.save(state, new)
            new.replace(self.options.save)
        if self.options.save:
            run.checkpoint(step, self.options.save.resolve().as_uri())

    def restore(self, state: Dict[str, Any]) -> None:
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.trained = state["trained"].cpu()

    def by_name(self, numbers: Sequence[float]) -> Dict[str, Optional[float]]:
        return {name: round(number, 5) if math.isfinite(number) else None for name, number in zip(self.names, numbers)}

    def tell(self, what: str, run: mixdesk.Run, step: int, values: Sequence[float], more: Optional[Mapping[str, Any]] = None) -> None:
        """A line for people, or for programs, from the first process."""
        mixture = run.mixture
        if self.options.progress_json and run.rank == 0:
            state = {"weights": self.by_name(mixture.weights), "meaning": mixture.meaning, "mixtureVersion": mixture.version}
            print(json.dumps({"run": run.name, "step": step, what: self.by_name(values), **state, **(more or {})}), flush=True)
        elif run.rank == 0:
            shown = "  ".join(f"{name} {value:.2f} ({weight:.0%})" for name, value, weight in zip(self.names, values, mixture.weights))
            print(f"step {step:4d}  {what:9s} mixture {mixture.version:3d}  {shown}", flush=True)


def load(path: Path, device: torch.device) -> Dict[str, Any]:
    """A file that `save` wrote: tensors and plain values, nothing that runs."""
    state: Dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
    return state


def begin(options: argparse.Namespace, data: Data, state: Optional[Dict[str, Any]]) -> mixdesk.Run:
    sizes = {name: len(windows) * options.context for name, windows in data.train.items()}
    return mixdesk.start(
        options.run or (state["run"]["run"] if state else f"torch-lm-{int(time.time())}"),
        project=options.project,
        domains=[mixdesk.Domain(name, tokens, (options.weights or {}).get(name)) for name, tokens in sizes.items()],
        policy={"name": options.policy, "config": options.policy_config or {}},
        horizon={"steps": options.steps},
        cadence=options.cadence,
        signals=["clippedExcessSum", "refLossSum"] if options.reference else [],
        evaluations={"loss": True},
        params={key: getattr(options, key) for key in ("seed", "rate", "batch", "context", "layers", "width")},
        tags=["example"],
        notes="Small GPT in PyTorch (examples/torch_lm.py).",
        state=state["run"] if state else None,
        brokers=options.brokers,
        url=options.url,
    )


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--run", help="name of the run; left out, a new one each time, or the one to resume")
    add("--project", default="torch-lm")
    add("--policy", default="odm")
    add("--policy-config", type=json.loads, metavar="JSON", help="settings of the policy")
    add("--weights", type=json.loads, metavar="JSON", help="mixture to start with, by domain; even when left out")
    add("--steps", type=int, default=400)
    add("--seed", type=int, default=0, help="of the parameters and of the batches")
    add("--batch", type=int, default=32, help="sequences a step, of all processes together")
    add("--context", type=int, default=64, help="tokens a sequence")
    add("--layers", type=int, default=2)
    add("--width", type=int, default=96, help="a multiple of 4")
    add("--rate", type=float, default=2e-3, help="largest learning rate")
    add("--cadence", type=int, default=5, help="steps between decisions")
    add("--evaluate", type=int, default=20, help="steps between held-out evaluations")
    add("--windows", type=int, default=16, help=f"held-out sequences of a domain in each of these; in the end {FINAL_WINDOWS}")
    add("--save", type=Path, metavar="FILE", help="keep everything here, after each evaluation")
    add("--resume", type=Path, metavar="FILE", help="go on where this file was saved, in the same run")
    add("--reference", type=Path, metavar="FILE", help="what --save kept of a reference model of the same size, as DoReMi needs")
    add("--data", type=Path, metavar="FILE", help="keep the tokens here, and read them from here the next time")
    add("--root", type=Path, default=ROOT, help="folder that holds node_modules")
    add("--brokers", help="Kafka; default MIXDESK_KAFKA_BROKERS, then 127.0.0.1:19092")
    add("--url", help="Mixdesk's server, in place of Kafka")
    add("--threads", type=int, help="of PyTorch on the processor")
    add("--progress-json", action="store_true", help="one JSON object a line on stdout")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    for end in (signal.SIGINT, signal.SIGTERM):  # whoever started this may have told it to ignore them
        signal.signal(end, signal.default_int_handler)
    if options.threads:
        torch.set_num_threads(options.threads)
    data = read_once(options.data, options.root, options.context)
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0"))) if torch.cuda.is_available() else torch.device("cpu")
    if "RANK" in os.environ:  # started by torchrun
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    state = load(options.resume, device) if options.resume else None
    trainer = Trainer(options, data, device)
    if state:
        trainer.restore(state)
    try:
        with begin(options, data, state) as run:
            trainer.train(run)
            trainer.conclude(run)
            if run.step + 1 < options.steps:
                run.finish("stopped", "Mixdesk asked for it")
    except KeyboardInterrupt:
        print("Interrupted; the run is marked as stopped.", file=sys.stderr)
        return 130
    finally:
        if dist.is_initialized():
            dist.destroy_process_group()
    return 0


if __name__ == "__main__":
    sys.exit(main())
