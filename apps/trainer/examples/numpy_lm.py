"""A small language model that really learns, mixed by Mixdesk. NumPy only; about half a minute on one core.

It predicts the next byte from the CONTEXT bytes before it: embedding, one hidden layer, softmax over 256 bytes, Adam.
It reads six kinds of text that lie on any machine after `npm ci`: TypeScript declarations, JavaScript, Markdown,
JSON, Python and licences. Files are split into training and held-out ones; both losses are nats per byte.

    python numpy_lm.py --run demo-odm --policy odm
    python numpy_lm.py --run demo-ref --policy uniform --save ref.npz     # a reference for DoReMi: uniform mixture
    python numpy_lm.py --run demo-doremi --policy doremi --reference ref.npz

Under `doremi` the weights multiply losses: batches are then drawn uniformly, the gradient is that of
sum(w l) / sum(w) over the batch's tokens, and each token's loss is compared with the reference model's.
Training never waits for Mixdesk: without an answer it goes on with the mixture it has.
"""

import argparse
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # one core a run, so that several can run side by side
os.environ.setdefault("OMP_NUM_THREADS", "1")
import numpy as np
from corpus import ROOT, gather

import mixdesk

Array = Any  # a NumPy array; its type parameters differ between the NumPy versions this file runs with
Texts = Dict[str, Tuple[Array, Array]]  # training and held-out bytes by domain

CONTEXT, EMBEDDING, HIDDEN = 10, 16, 224
SEQUENCES, LENGTH = 120, 32  # a batch: this many sequences of this many predicted bytes


# ---- the text ----


def read(root: Path) -> Texts:
    def joined(texts: List[bytes]) -> Array:
        return np.frombuffer(b"".join(texts), np.uint8)

    return {kind: (joined(texts.train), joined(texts.held_out)) for kind, texts in gather(root).items()}


def windows(text: Array, starts: Array, length: int = LENGTH) -> Tuple[Array, Array]:
    """Contexts and next bytes of one sequence of `length` predictions at each start."""
    ends = (starts[:, None] + CONTEXT + np.arange(length)).ravel()
    return text[ends[:, None] + np.arange(-CONTEXT, 0)], text[ends]


# ---- the model ----


