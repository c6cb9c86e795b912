"""How a run begins. What is wrong with these arguments raises, strict or not: no training has begun yet."""

from __future__ import annotations

import os
from typing import Any, Dict, Mapping, Optional, Sequence, Union

from . import _checks as checks
from ._errors import ArgumentError
from ._run import Run, annotation_fields
from ._values import Domain, Mixture

BROKERS = "127.0.0.1:19092"
QUEUE = 20_000


def start(
    run: str,
    *,
    project: str = "default",
    domains: checks.Domains,
    policy: Union[str, Mapping[str, Any]],
    ranks: int = 1,
    rank: int = 0,
    horizon: Optional[Mapping[str, int]] = None,
    cadence: Optional[int] = None,
    lateness: Optional[int] = None,
    guards: Optional[Mapping[str, Any]] = None,
    signals: Optional[Sequence[str]] = None,
    evaluations: Optional[Mapping[str, Any]] = None,
    params: Optional[Mapping[str, Any]] = None,
    tags: Optional[Sequence[str]] = None,
    notes: Optional[str] = None,
    parent: Optional[str] = None,
    brokers: Optional[str] = None,
    weights: Optional[object] = None,
    strict: bool = False,
    queue: int = QUEUE,
    kafka: Optional[Mapping[str, Any]] = None,
) -> Run:
    """Begins a run and returns at once, whether or not Kafka can be reached.

    Every rank calls it with the same arguments and its own `rank`; rank 0 tells of the start and the end.
    `domains` are names, a mapping from names to tokens available, or `Domain`s; their order is the order of all
    arrays. `weights` is the mixture to start with (uniform when left out). `policy` is a name or
    `{"name": ..., "config": {...}}`. `brokers` defaults to `MIXDESK_KAFKA_BROKERS`, then to this machine.
    `signals` names those that every step will carry, `evaluations` what will be evaluated
    (`{"loss": True, "scores": ["task", ...]}`): a run that says so is refused at once where its policy needs more.
    `queue` is how many reports may wait here; `kafka` holds further settings of librdkafka (TLS, SASL, ...).
    """
    listed = checks.domain_list(domains, weights)
    data: Dict[str, Any] = {
        "run": checks.name("run", run),
        "project": checks.name("project", project),
        "attempt": 1,
        "domains": [_domain(domain) for domain in listed],
        "policy": _policy(policy),
        "ranks": checks.integer("ranks", ranks, 1, checks.LARGEST_RANKS),
    }
    if guards is not None:
        data["guards"] = checks.json_object("guards", guards)
    if signals is not None:
        data["signals"] = checks.signal_names(signals)
    if evaluations is not None:
        data["evaluations"] = _evaluations(evaluations)
    if horizon is not None:
        data["horizon"] = _horizon(horizon)
    if cadence is not None:
        data["cadence"] = checks.integer("cadence", cadence, 1, 1_000_000)
    if lateness is not None:
        data["lateness"] = checks.integer("lateness", lateness, 1, 100_000)
    data.update(annotation_fields(params, tags, notes))
    if parent is not None:
        data["parent"] = checks.name("parent", parent)
    first = Mixture(0, checks.start_weights(listed), tuple(domain.name for domain in listed))
    began = _open(run, listed, 1, ranks, rank, first, strict, queue, brokers, kafka)
    began._tell_started(data)
    return began


def resume(
    run: str,
    *,
    step: int,
    attempt: int,
    domains: checks.Domains,
    ranks: int = 1,
    rank: int = 0,
    mixture: Optional[Mixture] = None,
    brokers: Optional[str] = None,
    weights: Optional[object] = None,
    strict: bool = False,
    queue: int = QUEUE,
    kafka: Optional[Mapping[str, Any]] = None,
) -> Run:
    """Goes on with a run in a new process. `step` is the last one whose effect is in the checkpoint; `attempt` is
    one more than the attempt that saved it; `mixture` is the one that was in force then."""
    checks.name("run", run)
    listed = checks.domain_list(domains, weights)
    number = checks.integer("step", step)
    checks.integer("attempt", attempt, 2, 1_000_000)
    names = tuple(domain.name for domain in listed)
    if mixture is not None and mixture.domains != names:
        raise ArgumentError("mixture", "is about other domains than the run's.")
    first = mixture or Mixture(0, checks.start_weights(listed), names)
    resumed = _open(run, listed, attempt, ranks, rank, first, strict, queue, brokers, kafka)
    resumed._tell_resumed(number)
    return resumed


def _open(
    run: str,
    domains: tuple[Domain, ...],
    attempt: int,
    ranks: int,
    rank: int,
    first: Mixture,
    strict: bool,
    queue: int,
    brokers: Optional[str],
    kafka: Optional[Mapping[str, Any]],
) -> Run:
    checks.integer("ranks", ranks, 1, checks.LARGEST_RANKS)
    checks.integer("rank", rank, 0, ranks - 1)
    checks.integer("queue", queue, 1)
    address = brokers or os.environ.get("MIXDESK_KAFKA_BROKERS") or BROKERS
    settings = {"bootstrap.servers": address, **(kafka or {})}
    return Run(run, domains, attempt=attempt, ranks=ranks, rank=rank, first=first, strict=strict, queue=queue, kafka=settings)


def _domain(domain: Domain) -> Dict[str, Any]:
    fields = {"name": domain.name, "tokens": domain.tokens, "weight": domain.weight, "group": domain.group}
    return {key: checks.json_value("domains", value) for key, value in fields.items() if value is not None}


def _policy(policy: Union[str, Mapping[str, Any]]) -> Dict[str, Any]:
    given = {"name": policy} if isinstance(policy, str) else policy
    if not isinstance(given, Mapping) or not isinstance(given.get("name"), str) or not 1 <= len(given["name"]) <= 128:
        raise ArgumentError("policy", f'should be a name or {{"name": ..., "config": {{...}}}}, got {checks.show(policy)}.')
    chosen: Dict[str, Any] = {"name": given["name"]}
    if given.get("config") is not None:
        chosen["config"] = checks.json_object("policy", given["config"])
    return chosen


def _evaluations(evaluations: Mapping[str, Any]) -> Dict[str, Any]:
    if not isinstance(evaluations, Mapping) or not set(evaluations) <= {"loss", "scores"}:
        raise ArgumentError("evaluations", f'should be {{"loss": True, "scores": [...]}}, got {checks.show(evaluations)}.')
    declared: Dict[str, Any] = {}
    if "loss" in evaluations:
        if not isinstance(evaluations["loss"], bool):
            raise ArgumentError("evaluations", f"should say of the loss whether it is evaluated, got {checks.show(evaluations['loss'])}.")
        declared["loss"] = evaluations["loss"]
    if "scores" in evaluations:
        declared["scores"] = checks.text_list("evaluations", evaluations["scores"], 256)
    return declared


def _horizon(horizon: Mapping[str, int]) -> Dict[str, int]:
    if not isinstance(horizon, Mapping) or not set(horizon) <= {"steps", "tokens"}:
        raise ArgumentError("horizon", f'should be {{"steps": ...}} or {{"tokens": ...}}, got {checks.show(horizon)}.')
    return {key: checks.integer("horizon", value, 1) for key, value in horizon.items()}
