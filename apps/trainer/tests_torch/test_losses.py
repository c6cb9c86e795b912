"""`mixdesk.losses` on tensors: the same numbers as plain Python, gradients, ranks that agree, and no waiting for a GPU."""

import json
import math
import random
import time
from datetime import timedelta
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import numpy as np
import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from losses_support import Case, case_of, control_of, expected, plain, sequence_losses, sequence_weights, shares_of

from mixdesk import ArgumentError
from mixdesk.losses import DomainAccumulator, by_domain, doremi_excess, reweight, reweighted_loss, reweighting_of, token_shares, weighted_loss

SEEDS = range(100)
RANKS = 4
CASES = 16
SIGNALS = ("clippedExcessSum", "refLossSum")
DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU"))]


def tensors(case: Case, device: str = "cpu", dtype: torch.dtype = torch.float32) -> Dict[str, Any]:
    return {
        "token_losses": torch.tensor(case.losses, dtype=dtype, device=device),
        "domain_ids": torch.tensor(case.ids, device=device),
        "domains": case.domains,
        "mask": None if case.mask is None else torch.tensor(case.mask, device=device),
        "labels": None if case.labels is None else torch.tensor(case.labels, device=device),
    }


def without(given: Dict[str, Any], *names: str) -> Dict[str, Any]:
    return {key: value for key, value in given.items() if key not in names}


@pytest.mark.parametrize("device", DEVICES)
def test_sums_and_counts_are_those_of_plain_python(device: str) -> None:
    for seed in SEEDS:
        case = case_of(seed)
        given = tensors(case, device)
        found = doremi_excess(reference_losses=torch.tensor(case.reference, device=device), **given)
        assert found.loss_sum.device.type == device
        assert found.loss_sum.dtype == torch.float64
        assert found.tokens.tolist() == expected(case)["tokens"], f"seed {seed}"
        assert plain(found.fields()) == plain(expected(case)), f"seed {seed}"
        assert plain(found.begin_copy().fields()) == plain(expected(case)), f"seed {seed}"
        assert plain(by_domain(**given).fields()) == plain(without(expected(case), "signals")), f"seed {seed}"


def test_other_arrays_may_come_along_and_losses_may_have_a_graph() -> None:
    for seed in SEEDS:
        case = case_of(seed)
        losses = torch.tensor(case.losses, dtype=torch.float64, requires_grad=True)
        given = {**tensors(case), "token_losses": losses, "domain_ids": np.array(case.ids), "mask": case.mask}
        found = by_domain(**given)
        assert not found.loss_sum.requires_grad
        assert plain(found.fields()) == plain(without(expected(case), "signals")), f"seed {seed}"


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_sums_are_made_in_double_precision(dtype: torch.dtype) -> None:
    losses = torch.full((3, 4_001), 1.5, dtype=dtype)  # float16 ends at 65504, and bfloat16 counts to 256
    assert by_domain(losses, torch.tensor([1, 1, 0]), 2).tolist() == ([6001.5, 12003.0], [4001, 8002])


def test_micro_batches_add_up_to_the_batch() -> None:
    for seed in SEEDS:
        rng = random.Random(seed)
        case = case_of(seed)
        given, reference = tensors(case), torch.tensor(case.reference)
        sums = DomainAccumulator(case.domains, signals=SIGNALS)
        cut = rng.randint(0, len(case.losses))
        for rows in (slice(0, cut), slice(cut, None)):
            part = {key: value[rows] if isinstance(value, torch.Tensor) else value for key, value in given.items()}
            sums.add(doremi_excess(reference_losses=reference[rows], **part))
        assert plain(sums.take().fields()) == plain(expected(case)), f"seed {seed}"
    with pytest.raises(ArgumentError, match="signals"):
        DomainAccumulator(2).add(doremi_excess(torch.ones(1), torch.ones(1), torch.tensor([0]), 2))


def test_sums_have_the_same_bits_each_time() -> None:
    torch.manual_seed(0)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    losses, ids = torch.rand(64, 500, device=device), torch.randint(0, 5, (64, 500), device=device)
    first = by_domain(losses, ids, 5).tolist()
    for _ in range(20):
        assert by_domain(losses, ids, 5).tolist() == first
    assert sum(first[0]) == pytest.approx(losses.double().sum().item(), rel=1e-12)


