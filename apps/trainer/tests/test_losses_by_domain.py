"""Token losses and domain ids of a batch, as sums and counts by domain. NumPy here; PyTorch in tests_torch."""

import math
import random
import subprocess
import sys
from typing import Any, Callable, Dict

import numpy as np
import pytest
from losses_support import Case, case_of, expected, plain, shares_of

from mixdesk import ArgumentError
from mixdesk.losses import DomainAccumulator, DomainLosses, by_domain, doremi_excess, token_shares, weighted_loss

SEEDS = range(300)


def arrays(case: Case) -> Dict[str, Any]:
    return {
        "token_losses": np.array(case.losses, np.float32),
        "domain_ids": np.array(case.ids),
        "domains": case.domains,
        "mask": None if case.mask is None else np.array(case.mask),
        "labels": None if case.labels is None else np.array(case.labels),
    }


def test_sums_and_counts_are_those_of_plain_python() -> None:
    for seed in SEEDS:
        case = case_of(seed)
        want = expected(case)
        found = doremi_excess(reference_losses=np.array(case.reference, np.float32), **arrays(case))
        assert plain(found.fields()) == plain(want), f"seed {seed}"
        without = by_domain(**arrays(case))
        assert plain(without.fields()) == plain({key: value for key, value in want.items() if key != "signals"}), f"seed {seed}"
        assert plain(dict(zip("lt", without.tolist()))) == plain(dict(zip("lt", (want["losses"], want["tokens"])))), f"seed {seed}"
        assert np.array_equal(found.loss_sum, want["losses"], equal_nan=True), f"seed {seed}"
        assert found.tokens.tolist() == want["tokens"], f"seed {seed}"
        assert np.array_equal(found.signal("refLossSum"), want["signals"]["refLossSum"], equal_nan=True), f"seed {seed}"


def test_flat_tokens_give_the_sums_of_the_batch_they_come_from() -> None:
    for seed in SEEDS:
        case = case_of(seed)
        if case.by_sequence:
            continue
        flat: Dict[str, Any] = {key: value.reshape(-1) if isinstance(value, np.ndarray) else value for key, value in arrays(case).items()}
        assert plain(by_domain(**flat).fields()) == plain(by_domain(**arrays(case)).fields()), f"seed {seed}"


def test_sums_are_made_in_double_precision() -> None:
    losses = np.full((1, 100_000), 0.1, np.float32)
    (found, _), tokens = by_domain(losses, [0], ["a", "b"]).tolist()
    assert found == pytest.approx(100_000 * float(np.float32(0.1)), rel=1e-13)
    assert tokens == [100_000, 0]


def test_micro_batches_add_up_to_the_batch() -> None:
    for seed in SEEDS:
        rng = random.Random(seed)
        case = case_of(seed)
        whole = doremi_excess(reference_losses=np.array(case.reference), **arrays(case))
        sums = DomainAccumulator(case.domains, signals=("clippedExcessSum", "refLossSum"))
        for _ in range(2):  # what was taken is forgotten
            cuts = sorted([0, len(case.losses), *(rng.randint(0, len(case.losses)) for _ in range(2))])
            for start, end in zip(cuts, cuts[1:]):
                rows: Dict[str, Any] = {key: value[start:end] if isinstance(value, np.ndarray) else value for key, value in arrays(case).items()}
                sums.add(doremi_excess(reference_losses=np.array(case.reference)[start:end], **rows))
            assert plain(sums.take().fields()) == plain(whole.fields()), f"seed {seed}"
    nothing = DomainAccumulator(["a", "b"]).take().fields()
    assert nothing == {"losses": [0.0, 0.0], "tokens": [0, 0], "sequences": [0, 0]}


def test_an_accumulator_does_not_change_what_it_is_given() -> None:
    first, sums = by_domain([[1.0, 2.0]], [1], 2), DomainAccumulator(2)
    sums.add(first)
    sums.add(first)
    assert sums.take().tolist() == ([0.0, 6.0], [0, 4])
    assert first.tolist() == ([0.0, 3.0], [0, 2])


def test_the_shares_of_tokens_follow_the_weights_of_their_domains() -> None:
    for seed in SEEDS:
        rng = random.Random(seed)
        case = case_of(seed)
        weights = [rng.choice([0.0, rng.random()]) for _ in range(case.domains)]
        given = {key: value for key, value in arrays(case).items() if key != "domains"}
        want = shares_of(case, weights)
        found = token_shares(weights=weights, **given)
        assert np.allclose(found, want, rtol=1e-12, atol=0), f"seed {seed}"
        sampling = [rng.uniform(0.1, 1) for _ in weights]
        divided = token_shares(weights=weights, sampling=sampling, **given)
        assert np.allclose(divided, shares_of(case, [w / s for w, s in zip(weights, sampling)]), rtol=1e-12, atol=0), f"seed {seed}"
        finite = [[1.0 if not math.isfinite(loss) and case.counts(i, t) else loss for t, loss in enumerate(row)] for i, row in enumerate(case.losses)]
        loss = weighted_loss(weights=weights, **{**given, "token_losses": np.array(finite)})
        total = math.fsum(share * value for row, shares in zip(finite, want) for value, share in zip(row, shares) if share)
        assert loss == pytest.approx(total, rel=1e-12), f"seed {seed}"