class Model:
    """Embedding, hidden layer with ReLU, softmax; float32 throughout."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)

        def normal(*shape: int, scale: float) -> Array:
            return (rng.standard_normal(shape) * scale).astype(np.float32)

        self.parameters: Dict[str, Array] = {
            "embedding": normal(256, EMBEDDING, scale=0.5),
            "w1": normal(CONTEXT * EMBEDDING, HIDDEN, scale=(CONTEXT * EMBEDDING) ** -0.5 * 2.0),
            "b1": np.zeros(HIDDEN, np.float32),
            "w2": normal(HIDDEN, 256, scale=0.02),
            "b2": np.zeros(256, np.float32),
        }
        self._moments = {key: (np.zeros_like(p), np.zeros_like(p)) for key, p in self.parameters.items()}
        self._updates = 0

    def losses(self, contexts: Array, targets: Array) -> Array:
        """The loss of each prediction, nats."""
        return self._forward(contexts, targets)[0]

    def _forward(self, contexts: Array, targets: Array) -> Tuple[Array, Array, Array, Array]:
        p = self.parameters
        inputs = p["embedding"][contexts].reshape(len(contexts), -1)
        hidden = np.maximum(inputs @ p["w1"] + p["b1"], 0)
        logits = hidden @ p["w2"] + p["b2"]
        logits -= logits.max(axis=1, keepdims=True)
        probabilities = np.exp(logits)
        total = probabilities.sum(axis=1, keepdims=True)
        losses = np.log(total[:, 0]) - logits[np.arange(len(targets)), targets]
        probabilities /= total
        return losses, inputs, hidden, probabilities

    def learn(self, contexts: Array, targets: Array, shares: Array, rate: float) -> Array:
        """One step of Adam on sum(shares * losses); `shares` sum to 1. Returns the losses before it."""
        p = self.parameters
        losses, inputs, hidden, slope = self._forward(contexts, targets)
        slope[np.arange(len(targets)), targets] -= 1
        slope *= shares[:, None]
        below = (slope @ p["w2"].T) * (hidden > 0)
        back = (below @ p["w1"].T).reshape(-1, EMBEDDING)
        order = np.argsort(contexts.ravel(), kind="stable")  # add up the rows of each byte
        bytes_met, firsts = np.unique(contexts.ravel()[order], return_index=True)
        embedding = np.zeros_like(p["embedding"])
        embedding[bytes_met] = np.add.reduceat(back[order], firsts)
        self._adam({"embedding": embedding, "w1": inputs.T @ below, "b1": below.sum(0), "w2": hidden.T @ slope, "b2": slope.sum(0)}, rate)
        return losses

    def _adam(self, gradients: Dict[str, Array], rate: float) -> None:
        self._updates += 1
        correction = np.sqrt(1 - 0.99**self._updates) / (1 - 0.9**self._updates)
        for key, gradient in gradients.items():
            mean, square = self._moments[key]
            mean += 0.1 * (gradient - mean)
            square += 0.01 * (gradient * gradient - square)
            self.parameters[key] -= np.float32(rate * correction) * mean / (np.sqrt(square) + 1e-8)

    def save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            np.savez(file, **self.parameters)

    @classmethod
    def load(cls, path: Path) -> "Model":
        model = cls(seed=0)
        with np.load(path, allow_pickle=False) as saved:
            model.parameters = {key: saved[key] for key in model.parameters}
        return model


# ---- training ----


def held_out_losses(model: Model, texts: Texts, predictions: int) -> List[float]:
    """The same evenly spread held-out windows each time."""
    losses = []
    for _, text in texts.values():
        starts = np.linspace(0, len(text) - CONTEXT - LENGTH - 1, max(1, predictions // LENGTH)).astype(np.int64)
        losses.append(float(model.losses(*windows(text, starts)).mean()))
    return losses


def train(options: argparse.Namespace, run: mixdesk.Run, texts: Texts) -> Tuple[Model, int]:
    """Trains, and returns the model and the number of steps it took."""
    names = list(texts)
    rng = np.random.default_rng(options.seed)
    model = Model(options.seed)
    reference = Model.load(options.reference) if options.reference else None
    uniform = np.full(len(names), 1 / len(names))
    for step in range(options.steps):
        mixture = run.boundary(step)
        if run.should_stop:
            return model, step
        weights = np.array(mixture.weights)
        multiplies = mixture.meaning == "lossMultiplier"
        sequences = rng.multinomial(SEQUENCES, uniform if multiplies else weights / weights.sum())

        parts = []
        for (text, _), count in zip(texts.values(), sequences):
            parts.append(windows(text, rng.integers(0, len(text) - CONTEXT - LENGTH, count)))
        contexts, targets = (np.concatenate(part) for part in zip(*parts))
        owners = np.repeat(np.arange(len(names)), sequences * LENGTH)
        shares = weights[owners] if multiplies else np.ones(len(owners))
        rate = options.rate * min(1, (step + 1) / 20) * (1 - 0.9 * step / options.steps)
        losses = model.learn(contexts, targets, (shares / shares.sum()).astype(np.float32), rate)

        signals = {}
        if reference is not None:
            reference_losses = reference.losses(contexts, targets)
            excess = np.maximum(losses - reference_losses, 0)  # clipped for each token, before any sum
            signals = {"clippedExcessSum": _sums(owners, excess, names), "refLossSum": _sums(owners, reference_losses, names)}
        loss_sum = _sums(owners, losses, names)
        run.log_losses(step, loss_sum, sequences * LENGTH, sequences=sequences, signals=signals)

        if (step + 1) % options.evaluate == 0 and step + 1 < options.steps:
            run.log_evaluation(step, loss=held_out_losses(model, texts, 1024))
        if step % 10 == 0 or step + 1 == options.steps:
            per_byte = [float(total / (n * LENGTH)) if n else None for total, n in zip(loss_sum, sequences)]
            report(options, step, names, "loss", per_byte, mixture)
    return model, options.steps


def _sums(owners: Array, values: Array, names: List[str]) -> Array:
    return np.bincount(owners, values, minlength=len(names))


def report(options: argparse.Namespace, step: int, names: List[str], what: str, values: List[Optional[float]], mixture: mixdesk.Mixture) -> None:
    by_name = {name: None if value is None else round(value, 4) for name, value in zip(names, values)}
    if options.progress_json:
        weights = {name: round(weight, 5) for name, weight in zip(names, mixture.weights)}
        line = {"step": step, what: by_name, "weights": weights, "meaning": mixture.meaning, "mixtureVersion": mixture.version}
        print(json.dumps({"run": options.run, **line}), flush=True)
    else:
        shown = "  ".join(f"{name} {value} ({weight:.2f})" for (name, value), weight in zip(by_name.items(), mixture.weights))
        print(f"step {step:4d}  {what} nats/byte (weight), mixture {mixture.version}:  {shown}", flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", default=f"numpy-lm-{int(time.time())}", help="name of the run; a new one each time")
    parser.add_argument("--project", default="numpy-lm")
    parser.add_argument("--policy", default="odm")
    parser.add_argument("--policy-config", type=json.loads, metavar="JSON", help="settings of the policy")
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0, help="of the parameters and of the batches")
    parser.add_argument("--rate", type=float, default=0.004, help="largest learning rate")
    parser.add_argument("--cadence", type=int, default=10, help="steps between decisions")
    parser.add_argument("--evaluate", type=int, default=50, help="steps between held-out evaluations")
    parser.add_argument("--brokers", help="Kafka; default MIXDESK_KAFKA_BROKERS, then 127.0.0.1:19092")
    parser.add_argument("--save", type=Path, metavar="FILE", help="keep the parameters here, as .npz")
    parser.add_argument("--reference", type=Path, metavar="FILE", help="parameters of the reference model, as DoReMi needs")
    parser.add_argument("--root", type=Path, default=ROOT, help="folder that holds node_modules")
    parser.add_argument("--progress-json", action="store_true", help="one JSON object a line on stdout")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    for end in (signal.SIGINT, signal.SIGTERM):  # whoever started this may have told it to ignore them
        signal.signal(end, signal.default_int_handler)
    texts = read(options.root)
    policy = {"name": options.policy, "config": options.policy_config} if options.policy_config else options.policy
    reference = str(options.reference) if options.reference else None
    run = mixdesk.start(
        options.run,
        project=options.project,
        domains={name: len(text) for name, (text, _) in texts.items()},
        policy=policy,
        horizon={"steps": options.steps},
        cadence=options.cadence,
        brokers=options.brokers,
        params={"seed": options.seed, "rate": options.rate, "batch": SEQUENCES * LENGTH, "reference": reference},
        tags=["example"],
        notes="Byte-level MLP language model in NumPy (examples/numpy_lm.py).",
    )
    try:
        with run:
            model, steps = train(options, run, texts)
            last = max(0, steps - 1)
            final = held_out_losses(model, texts, 8192)
            run.log_evaluation(last, loss=final)
            report(options, last, list(texts), "heldOut", [*final], run.mixture)
            if options.save:
                model.save(options.save)
                run.checkpoint(last, options.save.resolve().as_uri())
            if steps < options.steps:
                run.finish("stopped", "Mixdesk asked for it")
    except KeyboardInterrupt:
        print("Interrupted; the run is marked as stopped.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