@pytest.mark.parametrize("device", DEVICES)
def test_an_id_that_is_no_domain_is_found_out(device: str) -> None:
    with pytest.raises(ArgumentError, match="from 0 to 2") as raised:
        by_domain(torch.ones(2, 3, device=device), torch.tensor([0, 3], device=device), ["a", "b", "c"]).tolist()
    assert raised.value.argument == "domain_ids"
    if device == "cuda":  # and the GPU is none the worse for it
        assert math.isnan(weighted_loss(torch.ones(2, 3, device=device), torch.tensor([0, 3], device=device), [1.0, 1.0, 1.0]).item())
        assert torch.ones(1, device=device).item() == 1


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_nothing_waits_for_a_gpu_before_the_sums_are_read() -> None:
    losses, ids = torch.rand(64, 512, device="cuda"), torch.randint(0, 6, (64,), device="cuda")
    labels = torch.randint(-1, 5, (64, 512), device="cuda")
    control = {**control_of(0), "temperature": 0.4, "warmUpSteps": 0}
    torch.cuda.set_sync_debug_mode("error")
    try:
        sums = DomainAccumulator(6, signals=SIGNALS)
        sums.add(doremi_excess(losses, losses * 0.5, ids, 6, labels=labels, ignore_index=-1))
        sums.add(doremi_excess(losses[:, 0], losses[:, 1], ids, 6))
        taken = sums.take().begin_copy()
        weights = reweight(losses.mean(1), control, 5)
        weighted_loss(losses, ids, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], labels=labels, ignore_index=-1)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert sum(taken.tolist()[1]) == int((labels != -1).sum()) + 64
    assert weights.sum().item() == pytest.approx(1, rel=1e-5)


def test_the_gradient_is_that_of_the_weighted_mean() -> None:
    for seed in SEEDS:
        rng = random.Random(seed)
        case = case_of(seed)
        weights = [rng.choice([0.0, rng.random()]) for _ in range(case.domains)]
        finite = [[1.0 if not math.isfinite(loss) and case.counts(i, t) else loss for t, loss in enumerate(row)] for i, row in enumerate(case.losses)]
        losses = torch.tensor(finite, dtype=torch.float64, requires_grad=True)
        given = {**without(tensors(case), "domains"), "token_losses": losses}
        loss = weighted_loss(weights=torch.tensor(weights, dtype=torch.float64), **given)
        loss.backward()
        want = shares_of(case, weights)
        assert losses.grad is not None
        assert np.allclose(losses.grad, want, rtol=1e-12, atol=0), f"seed {seed}"
        assert np.allclose(token_shares(weights=weights, **given), want, rtol=1e-12, atol=0), f"seed {seed}"
        total = math.fsum(share * value for row, shares in zip(finite, want) for value, share in zip(row, shares) if share)
        assert loss.item() == pytest.approx(total, rel=1e-12), f"seed {seed}"


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_losses_of_low_precision_are_weighted_in_float32(dtype: torch.dtype) -> None:
    losses = torch.full((2, 4096), 2.0, dtype=dtype, requires_grad=True)
    loss = weighted_loss(losses, torch.tensor([0, 1]), [0.25, 0.75])
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(2.0, rel=1e-6)
    loss.backward()
    assert losses.grad is not None
    assert losses.grad.dtype == dtype


def test_sequences_are_weighted_by_the_formulas() -> None:
    for seed in SEEDS:
        control, listed = control_of(seed), sequence_losses(seed)
        losses = torch.tensor(listed, dtype=torch.float64, requires_grad=True)
        want = sequence_weights(listed, control, 5)
        weights = reweight(losses, reweighting_of({"lossReweighting": control}), 5)
        assert not weights.requires_grad
        assert np.allclose(weights, want, rtol=1e-9, atol=1e-300), f"seed {seed}"
        reweighted_loss(losses, control, 5).backward()
        assert losses.grad is not None
        assert np.allclose(losses.grad, want, rtol=1e-9, atol=1e-300), f"seed {seed}"
    assert reweight(torch.rand(4), None, 0).dtype == torch.float32
    assert reweight(torch.rand(4).half(), None, 0).dtype == torch.float32


def test_the_shapes_of_tensors_are_checked() -> None:
    for call, argument in (
        (lambda: by_domain(torch.zeros(2, 3), torch.tensor([0.0, 1.0]), 2), "domain_ids"),
        (lambda: by_domain(torch.zeros(2, 3), torch.tensor([True, False]), 2), "domain_ids"),
        (lambda: by_domain(torch.zeros(2, 3), torch.tensor([0, 1, 1]), 2), "domain_ids"),
        (lambda: by_domain(torch.zeros(2, 3), torch.tensor([0, 1]), 2, mask=torch.ones(2)), "mask"),
        (lambda: by_domain(torch.zeros(2), torch.tensor([0, 1]), 2, labels="web"), "labels"),
        (lambda: by_domain(torch.zeros(2, dtype=torch.complex64), torch.tensor([0, 1]), 2), "token_losses"),
        (lambda: reweight(torch.zeros(2, 2), None, 0), "sequence_losses"),
    ):
        with pytest.raises(ArgumentError) as raised:
            call()
        assert raised.value.argument == argument


# ---- ranks ----


def parts(case: Case) -> List[slice]:
    """The rows of each rank; some have none."""
    rng = random.Random(len(case.losses) * 1000 + case.domains)
    cuts = sorted([0, len(case.losses), *(rng.randint(0, len(case.losses)) for _ in range(RANKS - 1))])
    return [slice(start, end) for start, end in zip(cuts, cuts[1:])]