def test_every_kind_of_number_and_list_is_fine() -> None:
    want = ([1.5, 4.0], [1, 1])
    for ids in ([0, 1], (0, 1), np.array([0, 1], np.int8), np.array([0, 1], np.uint64)):
        for dtype in (np.float16, np.float32, np.float64):
            assert by_domain(np.array([1.5, 4.0], dtype), ids, ["web", "code"]).tolist() == want
    assert by_domain([[3], [4]], [0, 0], 1).tolist() == ([7.0], [2])
    assert by_domain(np.zeros((0, 5)), np.zeros(0, int), 3).tolist() == ([0.0] * 3, [0] * 3)


Call = Callable[[], object]
WRONG: Dict[str, Any] = {
    "token_losses rank": ("token_losses", lambda: by_domain(np.zeros((1, 2, 3)), [0], 2), "\\[batch, time\\] or \\[tokens\\]"),
    "token_losses text": ("token_losses", lambda: by_domain(["a"], [0], 2), "numbers"),
    "token_losses ragged": ("token_losses", lambda: by_domain([[1.0], [1.0, 2.0]], [0, 0], 2), "numbers"),
    "domain_ids shape": ("domain_ids", lambda: by_domain(np.zeros((2, 3)), [0, 1, 1], 2), "\\[2\\] .* or \\[2, 3\\]"),
    "domain_ids shape of tokens": ("domain_ids", lambda: by_domain(np.zeros(3), [0, 1], 2), "\\[3\\]"),
    "domain_ids floats": ("domain_ids", lambda: by_domain(np.zeros(1), [0.0], 2), "whole numbers"),
    "domain_ids large": ("domain_ids", lambda: by_domain(np.zeros(2), [0, 2], 2), "from 0 to 1.* has 2"),
    "domain_ids negative": ("domain_ids", lambda: by_domain(np.zeros((2, 1)), [0, -1], 2), "has -1"),
    "domains text": ("domains", lambda: by_domain([1.0], [0], "web"), "the text"),
    "domains none": ("domains", lambda: by_domain([1.0], [0], 0), "from 1 to 4096"),
    "domains float": ("domains", lambda: by_domain([1.0], [0], 1.5), "an integer"),  # type: ignore[arg-type]
    "mask": ("mask", lambda: by_domain(np.zeros((2, 3)), [0, 1], 2, mask=[True]), "\\[2, 3\\], got \\[1\\]"),
    "labels": ("labels", lambda: by_domain(np.zeros(2), [0, 1], 2, labels=[[1, 2]]), "\\[2\\], got \\[1, 2\\]"),
    "reference_losses": ("reference_losses", lambda: doremi_excess([1.0], [1.0, 2.0], [0], 1), "\\[1\\], got \\[2\\]"),
    "weights": ("weights", lambda: weighted_loss([1.0], [0], [-1.0]), "not negative"),
    "weights nan": ("weights", lambda: weighted_loss([1.0], [0], [math.nan]), "finite"),
    "sampling length": ("sampling", lambda: weighted_loss([1.0], [0], [1.0], sampling=[0.5, 0.5]), "1 entries"),
    "sampling zero": ("sampling", lambda: weighted_loss([1.0], [0], [1.0], sampling=[0.0]), "above 0"),
    "signals": ("losses", lambda: DomainAccumulator(1, ["x"]).add(by_domain([1.0], [0], 1)), "the signals"),
    "size": ("losses", lambda: DomainAccumulator(2).add(by_domain([1.0], [0], 1)), "2 domains, got 1"),
    "name": ("name", lambda: by_domain([1.0], [0], 1).signal("x"), "got 'x'"),
}


@pytest.mark.parametrize("case", list(WRONG))
def test_what_is_wrong_is_said_with_the_argument_that_it_is_wrong_in(case: str) -> None:
    argument, call, says = WRONG[case]
    with pytest.raises(ArgumentError, match=says) as raised:
        call()
    assert raised.value.argument == argument


def test_a_padded_row_may_have_no_domain() -> None:
    found = by_domain(np.ones((2, 3)), [0, -1], 1, mask=[[1, 1, 0], [0, 0, 0]])
    assert found.fields() == {"losses": [2.0], "tokens": [2], "sequences": [1]}


def test_sums_that_came_from_elsewhere_say_when_they_belong_to_no_domain() -> None:
    with pytest.raises(ArgumentError, match="3 tokens have others"):
        DomainLosses(np.array([[1.0, 2.0], [4.0, 3.0], [0.0, 0.0]])).fields()


def test_importing_the_helpers_imports_neither_numpy_nor_torch() -> None:
    code = "import sys, mixdesk.losses; print([name for name in ('numpy', 'torch', 'confluent_kafka') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
