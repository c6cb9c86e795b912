"""What a training loop tells: losses, evaluations, metrics, checkpoints. Every method copies, queues and returns."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from . import _by_domain as by_domain
from . import _checks as checks
from ._attempts import Attempts
from ._errors import ArgumentError
from ._outbox import FACTS, LOSSES, METRICS


class Reports(Attempts):
    """The part of a run that reports."""

    def log(
        self,
        step: int,
        *,
        losses: Optional[object] = None,
        tokens: Optional[object] = None,
        mean_losses: Optional[object] = None,
        signals: Optional[Mapping[str, object]] = None,
        domains: Optional[object] = None,
        sequences: Optional[object] = None,
        mixture_version: Optional[int] = None,
        metrics: Optional[Mapping[str, object]] = None,
    ) -> None:
        """Reports one step of this rank.

        `losses` are the SUMS of the token losses of each domain, in nats, and `tokens` how many tokens they were summed
        over; `mean_losses` (nats per token) may be given instead of sums. Each is an array in the order of the run's
        domains, or a mapping from domain names to numbers that may leave domains out. Lists, NumPy arrays and PyTorch
        tensors are fine, and are copied (a tensor on a GPU is waited for). A loss that is not finite is sent as null:
        that domain is absent for the step, and it is said once.

        `signals` are further sums by domain that a policy needs (`{"refLossSum": ...}`), `sequences` how many
        sequences of each domain were in the batch, `metrics` any other numbers (`{"rate": 1e-3}`). `domains` says
        which ones arrays are about (names or indices). `mixture_version` is the version the batch was *sampled*
        under; left out, it is the one that was in force at the boundary of this step.
        """
        try:
            if not self._open("log"):
                return
            argument, numbers = ("losses", losses) if losses is not None else ("mean_losses", mean_losses)
            if losses is not None and mean_losses is not None:
                raise ArgumentError("mean_losses", "was given along with `losses`; give one of the two.")
            if numbers is None and metrics is None:
                raise ArgumentError("losses", "or `mean_losses` or `metrics` should be given.")
            report = None
            if numbers is not None:
                if tokens is None:
                    raise ArgumentError("tokens", f"should be given with `{argument}`.")
                report = self._losses(step, argument, numbers, tokens, domains, sequences, signals, mixture_version)
            if metrics is not None:
                self._put_metrics(step, metrics)
            if report is not None:
                self._put_losses(report)
        except Exception as error:
            self._failed("log", error)

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
        """Reports one step: per domain the sum of token losses (nats) and the number of tokens. As `log`, in fewer words."""
        try:
            if self._open("log_losses"):
                self._put_losses(self._losses(step, "loss_sum", loss_sum, tokens, domains, sequences, signals, mixture_version))
        except Exception as error:
            self._failed("log_losses", error)

    def _losses(
        self,
        step: object,
        argument: str,
        losses: object,
        tokens: object,
        domains: Optional[object],
        sequences: Optional[object],
        signals: Optional[Mapping[str, object]],
        mixture_version: Optional[int],
    ) -> Dict[str, Any]:
        number = checks.integer("step", step)
        data: Dict[str, Any] = {
            "run": self._name,
            "attempt": self._desk.attempt,
            "step": number,
            "rank": self._rank,
            "mixtureVersion": self._desk.version_at(number) if mixture_version is None else checks.integer("mixture_version", mixture_version),
        }
        about = by_domain.chosen(argument, losses, domains, self._names, self._positions)
        if about[1] is not None:
            data["domains"] = about[1]
        beside = argument if domains is None else None
        data["tokens"] = counts = by_domain.counts("tokens", tokens, about, beside)
        numbers = by_domain.numbers(argument, losses, about)
        data["lossSum"] = sums = by_domain.sums(numbers, counts) if argument == "mean_losses" else numbers
        if sequences is not None:
            data["sequences"] = by_domain.counts("sequences", sequences, about, beside)
        if signals:
            data["signals"] = {
                checks.signal_name(key): by_domain.numbers(f"signals[{key!r}]", values, about, beside) for key, values in signals.items()
            }
        for i in by_domain.not_finite(sums):
            self._notices.warn(f"not finite {about[0][i]}", f"the loss of {about[0][i]} was {sums[i]} in step {number}; it is left out of that step")
        return data

    def _put_losses(self, data: Dict[str, Any]) -> None:
        step: int = data["step"]
        self._seen(step)
        self._put(LOSSES, "losses.measured", data, len(data["tokens"]) * (3 + len(data.get("signals", ()))))
        if step > self._done:
            self._done = step

    def log_evaluation(
        self,
        step: int,
        loss: Optional[object] = None,
        domains: Optional[object] = None,
        scores: Optional[Mapping[str, object]] = None,
    ) -> None:
        """Reports held-out losses per domain (nats per token; an array, or a mapping from names), scores by task, or both."""
        try:
            if not self._open("log_evaluation"):
                return
            if loss is None and scores is None:
                raise ArgumentError("loss", "or `scores` should be given.")
            data = self._data(step)
            if loss is not None:
                about = by_domain.chosen("loss", loss, domains, self._names, self._positions)
                if about[1] is not None:
                    data["domains"] = about[1]
                data["loss"] = by_domain.numbers("loss", loss, about)
            if scores is not None:
                data["scores"] = dict(zip(*_named_numbers("scores", scores)))
            self._put(LOSSES, "evaluation.measured", data, len(self._names) + len(scores or ()))
        except Exception as error:
            self._failed("log_evaluation", error)

    def log_metrics(self, step: int, metrics: Mapping[str, object]) -> None:
        """Reports any other numbers of a step. These are dropped first when the queue is full."""
        try:
            if self._open("log_metrics"):
                self._put_metrics(step, metrics)
        except Exception as error:
            self._failed("log_metrics", error)

    def _put_metrics(self, step: object, metrics: Mapping[str, object]) -> None:
        data = self._data(step)
        data["rank"] = self._rank
        data["names"], data["values"] = _named_numbers("metrics", metrics)
        self._put(METRICS, "metrics.logged", data, 1 + len(metrics))

    def checkpoint(self, step: int, uri: Optional[str] = None) -> None:
        """Says that training can come back to this step: the last one whose effect is in the checkpoint. It is told once,
        whichever ranks call it."""
        try:
            if not self._open("checkpoint"):
                return
            data = self._data(step)
            if uri is not None:
                data["uri"] = checks.text("uri", uri, 4096)
            self._done = max(self._done, data["step"])
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


def _named_numbers(argument: str, values: Mapping[str, object]) -> Tuple[List[str], List[float]]:
    if not isinstance(values, Mapping) or not values:
        raise ArgumentError(argument, f"should be a mapping from names to numbers, got {checks.show(values)}.")
    names = [checks.text(argument, key, 256) for key in values]
    if "" in names:
        raise ArgumentError(argument, "holds an empty name.")
    return names, checks.numbers(argument, [checks.scalar(value) for value in values.values()]).tolist()


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
