"""Trains the example agent on recorded trajectories, and exports it.

    python train.py <trajectories.jsonl> <folder> [--seed 1]

After Data Mixing Agent (arXiv 2507.15640), as far as its abstract tells: a supervised warm start, then conservative
Q-learning (Kumar et al., 2020) on the same recordings. The state is the history as a run's policy tells it, the action the
next mixture, the reward what the mean held-out loss falls by in the next interval. Everything is seeded.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
from network import Adam, Array, Integers, Network, softmax, softmax_slope
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

DOMAINS = ["web", "code", "books", "math"]
K = M = len(DOMAINS)
T = 8
INTERVALS = 20
INTERVAL_TOKENS = 16 * 64 * 1024
INPUTS = T * (K + M) + T + 1
OPSET = 17

ACTOR = [INPUTS, 64, 64, K]
CRITIC = [INPUTS + K, 128, 128, 1]
BATCH = 256
WARM_STEPS, CRITIC_STEPS, ACTOR_STEPS = 12_000, 12_000, 6_000
#: Rewards in tenths of a nat: a whole run then earns about ten.
REWARD_SCALE = 10.0
#: Weight of the conservative term, and actions drawn for its log-sum. A heavier one drowns the values at this scale.
CONSERVATISM, DRAWN = 0.05, 8
#: How much the actor stays with what the warm start imitates; at a tenth of this it follows the critic's errors.
IMITATION = 0.2


class Recordings:
    """Transitions out of the trajectories, as arrays."""

    def __init__(self, path: Path) -> None:
        runs = [json.loads(line) for line in path.read_text().splitlines()]
        mixtures = np.array([[entry["weights"] for entry in run["entries"]] for run in runs])
        losses = np.array([[entry["losses"] for entry in run["entries"]] for run in runs])
        takes_over = np.array([run["takesOver"] for run in runs])
        self.mean = round(float(losses.mean()), 3)
        self.scale = round(float(losses.std()), 3)
        feedback = (losses - self.mean) / self.scale
        count = len(runs)
        self.distributions = np.zeros((count, INTERVALS, T, K))
        self.feedback = np.zeros((count, INTERVALS, T, M))
        self.mask = np.zeros((count, INTERVALS, T))
        self.progress = np.zeros((count, INTERVALS, 1))
        for t in range(1, INTERVALS + 1):
            seen = min(t, T)
            self.distributions[:, t - 1, T - seen :] = mixtures[:, t - seen : t]
            self.feedback[:, t - 1, T - seen :] = feedback[:, t - seen : t]
            self.mask[:, t - 1, T - seen :] = 1.0
            self.progress[:, t - 1] = t / INTERVALS
        self.actions = mixtures[:, 1:]
        target = losses.mean(axis=2)
        self.rewards = REWARD_SCALE * (target[:, :-1] - target[:, 1:])
        #: Decisions of somebody who knows the world, the first of each such run: later ones only repeat it.
        self.shown = [(run, takes - 1) for run, takes in enumerate(takes_over) if takes < INTERVALS]
        self.all = [(run, t) for run in range(count) for t in range(INTERVALS - 1)]

    def states(self, at: Integers, later: int = 0, order: Integers | None = None) -> Array:
        """What the networks see, rows of `(run, decision)`; `order` permutes the domains of each row."""
        run, t = at[:, 0], at[:, 1] + later
        distributions, feedback = self.distributions[run, t], self.feedback[run, t]
        if order is not None:
            distributions = np.take_along_axis(distributions, order[:, None, :], axis=2)
            feedback = np.take_along_axis(feedback, order[:, None, :], axis=2)
        rows = len(at)
        return np.concatenate(
            [
                distributions.reshape(rows, -1),
                feedback.reshape(rows, -1),
                self.mask[run, t],
                self.progress[run, t],
            ],
            axis=1,
        )


def orders(rows: int, chance: np.random.Generator) -> Integers:
    """Another order of the domains for each row: which is which must be read from the history."""
    return chance.permuted(np.tile(np.arange(K), (rows, 1)), axis=1)


def imitate(actor: Network, told: list[Array], states: Array, wanted: Array) -> tuple[list[Array], float]:
    """Gradient of the cross entropy between the actor's mixture and the one wanted."""
    shares = softmax(told[-1])
    gradients, _ = actor.backward(told, (shares - wanted) / len(states))
    divergence = (wanted * (np.log(wanted + 1e-9) - np.log(shares + 1e-9))).sum(axis=1).mean()
    return gradients, float(divergence)


