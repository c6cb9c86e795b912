"""A run as the training loop sees it. Every method copies, queues and returns; two threads do the rest."""

from __future__ import annotations

import atexit
import os
import sys
import time
from types import TracebackType
from typing import Any, Dict, Mapping, Optional, Sequence, Tuple, Type

from . import _checks as checks
from ._desk import Desk
from ._errors import ArgumentError, RunOver
from ._listener import Listener
from ._notices import Notices
from ._outbox import FACTS, LOSSES, METRICS, Outbox
from ._sender import Sender
from ._values import Domain, Mixture, RestartFrom, Stats

STATUSES = ("completed", "failed", "stopped")
_INTERRUPTED = "interrupted from the keyboard"


class Run:
    """Reports a run and holds its mixture. Made by `mixdesk.start` and `mixdesk.resume`.

    Nothing here waits for Kafka, except `finish`. With `strict=False` nothing here raises either: what is wrong
    is counted in `stats.errors` and logged once per cause. With `strict=True` wrong arguments raise.
    """

    def __init__(
        self,
        run: str,
        domains: Tuple[Domain, ...],
        *,
        attempt: int,
        ranks: int,
        rank: int,
        first: Mixture,
        strict: bool,
        queue: int,
        kafka: Mapping[str, Any],
    ) -> None:
        self._name = run
        self._domains = domains
        self._positions = {domain.name: i for i, domain in enumerate(domains)}
        self._ranks = ranks
        self._rank = rank
        self._strict = strict
        self._step = 0
        self._over = False
        # After a fork (data loaders do that) the threads are gone: only the process that began the run reports it.
        self._process = os.getpid()
        self._notices = Notices(run)
        self._outbox = Outbox(queue)
        self._desk = Desk(first, attempt)
        self._sender = Sender(run, rank, self._outbox, self._notices, kafka)
        self._listener = Listener(run, self._receive, self._notices, kafka)
        self._sender.start()
        self._listener.start()
        atexit.register(self._at_exit)

    # ---- what is known ----

    @property
    def name(self) -> str:
        return self._name

    @property
    def domains(self) -> Tuple[str, ...]:
        return tuple(domain.name for domain in self._domains)

    @property
    def attempt(self) -> int:
        """The stretch of the run since its last (re)start, from 1. Keep it in your checkpoints."""
        return self._desk.attempt

    @property
    def mixture(self) -> Mixture:
        """The mixture in force: the one the last `boundary` took. Sample the next batch by it."""
        return self._desk.in_force

    @property
    def offered(self) -> Optional[Mixture]:
        """The newest mixture that arrived and is not in force yet, for those who want to look before they take it."""
        return self._desk.offered

    @property
    def should_stop(self) -> bool:
        """Whether Mixdesk asks this run to end, or to start again elsewhere (`restart_from`)."""
        newest = self._desk.newest
        return newest.lifecycle != "train" and newest.from_step <= self._step

    @property
    def restart_from(self) -> Optional[RestartFrom]:
        """The checkpoint to start again from, where Mixdesk asks for that."""
        return self._desk.newest.restart_from if self.should_stop else None

    @property
    def stats(self) -> Stats:
        sender, outbox = self._sender, self._outbox
        return Stats(len(outbox), sender.sent, sender.acknowledged, sender.dropped + outbox.dropped, self._notices.errors)

    # ---- what is reported ----

    def log_losses(
        self,
        step: int,
        loss_sum: object,
        tokens: object,
        domains: Optional[object] = None,
        sequences: Optional[object] = None,
        signals: Optional[Mapping[str, object]] = None,
        mixture_version: Optional[int] = None,
    ) -> None:
        """Reports one step: per domain the sum of token losses (nats) and the number of tokens.

        Lists, tuples, NumPy arrays and CPU tensors are fine; they are copied. `domains` (names or indices) says
        which ones the arrays are about; all of them, in order, when left out. `mixture_version` is the version in
        force when the batch was *sampled*; give it when batches are drawn ahead.
        """
        try:
            if not self._open("log_losses"):
                return
            data: Dict[str, Any] = {
                "run": self._name,
                "attempt": self._desk.attempt,
                "step": checks.integer("step", step),
                "rank": self._rank,
                "mixtureVersion": self._desk.in_force.version if mixture_version is None else checks.integer("mixture_version", mixture_version),
            }
            length = len(self._domains)
            if domains is not None:
                data["domains"] = chosen = checks.indices("domains", domains, self._positions)
                length = len(chosen)
            data["tokens"] = checks.counts("tokens", tokens, length)
            data["lossSum"] = checks.numbers("loss_sum", loss_sum, length)
            if sequences is not None:
                data["sequences"] = checks.counts("sequences", sequences, length)
            if signals:
                data["signals"] = {checks.signal_name(key): checks.numbers(f"signals[{key!r}]", values, length) for key, values in signals.items()}
            self._seen(data["step"])
            self._put(LOSSES, "losses.measured", data, length * (3 + len(signals or ())))
        except Exception as error:
            self._failed("log_losses", error)

    def log_evaluation(
        self,
        step: int,
        loss: Optional[object] = None,
        domains: Optional[object] = None,
        scores: Optional[Mapping[str, object]] = None,
    ) -> None:
        """Reports held-out losses per domain (nats per token), scores by task, or both."""
        try:
            if not self._open("log_evaluation"):
                return
            if loss is None and scores is None:
                raise ArgumentError("loss", "or `scores` should be given.")
            data = self._data(step)
            length = len(self._domains)
            if loss is not None:
                if domains is not None:
                    data["domains"] = chosen = checks.indices("domains", domains, self._positions)
                    length = len(chosen)
                data["loss"] = checks.numbers("loss", loss, length)
            if scores is not None:
                data["scores"] = dict(zip(*_named_numbers("scores", scores)))
            self._put(LOSSES, "evaluation.measured", data, length + len(scores or ()))
        except Exception as error:
            self._failed("log_evaluation", error)

    def log_metrics(self, step: int, metrics: Mapping[str, object]) -> None:
        """Reports any other numbers of a step. These are dropped first when the queue is full."""
        try:
            if not self._open("log_metrics"):
                return
            data = self._data(step)
            data["rank"] = self._rank
            data["names"], data["values"] = _named_numbers("metrics", metrics)
            self._put(METRICS, "metrics.logged", data, 1 + len(metrics))
        except Exception as error:
            self._failed("log_metrics", error)

    def checkpoint(self, step: int, uri: Optional[str] = None) -> None:
        """Says that training can come back to this step."""
        try:
            if not self._open("checkpoint"):
                return
            data = self._data(step)
            if uri is not None:
                data["uri"] = checks.text("uri", uri, 4096)
            self._put(FACTS, "checkpoint.saved", data)
        except Exception as error:
            self._failed("checkpoint", error)

    def annotate(self, params: Optional[Mapping[str, object]] = None, tags: Optional[Sequence[str]] = None, notes: Optional[str] = None) -> None:
        """Adds what people want to find the run by. `params` are merged; `tags` and `notes` replace."""
        try:
            if not self._open("annotate"):
                return
            data: Dict[str, Any] = {"run": self._name}
            data.update(annotation_fields(params, tags, notes))
            self._put(FACTS, "run.annotated", data)
        except Exception as error:
            self._failed("annotate", error)

    # ---- mixtures ----

    def boundary(self, step: int) -> Mixture:
        """Call it before sampling the batch of `step`: takes the newest mixture that may be used, confirms it once,
        and returns the mixture in force."""
        try:
            if self._open("boundary"):
                number = checks.integer("step", step)
                self._seen(number)
                taken = self._desk.take(number)
                if taken is not None:
                    answer = {"run": self._name, "attempt": self._desk.attempt, "version": taken.version, "step": number, "rank": self._rank}
                    self._put(FACTS, "mixture.applied", answer)
        except Exception as error:
            self._failed("boundary", error)
        return self._desk.in_force

    def refuse(self, version: int, because: str) -> None:
        """Declines a mixture: it is not taken, or, where it is in force, the one before comes back."""
        try:
            if not self._open("refuse"):
                return
            number = checks.integer("version", version, 1)
            sentence = checks.text("because", because, 4096)
            self._desk.refuse(number)
            self._refused(self._desk.attempt, number, sentence)
        except Exception as error:
            self._failed("refuse", error)

    def _receive(self, data: Mapping[str, Any]) -> None:
        try:
            refusal = self._desk.receive(data)
        except Exception as error:
            self._notices.warn("command", f"a command was ignored: {error}")
            return
        if refusal is not None:
            self._notices.warn("mixture", f"mixture {refusal.version} was refused: {refusal.because}")
            self._refused(refusal.attempt, refusal.version, refusal.because)

    def _refused(self, attempt: int, version: int, because: str) -> None:
        answer = {"run": self._name, "attempt": attempt, "version": version, "step": self._step, "because": because[:4096]}
        self._put(FACTS, "mixture.refused", answer)

    # ---- life ----

    def resume(self, step: int, attempt: Optional[int] = None) -> None:
        """Goes back to a checkpoint in this process: what follows `step` is reported as a new attempt.

        `step` is the last step whose effect is in the checkpoint. All ranks call it; rank 0 tells.
        """
        try:
            if not self._open("resume"):
                return
            number = checks.integer("step", step)
            new = self.attempt + 1 if attempt is None else checks.integer("attempt", attempt, self.attempt + 1, 1_000_000)
            self._desk.resume(new)
            self._step = number
            self._tell_resumed(number)
        except Exception as error:
            self._failed("resume", error)

    def finish(self, status: str = "completed", because: Optional[str] = None, timeout: float = 10.0) -> None:
        """Ends the run (rank 0 tells) and sends what is left, for at most `timeout` seconds. A second call does nothing."""
        if self._over or os.getpid() != self._process:
            return
        try:
            if status not in STATUSES:
                raise ArgumentError("status", f"should be one of {', '.join(STATUSES)}, got {checks.show(status)}.")
            data: Dict[str, Any] = {"run": self._name, "attempt": self.attempt, "step": self._step, "status": status}
            if because is not None:
                data["because"] = checks.text("because", because, 4096)
            if self._rank == 0:
                self._put(FACTS, "run.finished", data)
        except Exception as error:
            self._failed("finish", error)
        self._over = True
        atexit.unregister(self._at_exit)
        self._listener.close()
        self._sender.close(timeout)
        self._listener.join(1.0)

    def __enter__(self) -> Run:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException], _trace: Optional[TracebackType]) -> None:
        if error is None or (isinstance(error, SystemExit) and error.code in (None, 0)):
            self.finish()
        elif isinstance(error, KeyboardInterrupt):
            self.finish("stopped", _INTERRUPTED)
        else:
            self.finish("failed", f"{type(error).__name__}: {error}"[:4096])

    def _at_exit(self) -> None:
        """The process ends and nobody called `finish`."""
        kind = getattr(sys, "last_type", None)
        if kind is not None and issubclass(kind, KeyboardInterrupt):
            self.finish("stopped", _INTERRUPTED, timeout=5.0)
        elif kind is not None:
            self.finish("failed", f"{kind.__name__}: {getattr(sys, 'last_value', '')}"[:4096], timeout=5.0)
        else:
            self.finish("stopped", "the process ended without calling finish", timeout=5.0)

    # ---- inside ----

    def _tell_started(self, data: Dict[str, Any]) -> None:
        if self._rank == 0:
            self._put(FACTS, "run.started", data, len(self._domains))

    def _tell_resumed(self, step: int) -> None:
        self._seen(step)
        if self._rank == 0:
            self._put(FACTS, "run.resumed", {"run": self._name, "attempt": self.attempt, "step": step, "ranks": self._ranks})

    def _data(self, step: object) -> Dict[str, Any]:
        number = checks.integer("step", step)
        self._seen(number)
        return {"run": self._name, "attempt": self.attempt, "step": number}

    def _seen(self, step: int) -> None:
        if step > self._step:
            self._step = step

    def _put(self, lane: int, name: str, data: Dict[str, Any], size: int = 1) -> None:
        dropped = self._outbox.put(lane, name, time.time(), data, size)
        self._sender.wake()
        if dropped is not None:
            self._notices.warn(f"full {dropped}", f"the queue is full; a {dropped} was dropped")

    def _open(self, method: str) -> bool:
        if os.getpid() != self._process:
            self._notices.warn("fork", f"{method} was called in a forked process and ignored; report from the process that began the run")
            return False
        if self._over:
            raise RunOver(f"{method} was called after finish")
        return True

    def _failed(self, method: str, error: Exception) -> None:
        if self._strict:
            raise error
        argument = error.argument if isinstance(error, ArgumentError) else type(error).__name__
        self._notices.warn(f"{method} {argument}", f"{method} was ignored: {error}")


def _named_numbers(argument: str, values: Mapping[str, object]) -> Tuple[list[str], list[float]]:
    if not isinstance(values, Mapping) or not values:
        raise ArgumentError(argument, f"should be a mapping from names to numbers, got {checks.show(values)}.")
    names = [checks.text(argument, key, 256) for key in values]
    if "" in names:
        raise ArgumentError(argument, "holds an empty name.")
    return names, checks.numbers(argument, [_scalar(value) for value in values.values()]).tolist()


def _scalar(value: object) -> object:
    item = getattr(value, "item", None)
    return item() if item is not None else value


def annotation_fields(params: Optional[Mapping[str, object]], tags: Optional[Sequence[str]], notes: Optional[str]) -> Dict[str, Any]:
    """The fields that `run.started` and `run.annotated` have in common."""
    data: Dict[str, Any] = {}
    if params is not None:
        data["params"] = checks.json_object("params", params)
    if tags is not None:
        data["tags"] = checks.tag_list(tags)
    if notes is not None:
        data["notes"] = checks.text("notes", notes, 65_536)
    return data
