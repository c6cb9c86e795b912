"""Pass counts, accept bands, rollout counts and the selection of rollouts."""

import math
import random
import statistics
from fractions import Fraction
from typing import Any, Dict, List

import pytest
from losses_support import golden

from mixdesk import ArgumentError
from mixdesk.losses import PassCounts, accept, accept_band_of, rollouts_of, select_rollouts

BAND: Dict[str, Any] = {"low": 0.2, "high": 0.8, "open": False, "maxRefill": 9}


@pytest.mark.parametrize("case", ["four-mixed-sizes", "three-groups-of-16"])
def test_advantages_are_those_of_the_recordings(case: str) -> None:
    recording = golden("advantage-signal", case)
    passes = PassCounts(recording["domains"], epsilon=recording["hyperparameters"]["epsilon"])
    for step in recording["steps"]:
        for i, name in enumerate(recording["domains"]):
            prompts = step["observation"]["promptPass"].get(name, [])
            passes.add([i] * len(prompts), [p[0] for p in prompts], [p[1] for p in prompts])
        signals = passes.signals()
        passes.clear()
        for i, want in enumerate(step["output"]["meanAbsAdvantage"]):
            if signals["rollouts"][i]:
                found = signals["absAdvantageSum"][i] / signals["rollouts"][i]
                assert found == pytest.approx(want, abs=recording["tolerance"]["absolute"]), f"step {step['step']}, domain {i}"


def test_counts_and_rewards_give_the_sums_of_plain_python() -> None:
    for seed in range(200):
        rng = random.Random(seed)
        domains, bins, deviation = rng.randint(1, 5), rng.choice([None, 4, 8]), rng.choice(["unbiased", "population"])
        by_counts = PassCounts(domains, bins=bins, deviation=deviation)
        by_rewards = PassCounts(domains, bins=bins, deviation=deviation)
        want: Dict[str, List[float]] = {name: [0.0] * domains for name in by_counts.signals()}
        for _ in range(rng.randint(0, 12)):
            domain, tried = rng.randrange(domains), rng.randint(0, 9)
            rewards = [float(rng.random() < 0.5) for _ in range(tried)]
            by_counts.add([domain], [int(sum(rewards))], [tried])
            by_rewards.add_rewards([domain], [rewards])
            if not tried:
                continue
            mean = statistics.fmean(rewards)
            spread = 0.0 if tried == 1 else statistics.stdev(rewards) if deviation == "unbiased" else statistics.pstdev(rewards)
            want["rollouts"][domain] += tried
            want["successes"][domain] += sum(rewards)
            want["rewardSum"][domain] += sum(rewards)
            want["absUnnormalisedAdvantageSum"][domain] += sum(abs(r - mean) for r in rewards)
            want["absAdvantageSum"][domain] += sum(abs(r - mean) / (spread + 1e-6) for r in rewards)
            if bins is not None:
                nearest = math.floor(Fraction(int(sum(rewards)) * bins, tried) + Fraction(1, 2))
                want[f"passBin{nearest}"][domain] += 1
        for passes in (by_counts, by_rewards):
            found = passes.signals()
            assert set(found) == set(want)
            for name in want:
                assert found[name] == pytest.approx(want[name], rel=1e-9, abs=1e-12), f"seed {seed}, {name}"


def test_rewards_need_not_be_pass_or_fail() -> None:
    passes = PassCounts(2)
    passes.add_rewards([1, 1, 0], [[0.5, 2.0, 2.0, 3.5], [math.nan, 1.0], []], success=2.0)
    found = passes.signals()
    assert (found["rollouts"], found["successes"], found["rewardSum"]) == ([0, 4], [0, 3], [0, 8.0])
    assert found["absUnnormalisedAdvantageSum"] == [0, 3.0]
    assert found["absAdvantageSum"][1] == pytest.approx(3 / (math.sqrt(1.5) + 1e-6))


def test_fields_name_the_domains_that_had_rollouts_and_forget_them() -> None:
    passes = PassCounts(["a", "b", "c"])
    passes.add([2], [1], [4])
    fields = passes.fields()
    assert (fields["domains"], fields["losses"], fields["tokens"]) == ([2], [0.0], [0])
    assert fields["signals"]["rollouts"] == [4]
    assert passes.fields()["domains"] == []


@pytest.mark.parametrize("case", ["band-02-08", "dapo"])
def test_prompts_are_kept_as_in_the_recordings(case: str) -> None:
    recording = golden("difficulty-filter", case)
    settings = recording["hyperparameters"]
    band = {"low": settings.get("low", 0), "high": settings.get("high", 1), "open": settings.get("openInterval", False), "maxRefill": 0}
    for step in recording["steps"]:
        kept = [accept({"acceptBand": band}, s, settings["rolloutsPerPrompt"]) for s in step["observation"]["successes"]]
        assert kept == step["output"]["accepted"], f"step {step['step']}"