def warm_start(data: Recordings, chance: np.random.Generator) -> Network:
    actor = Network.of(ACTOR, chance)
    adam = Adam(actor.parameters, 1e-3)
    shown = np.array(data.shown)
    for step in range(WARM_STEPS):
        adam.rate = 1e-3 * (1 - step / WARM_STEPS) + 1e-5
        at = shown[chance.integers(len(shown), size=BATCH)]
        order = orders(BATCH, chance)
        wanted = np.take_along_axis(data.actions[at[:, 0], at[:, 1]], order, axis=1)
        told = actor.forward(states := data.states(at, order=order))
        gradients, divergence = imitate(actor, told, states, wanted)
        adam.step(gradients)
        if step % 2000 == 1999:
            print(f"warm start {step + 1}: divergence {divergence:.4f}")
    return actor


def conservative_critic(data: Recordings, actor: Network, chance: np.random.Generator) -> Network:
    """Q of the recordings under the actor, pressed down for actions that nobody recorded."""
    critic = Network.of(CRITIC, chance)
    target = critic.copy()
    adam = Adam(critic.parameters, 5e-4)
    everything = np.array(data.all)
    for step in range(CRITIC_STEPS):
        adam.rate = 5e-4 * (1 - step / CRITIC_STEPS) + 1e-5
        at = everything[chance.integers(len(everything), size=BATCH)]
        order = orders(BATCH, chance)
        states = data.states(at, order=order)
        actions = np.take_along_axis(data.actions[at[:, 0], at[:, 1]], order, axis=1)
        after = data.states(at, later=1, order=order)
        goes_on = at[:, 1] < INTERVALS - 2
        future = target(np.concatenate([after, softmax(actor(after))], axis=1))[:, 0]
        wanted = data.rewards[at[:, 0], at[:, 1]] + goes_on * future

        own = softmax(actor(states))
        drawn = np.concatenate(
            [chance.dirichlet(np.ones(K), (BATCH, DRAWN - 1)), own[:, None, :]], axis=1
        )
        wide = np.repeat(states[:, None, :], DRAWN, axis=1)
        others = np.concatenate([wide, drawn], axis=2).reshape(BATCH * DRAWN, -1)
        rows = np.concatenate([np.concatenate([states, actions], axis=1), others])
        told = critic.forward(rows)
        values, elsewhere = told[-1][:BATCH, 0], told[-1][BATCH:, 0].reshape(BATCH, DRAWN)
        weight = softmax(elsewhere)
        slope_here = (values - wanted) - CONSERVATISM
        slope = np.concatenate([slope_here, CONSERVATISM * weight.reshape(-1)])[:, None] / BATCH
        gradients, _ = critic.backward(told, slope)
        adam.step(gradients)
        target.follow(critic, 0.005)
        if step % 2000 == 1999:
            error = float(np.sqrt(((values - wanted) ** 2).mean()))
            print(f"critic {step + 1}: error {error:.3f}, mean Q {values.mean():.3f}")
    return critic


def improve(data: Recordings, actor: Network, critic: Network, chance: np.random.Generator) -> Network:
    """Towards what the critic values, without leaving what was shown (as in TD3+BC, Fujimoto and Gu, 2021)."""
    actor = actor.copy()
    adam = Adam(actor.parameters, 3e-4)
    everything, shown = np.array(data.all), np.array(data.shown)
    for step in range(ACTOR_STEPS):
        adam.rate = 3e-4 * (1 - step / ACTOR_STEPS) + 1e-6
        order = orders(BATCH, chance)
        at = everything[chance.integers(len(everything), size=BATCH)]
        states = data.states(at, order=order)
        told = actor.forward(states)
        shares = softmax(told[-1])
        valued = critic.forward(np.concatenate([states, shares], axis=1))
        size = np.abs(valued[-1]).mean() + 1e-6
        _, slope = critic.backward(valued, np.full((BATCH, 1), -1.0 / (BATCH * size)))
        gradients, _ = actor.backward(told, softmax_slope(shares, slope[:, -K:]))
        at = shown[chance.integers(len(shown), size=BATCH)]
        wanted = np.take_along_axis(data.actions[at[:, 0], at[:, 1]], order, axis=1)
        told = actor.forward(states := data.states(at, order=order))
        imitated, divergence = imitate(actor, told, states, wanted)
        adam.step([one + IMITATION * other for one, other in zip(gradients, imitated, strict=True)])
        if step % 2000 == 1999:
            print(f"actor {step + 1}: mean Q {float(valued[-1].mean()):.3f}, divergence {divergence:.4f}")
    return actor


