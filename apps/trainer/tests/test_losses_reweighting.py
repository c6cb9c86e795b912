"""The control `lossReweighting`, against recordings of the published code and against the formulas."""

import math
from typing import Any, Dict

import numpy as np
import pytest
from losses_support import control_of, golden, sequence_losses, sequence_weights

from mixdesk import ArgumentError
from mixdesk.losses import reweight, reweighted_loss, reweighting_of

GOLDEN = ["lin-upper-small", "lin-upper-warm-100-excerpt", "quadratic-small", "extremes-small", "linear-small", "readme-uniform"]
CONTROL: Dict[str, Any] = {
    "strategy": "linUpper",
    "temperature": 0.4,
    "warmUpSteps": 0,
    "warmUpTemperature": None,
    "delta": 1,
    "rangeGuard": 1e-6,
}


@pytest.mark.parametrize("case", GOLDEN)
def test_weights_are_those_of_the_published_code(case: str) -> None:
    recording = golden("loss-reweighting", case)
    settings = recording["hyperparameters"]
    control = {**settings, "strategy": "readmeUniform" if settings["strategy"] == "uniform" else settings["strategy"]}
    compared = 0
    for step in recording["steps"]:
        losses, want = step["observation"]["losses"], step["output"]["sampleWeights"]
        if None in losses or None in want:  # a loss that is no number makes every published weight none
            continue
        found = reweight(np.array(losses), control, step["step"])
        assert np.abs(found - want).max() <= recording["tolerance"]["absolute"], f"step {step['step']}"
        compared += 1
    assert compared >= 6


def test_weights_are_those_of_the_formulas() -> None:
    for seed in range(500):
        control, losses = control_of(seed), sequence_losses(seed)
        for step in (0, 3, 9, 10):
            want = sequence_weights(losses, control, step)
            found = reweight(np.array(losses), control, step)
            assert np.allclose(found, want, rtol=1e-9, atol=1e-300), f"seed {seed}, step {step}: {control} {losses}"
            whole = reweight(np.array(losses), control, step, total="sequences")
            assert np.allclose(whole, found * len(losses), rtol=1e-12), f"seed {seed}"
            total = math.fsum(w * loss for w, loss in zip(want, losses) if w > 0)
            assert reweighted_loss(np.array(losses), control, step) == pytest.approx(total, rel=1e-9), f"seed {seed}"


def test_without_the_control_every_sequence_counts_the_same() -> None:
    assert reweighting_of({}) is None
    assert reweight(np.array([1.0, 5.0, 3.0, 2.0]), None, 0).tolist() == [0.25] * 4
    assert reweighted_loss([1.0, 5.0], reweighting_of({"acceptBand": 1}), 7) == 3.0


def test_the_numbers_of_the_paper_by_hand() -> None:
    # Two sequences under linUpper: e^(-1/r) to 1.
    assert reweight([2.0, 3.0], CONTROL, 0) == pytest.approx([0.07586, 0.92414], abs=5e-6)
    # The largest ratio of two weights is e^(1/r).
    found = reweight([1.0, 2.0, 3.0, 5.0], CONTROL, 0)
    assert found[3] / found[0] == pytest.approx(math.exp(1 / 0.4))
    assert found == pytest.approx([0.034656, 0.120960, 0.422192, 0.422192], abs=5e-7)


def test_weights_do_not_change_when_losses_are_scaled_or_moved() -> None:
    for seed in range(50):
        control = {**control_of(seed), "rangeGuard": 1e-6, "temperature": 0.4}
        losses = np.array([loss for loss in sequence_losses(seed) if math.isfinite(loss)])
        assert np.allclose(reweight(losses, control, 99), reweight(losses * 3 + 7, control, 99), rtol=1e-6), f"seed {seed}"


@pytest.mark.parametrize(
    ("change", "argument"),
    [
        ({"strategy": "upper"}, "lossReweighting.strategy"),
        ({"temperature": 0}, "lossReweighting.temperature"),
        ({"temperature": math.inf}, "lossReweighting.temperature"),
        ({"warmUpTemperature": "hot"}, "lossReweighting.warmUpTemperature"),
        ({"warmUpSteps": -1}, "lossReweighting.warmUpSteps"),
        ({"warmUpSteps": None}, "lossReweighting.warmUpSteps"),
        ({"delta": True}, "lossReweighting.delta"),
        ({"rangeGuard": 0}, "lossReweighting.rangeGuard"),
    ],
)
def test_a_control_that_makes_no_sense_is_named(change: Dict[str, Any], argument: str) -> None:
    with pytest.raises(ArgumentError) as raised:
        reweighting_of({"lossReweighting": {**CONTROL, **change}})
    assert raised.value.argument == argument
    lacking = {key: value for key, value in CONTROL.items() if key != next(iter(change))}
    with pytest.raises(ArgumentError) as raised:
        reweight([1.0], lacking, 0)
    assert raised.value.argument == argument


def test_wrong_arguments_are_named() -> None:
    for call, argument in (
        (lambda: reweight([[1.0]], CONTROL, 0), "sequence_losses"),
        (lambda: reweight([1.0], CONTROL, -1), "step"),
        (lambda: reweight([1.0], CONTROL, 0, total="two"), "total"),
        (lambda: reweighting_of({"lossReweighting": 5}), "lossReweighting"),
    ):
        with pytest.raises(ArgumentError) as raised:
            call()
        assert raised.value.argument == argument
