"""A small fully connected network with its gradient, in NumPy: nothing here needs a framework."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass
class Network:
    """Layers of weights and biases, with rectifiers between them."""

    weights: list[Array]
    biases: list[Array]

    @staticmethod
    def of(sizes: list[int], chance: np.random.Generator) -> Network:
        weights = [
            chance.normal(0.0, np.sqrt(2.0 / inputs), (inputs, outputs))
            for inputs, outputs in zip(sizes, sizes[1:], strict=False)
        ]
        weights[-1] *= 0.1
        return Network(weights, [np.zeros(outputs) for outputs in sizes[1:]])

    def copy(self) -> Network:
        return Network([one.copy() for one in self.weights], [one.copy() for one in self.biases])

    def forward(self, inputs: Array) -> list[Array]:
        """What every layer gives, the inputs first and the answer last."""
        given = [inputs]
        for i, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            answer = given[-1] @ weight + bias
            given.append(answer if i == len(self.weights) - 1 else np.maximum(answer, 0.0))
        return given

    def __call__(self, inputs: Array) -> Array:
        return self.forward(inputs)[-1]

    def backward(self, given: list[Array], slope: Array) -> tuple[list[Array], Array]:
        """Gradients of weights and biases in the order of `parameters`, and that of the inputs."""
        gradients: list[Array] = []
        for i in range(len(self.weights) - 1, -1, -1):
            gradients += [slope.sum(axis=0), given[i].T @ slope]
            slope = slope @ self.weights[i].T
            if i > 0:
                slope = slope * (given[i] > 0.0)
        return gradients[::-1], slope

    @property
    def parameters(self) -> list[Array]:
        return [
            one for pair in zip(self.weights, self.biases, strict=True) for one in pair
        ]

    def follow(self, other: Network, share: float) -> None:
        """Moves a little towards another network."""
        for mine, theirs in zip(self.parameters, other.parameters, strict=True):
            mine[:] += share * (theirs - mine)


@dataclass
class Adam:
    """Kingma and Ba (2015), with decay of weights apart from the gradient."""

    parameters: list[Array]
    rate: float
    decay: float = 1e-4
    moments: list[tuple[Array, Array]] = field(default_factory=list)
    steps: int = 0

    def __post_init__(self) -> None:
        self.moments = [(np.zeros_like(one), np.zeros_like(one)) for one in self.parameters]

    def step(self, gradients: list[Array]) -> None:
        self.steps += 1
        corrected = self.rate * np.sqrt(1 - 0.999**self.steps) / (1 - 0.9**self.steps)
        for parameter, gradient, (first, second) in zip(
            self.parameters, gradients, self.moments, strict=True
        ):
            first[:] += 0.1 * (gradient - first)
            second[:] += 0.001 * (gradient**2 - second)
            decayed = self.rate * self.decay * parameter
            parameter[:] -= corrected * first / (np.sqrt(second) + 1e-8) + decayed


def softmax(logits: Array) -> Array:
    powers: Array = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares: Array = powers / powers.sum(axis=-1, keepdims=True)
    return shares


def softmax_slope(shares: Array, slope: Array) -> Array:
    """From the slope of the shares to that of the logits."""
    own: Array = shares * (slope - (slope * shares).sum(axis=-1, keepdims=True))
    return own