def on_a_rank(rank: int, folder: str) -> None:
    """What every rank computes; written down for the test to look at."""
    torch.set_num_threads(1)
    dist.init_process_group("gloo", store=dist.FileStore(f"{folder}/store", RANKS), rank=rank, world_size=RANKS, timeout=timedelta(seconds=300))
    pair = dist.new_group([0, 1])
    said: List[Dict[str, Any]] = []
    for seed in range(CASES):
        case = case_of(seed)
        rows = parts(case)[rank]
        given = {key: value[rows] if isinstance(value, torch.Tensor) else value for key, value in tensors(case).items()}
        reference = torch.tensor(case.reference)[rows]
        own = doremi_excess(reference_losses=reference, **given)
        sums = DomainAccumulator(case.domains, signals=SIGNALS)
        if rank != 3:  # a rank without a micro-batch takes part all the same
            sums.add(own)
        taken = sums.take(all_reduce=True)
        weights, at_once = weights_and_loss(case, rows)
        of_pair: Optional[Tuple[Any, Any]] = by_domain(**given, group=pair).tolist() if rank < 2 else None
        arrays = {key: value.numpy() if isinstance(value, torch.Tensor) else value for key, value in given.items()}
        control, listed = control_of(seed), sequence_losses(seed)
        mine = torch.tensor(listed[rank::RANKS], dtype=torch.float64, requires_grad=True)
        reweighted_loss(mine, control, 5, all_reduce=True).backward()
        assert mine.grad is not None
        said.append(
            {
                "reduced": doremi_excess(reference_losses=reference, **given, all_reduce=True).fields(),
                "numpy": by_domain(**arrays, all_reduce=True).fields(),
                "taken": taken.fields(),
                "own": own.fields(),
                "pair": of_pair,
                "shares": weights,
                "gradient": at_once,
                "weights": reweight(mine, control, 5, all_reduce=True).tolist(),
                "gradient of sequences": mine.grad.tolist(),
            }
        )
    dist.destroy_process_group()
    Path(folder, f"{rank}.json").write_text(json.dumps(said))


def weights_and_loss(case: Case, rows: slice) -> Tuple[Any, Any]:
    weights = [1 / (1 + domain) for domain in range(case.domains)]
    losses = torch.ones(len(case.losses), len(case.losses[0]), dtype=torch.float64)[rows].requires_grad_()
    given = {key: value[rows] if isinstance(value, torch.Tensor) else value for key, value in tensors(case).items()}
    given = {**without(given, "domains"), "token_losses": losses}
    weighted_loss(weights=weights, **given, all_reduce=True).backward()
    assert losses.grad is not None
    return token_shares(weights=weights, **given, all_reduce=True).tolist(), losses.grad.tolist()


def test_four_ranks_agree_on_the_sums_of_all(tmp_path: Path) -> None:
    context = mp.spawn(on_a_rank, (str(tmp_path),), RANKS, join=False)
    deadline = time.monotonic() + 600
    while not context.join(timeout=1.0):
        assert time.monotonic() < deadline, "the ranks did not end"
    said = [json.loads((tmp_path / f"{rank}.json").read_text()) for rank in range(RANKS)]
    for seed in range(CASES):
        case, ranks = case_of(seed), [said[rank][seed] for rank in range(RANKS)]
        want = expected(case)
        for rank in ranks:
            assert plain(rank["reduced"]) == plain(want), f"seed {seed}"
            assert plain(rank["numpy"]) == plain(without(want, "signals")), f"seed {seed}"
            assert plain(rank["taken"]) == plain(ranks[0]["taken"]), f"seed {seed}"
        tokens = [sum(rank["own"]["tokens"][domain] for rank in ranks[:3]) for domain in range(case.domains)]
        assert ranks[0]["taken"]["tokens"] == tokens, f"seed {seed}: the sums of the first three ranks"
        pair = [sum(rank["own"]["tokens"][domain] for rank in ranks[:2]) for domain in range(case.domains)]
        assert ranks[0]["pair"][1] == ranks[1]["pair"][1] == pair, f"seed {seed}"
        # The mean of the ranks' gradients is the gradient of the global batch.
        shares = shares_of(case, [1 / (1 + domain) for domain in range(case.domains)])
        for name in ("shares", "gradient"):
            found = [row for rank in ranks for row in rank[name]]
            assert np.allclose(np.array(found) / RANKS, shares, rtol=1e-12), f"seed {seed}, {name}"
        control, listed = control_of(seed), sequence_losses(seed)
        of_all = sequence_weights(listed, control, 5)
        for number, rank in enumerate(ranks):
            assert np.allclose(rank["weights"], of_all[number::RANKS], rtol=1e-9, atol=1e-300), f"seed {seed}"
            assert np.allclose(np.array(rank["gradient of sequences"]) / RANKS, of_all[number::RANKS], rtol=1e-9, atol=1e-300), f"seed {seed}"


def test_without_a_process_group_there_is_nothing_to_agree_on() -> None:
    case = case_of(1)
    given = tensors(case)
    assert plain(by_domain(**given, all_reduce=True).fields()) == plain(by_domain(**given).fields())
    assert reweight(torch.tensor([1.0, 2.0]), None, 0, all_reduce=True).tolist() == [0.5, 0.5]