def test_bounds_are_compared_as_whole_numbers() -> None:
    """Against rationals: of n rollouts with bounds of two decimals, k / n is a bound or is not."""
    for seed in range(300):
        rng = random.Random(seed)
        low, high = sorted([rng.randint(0, 100), rng.randint(0, 100)])
        is_open, tried = rng.random() < 0.5, rng.choice([1, 3, 7, 10, 16, 50, 64, 100, 1000])
        control = {"acceptBand": {"low": low / 100, "high": high / 100, "open": is_open, "maxRefill": 3, "batch": 5}}
        band = accept_band_of(control)
        assert band is not None
        assert (band.batch, band.max_refill) == (5, 3)
        for passed in range(tried + 1):
            rate = Fraction(passed, tried)
            want = Fraction(low, 100) < rate < Fraction(high, 100) if is_open else Fraction(low, 100) <= rate <= Fraction(high, 100)
            assert accept(control, passed, tried) is want, f"seed {seed}: {passed} of {tried}, {control}"
            assert accept(band, passed, tried) is want
    assert accept({"acceptBand": {**BAND, "low": 0.07}}, 7, 100)
    assert not accept({"acceptBand": BAND}, 0, 0)
    assert (accept({}, 0, 3), accept({}, 0, 0)) == (True, False)


def test_rollouts_are_those_of_the_control() -> None:
    assert rollouts_of({}) is None
    assert rollouts_of({"rolloutCounts": [2, 0, 128]}, 3) == (2, 0, 128)


SELECTIONS: Dict[str, Any] = {
    "band-open": lambda s: {"rule": "band", "low": s["low"], "high": s["high"]},
    "top-half": lambda s: {"rule": "topFraction", "fraction": s["fraction"], "largest": s["largest"]},
    "gfpo-efficiency": lambda s: {"rule": "gfpo", "count": s["k"], "metric": s["metric"]},
    "max-variance": lambda s: {"rule": "largestVariance", "fraction": s["keep_fraction"]},
}


@pytest.mark.parametrize("case", list(SELECTIONS))
def test_rollouts_are_selected_as_in_the_recordings(case: str) -> None:
    recording = golden("dataflex-selectors", case)
    controls = {"rolloutSelection": SELECTIONS[case](recording["hyperparameters"])}
    for step in recording["steps"]:
        seen = step["observation"]
        found = select_rollouts(controls, seen["score"], prompts=seen.get("group"), lengths=seen.get("length"))
        assert found == step["output"]["keep"], f"step {step['step']}"


def test_the_selection_of_largest_variance_is_the_best_of_all_subsets() -> None:
    from itertools import combinations

    for seed in range(60):
        rng = random.Random(seed)
        scores = [rng.randint(0, 16) / 4 for _ in range(rng.randint(1, 8))]
        found = select_rollouts({"rolloutSelection": {"rule": "largestVariance", "fraction": 0.5}}, scores)
        kept = max(1, round(0.5 * len(scores)))
        best = max(statistics.pvariance(chosen) for chosen in combinations(scores, kept))
        assert len(found) == kept, f"seed {seed}"
        assert statistics.pvariance([scores[i] for i in found]) == pytest.approx(best), f"seed {seed}: {scores}"


def test_what_has_no_score_is_never_selected() -> None:
    scores = [math.nan, 1.0, 2.0, math.nan, 3.0]
    rules: List[Dict[str, Any]] = [
        {"rule": "band", "low": -1, "high": 9},
        {"rule": "topFraction", "fraction": 1, "largest": True},
        {"rule": "gfpo", "count": 5, "metric": "short"},
        {"rule": "gfpo", "count": 5, "metric": "efficiency"},
        {"rule": "largestVariance", "fraction": 1},
    ]
    for rule in rules:
        assert select_rollouts({"rolloutSelection": rule}, scores, lengths=[1, 2, 3, 4, 5]) == [1, 2, 4], rule
    assert select_rollouts({}, scores) == [0, 1, 2, 3, 4]


def test_wrong_arguments_and_controls_are_named() -> None:
    passes = PassCounts(2)
    for call, argument in (
        (lambda: passes.add([2], [0], [1]), "domain_ids"),
        (lambda: passes.add([0], [2], [1]), "successes"),
        (lambda: passes.add([0], [1, 1], [2]), "successes"),
        (lambda: passes.add([0], [1], [-2]), "rollouts"),
        (lambda: passes.add_rewards([0, 1], [[1.0]]), "rewards"),
        (lambda: PassCounts(2, deviation="biased"), "deviation"),
        (lambda: PassCounts(2, epsilon=-1), "epsilon"),
        (lambda: PassCounts(2, bins=0), "bins"),
        (lambda: accept({"acceptBand": {**BAND, "low": 2}}, 0, 1), "acceptBand.low"),
        (lambda: accept({"acceptBand": {**BAND, "open": 1}}, 0, 1), "acceptBand.open"),
        (lambda: accept({"acceptBand": {**BAND, "maxRefill": -1}}, 0, 1), "acceptBand.maxRefill"),
        (lambda: accept({"acceptBand": 3}, 0, 1), "acceptBand"),
        (lambda: accept({}, 2, 1), "successes"),
        (lambda: rollouts_of({"rolloutCounts": [1.5]}), "rolloutCounts"),
        (lambda: rollouts_of({"rolloutCounts": [1]}, 2), "rolloutCounts"),
        (lambda: select_rollouts({"rolloutSelection": {"rule": "best"}}, [1.0]), "rolloutSelection.rule"),
        (lambda: select_rollouts({"rolloutSelection": {"rule": "gfpo", "count": 1, "metric": "short"}}, [1.0]), "lengths"),
        (lambda: select_rollouts({"rolloutSelection": {"rule": "band", "low": 0}}, [1.0]), "rolloutSelection.high"),
    ):
        with pytest.raises(ArgumentError) as raised:
            call()
        assert raised.value.argument == argument
    assert passes.signals()["rollouts"] == [0, 0]
