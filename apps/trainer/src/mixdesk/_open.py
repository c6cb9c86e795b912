"""How a run begins. What is wrong with these arguments raises, strict or not: no training has begun yet."""

from __future__ import annotations

import os
from typing import Any, Dict, Mapping, Optional, Sequence, Tuple, Union

from . import _checks as checks
from ._core import Accept, Setup
from ._errors import ArgumentError
from ._ranks import Agreement, ranks_of
from ._reports import annotation_fields
from ._run import Run
from ._state import read_state
from ._values import Domain, Mixture
from .transports import SPOOL_BYTES, choose

QUEUE = 20_000
RESUME_TIMEOUT = 10.0
"""Seconds that a resume waits for the commands of earlier attempts."""


def start(
    run: str,
    *,
    project: str = "default",
    domains: checks.Domains,
    policy: Union[str, Mapping[str, Any]],
    ranks: Optional[int] = None,
    rank: Optional[int] = None,
    agree: Union[Agreement, bool, None] = None,
    agree_every: int = 1,
    horizon: Optional[Mapping[str, int]] = None,
    cadence: Optional[int] = None,
    lateness: Optional[int] = None,
    guards: Optional[Mapping[str, Any]] = None,
    signals: Optional[Sequence[str]] = None,
    evaluations: Optional[Mapping[str, Any]] = None,
    controls: Optional[Sequence[str]] = None,
    accept: Optional[Accept] = None,
    params: Optional[Mapping[str, Any]] = None,
    tags: Optional[Sequence[str]] = None,
    notes: Optional[str] = None,
    parent: Optional[str] = None,
    weights: Optional[object] = None,
    state: Optional[Mapping[str, Any]] = None,
    attempt: Optional[int] = None,
    resume_timeout: float = RESUME_TIMEOUT,
    brokers: Optional[str] = None,
    kafka: Optional[Mapping[str, Any]] = None,
    url: Optional[str] = None,
    headers: Optional[Mapping[str, str]] = None,
    file: Union[str, "os.PathLike[str]", None] = None,
    spool: Union[str, "os.PathLike[str]", bool, None] = None,
    spool_bytes: int = SPOOL_BYTES,
    strict: bool = False,
    queue: int = QUEUE,
) -> Run:
    """Begins a run and returns at once, whether or not Mixdesk can be reached.

    Every rank calls it with the same arguments. The start is told with the first report or boundary (or at the end), by
    rank 0; until then `load_state_dict` can still make it the next attempt of a run that was there before.

    What is trained:
        domains: names, a mapping from names to tokens available, or `Domain`s; their order is the order of all arrays.
        weights: the mixture to start with, in that order; uniform when left out.
        policy: a name, or `{"name": ..., "config": {...}}`.
        horizon: `{"steps": ...}` or `{"tokens": ...}`, how long training is meant to be.
        cadence: steps between decisions. lateness: steps after which a step closes without its missing ranks.
        guards: limits on the mixture, as Mixdesk's page on guard rails lists them.
        signals: names of the signals that every step will carry; evaluations: what will be evaluated
            (`{"loss": True, "scores": ["task", ...]}`). A run that says so is refused at once where its policy needs more.
        controls: names of the settings beside the weights that this trainer follows; others are warned of, once each.
        accept: looks at each mixture before it is taken; a sentence it returns refuses it.
        project, params, tags, notes, parent: what people find the run by.

    Ranks:
        ranks, rank: how many processes report, and which one this is. Left out, they come from `torch.distributed`, where
            it is initialised; else there is one. Say `ranks=1` where only one process of several reports.
        agree: how ranks come to switch at the same step: an `Agreement`; `None` for `torch.distributed`, where it is
            initialised with as many ranks; `False` for none. agree_every: steps between boundaries at which they do.

    A run that goes on:
        state: what `state_dict()` returned; goes on as a new attempt. attempt: its number; left out, it is found, with
            `resume_timeout` seconds at most for looking.

    How to reach Mixdesk, one of:
        brokers: Kafka, with `kafka` for further settings of librdkafka (TLS, SASL, ...).
        url: Mixdesk's server, with `headers` for each request. file: a file, for `mixdesk upload` later.
        None: `MIXDESK_KAFKA_BROKERS`, `MIXDESK_URL`, `MIXDESK_FILE`, then Kafka on this machine.
        spool: folder for what cannot be sent yet (`False`: none). spool_bytes: its bound.

    strict: whether wrong arguments raise in the training loop too. queue: how many reports may wait in memory.

    Raises `ArgumentError`, naming the argument.
    """
    listed = checks.domain_list(domains, weights)
    data: Dict[str, Any] = {
        "run": checks.name("run", run),
        "project": checks.name("project", project),
        "attempt": 1,
        "domains": [_domain(domain) for domain in listed],
        "policy": _policy(policy),
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
    if state is not None:
        saved = read_state(state, run, first.domains)
        if attempt is not None:
            checks.integer("attempt", attempt, saved.attempt + 1, checks.LARGEST_ATTEMPT)
    elif attempt is not None:
        raise ArgumentError("attempt", "is for going on: give `state` with it.")
    reach = {"brokers": brokers, "kafka": kafka, "url": url, "headers": headers, "file": file, "spool": spool, "spool_bytes": spool_bytes}
    began = _open(run, listed, 1, first, (ranks, rank, agree, agree_every), (controls, accept), reach, strict, queue, resume_timeout)
    data["ranks"] = began.ranks
    began._opening.plan("run.started", 1, data, len(listed))
    if state is not None:
        began.load_state_dict(state, attempt)
    return began


def resume(
    run: str,
    *,
    step: int,
    domains: checks.Domains,
    attempt: Optional[int] = None,
    mixture: Optional[Mixture] = None,
    ranks: Optional[int] = None,
    rank: Optional[int] = None,
    agree: Union[Agreement, bool, None] = None,
    agree_every: int = 1,
    controls: Optional[Sequence[str]] = None,
    accept: Optional[Accept] = None,
    weights: Optional[object] = None,
    resume_timeout: float = RESUME_TIMEOUT,
    brokers: Optional[str] = None,
    kafka: Optional[Mapping[str, Any]] = None,
    url: Optional[str] = None,
    headers: Optional[Mapping[str, str]] = None,
    file: Union[str, "os.PathLike[str]", None] = None,
    spool: Union[str, "os.PathLike[str]", bool, None] = None,
    spool_bytes: int = SPOOL_BYTES,
    strict: bool = False,
    queue: int = QUEUE,
) -> Run:
    """Goes on with a run in a new process from a checkpoint that has no `state_dict()` of it: `start(..., state=...)` does
    this with one.

    `step` is the last one whose effect is in the checkpoint; -1 begins the run again, before step 0, where it died without
    one: nothing of earlier attempts counts. `mixture` is the one that was in force then; `attempt` is one
    more than the highest there was, and is found where it is left out, as `Run.load_state_dict` says. The other arguments
    are those of `start`.
    """
    checks.name("run", run)
    listed = checks.domain_list(domains, weights)
    number = checks.integer("step", step, -1)
    if attempt is not None:
        checks.integer("attempt", attempt, 2, checks.LARGEST_ATTEMPT)
    names = tuple(domain.name for domain in listed)
    if mixture is not None and mixture.domains != names:
        raise ArgumentError("mixture", "is about other domains than the run's.")
    first = mixture or Mixture(0, checks.start_weights(listed), names)
    reach = {"brokers": brokers, "kafka": kafka, "url": url, "headers": headers, "file": file, "spool": spool, "spool_bytes": spool_bytes}
    resumed = _open(run, listed, attempt or 1, first, (ranks, rank, agree, agree_every), (controls, accept), reach, strict, queue, resume_timeout)
    resumed._go_on(number, attempt)
    return resumed


def _open(
    run: str,
    domains: Tuple[Domain, ...],
    attempt: int,
    first: Mixture,
    ranks: Tuple[Optional[int], Optional[int], Union[Agreement, bool, None], int],
    mixing: Tuple[Optional[Sequence[str]], Optional[Accept]],
    reach: Mapping[str, Any],
    strict: bool,
    queue: int,
    resume_timeout: float,
) -> Run:
    controls, accept = mixing
    if controls is not None:
        controls = tuple(checks.text_list("controls", controls, 256))
    if accept is not None and not callable(accept):
        raise ArgumentError("accept", f"should be a function of a mixture, got {checks.show(accept)}.")
    every = checks.integer("agree_every", ranks[3], 1)
    checks.integer("queue", queue, 1)
    if not isinstance(resume_timeout, (int, float)) or not resume_timeout >= 0:
        raise ArgumentError("resume_timeout", f"should be seconds, got {checks.show(resume_timeout)}.")
    transport = choose(**reach)
    many = ranks_of(*ranks[:3])
    return Run(
        Setup(
            run=run,
            domains=domains,
            attempt=attempt,
            first=first,
            ranks=many.ranks,
            rank=many.rank,
            transport=transport,
            agreement=many.agreement,
            agree_every=every,
            controls=controls,
            accept=accept,
            strict=strict,
            queue=queue,
            resume_timeout=float(resume_timeout),
        )
    )


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