def export(actor: Network, data: Recordings, folder: Path, name: str) -> None:
    def given(label: str, values: Array) -> onnx.TensorProto:
        return numpy_helper.from_array(values.astype(np.float32), label)

    nodes, needs = [], [numpy_helper.from_array(np.array([1, -1], dtype=np.int64), "row")]
    for label in ("history_distributions", "history_feedback"):
        nodes.append(helper.make_node("Reshape", [label, "row"], [f"{label}_row"]))
    parts = ["history_distributions_row", "history_feedback_row", "history_mask", "progress"]
    nodes.append(helper.make_node("Concat", parts, ["layer0"], axis=1))
    last = len(actor.weights) - 1
    for i, (weight, bias) in enumerate(zip(actor.weights, actor.biases, strict=True)):
        needs += [given(f"weight{i}", weight), given(f"bias{i}", bias)]
        answer = "logits" if i == last else f"sum{i}"
        nodes.append(helper.make_node("Gemm", [f"layer{i}", f"weight{i}", f"bias{i}"], [answer]))
        if i < last:
            nodes.append(helper.make_node("Relu", [answer], [f"layer{i + 1}"]))

    def tensor(label: str, *shape: int) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(label, TensorProto.FLOAT, list(shape))

    inputs = [
        tensor("history_distributions", 1, T, K),
        tensor("history_feedback", 1, T, M),
        tensor("history_mask", 1, T),
        tensor("progress", 1, 1),
    ]
    graph = helper.make_graph(nodes, name, inputs, [tensor("logits", 1, K)], needs)
    opsets = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8, producer_name="mixdesk")
    onnx.checker.check_model(model)
    model_bytes = model.SerializeToString(deterministic=True)

    # A question of three entries, so that padding is part of what is checked.
    at = np.array([[0, 2]])
    asked = [
        part[0, 2].astype(np.float32)
        for part in (data.distributions, data.feedback, data.mask, data.progress)
    ]
    question = {label.name: part[None] for label, part in zip(inputs, asked, strict=True)}
    (answer,) = ReferenceEvaluator(model).run(None, question)
    assert np.allclose(answer, actor(data.states(at)), atol=1e-4)
    rows = [[[float(f"{value:.6g}") for value in row] for row in part[T - 3 :]] for part in asked[:2]]
    manifest: dict[str, object] = {
        "name": name,
        "model": hashlib.sha256(model_bytes).hexdigest(),
        "opset": OPSET,
        "domains": DOMAINS,
        "feedback": [
            {"name": domain, "from": "loss", "mean": data.mean, "scale": data.scale}
            for domain in DOMAINS
        ],
        "history": T,
        "intervalTokens": INTERVAL_TOKENS,
        "progress": True,
        "output": "logits",
        "golden": {
            "distributions": rows[0],
            "feedback": rows[1],
            "progress": float(f"{asked[3][0]:.6g}"),
            "output": [float(f"{value:.6g}") for value in answer[0]],
        },
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.onnx").write_bytes(model_bytes)
    (folder / f"{name}.json").write_text(json.dumps(manifest, indent=2) + "\n")
    print(f"{folder / name}.onnx: {len(model_bytes)} bytes, {manifest['model']}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("trajectories", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--warm", action="store_true", help="export the warm start, too")
    given = parser.parse_args()
    chance = np.random.default_rng(given.seed)
    data = Recordings(given.trajectories)
    print(f"{len(data.all)} decisions, {len(data.shown)} of them shown; losses {data.mean} ± {data.scale}")
    actor = warm_start(data, chance)
    if given.warm:
        export(actor, data, given.folder, "warm-start")
    critic = conservative_critic(data, actor, chance)
    export(improve(data, actor, critic, chance), data, given.folder, "example-agent")


if __name__ == "__main__":
    main()
