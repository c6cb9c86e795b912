"""The control `rolloutSelection`: which rollouts of a batch enter the update, after the accept band.

The rules are those of DataFlex-RL's selectors (github.com/haolpku/DataFlex-RL); `gfpo` is arXiv 2508.09726, `largestVariance`
is arXiv 2504.13818.
"""

from __future__ import annotations

import math
from array import array
from typing import Any, Dict, List, Mapping, Optional, Sequence

from .._checks import integer, numbers, show
from .._errors import ArgumentError

CONTROL = "rolloutSelection"


def select_rollouts(controls: Mapping[str, Any], scores: object, *, prompts: Optional[object] = None, lengths: Optional[object] = None) -> List[int]:
    """Indices of the rollouts that a mixture's `controls` keep, ascending; all of them where the controls don't say.

    `scores` has one number for each rollout of the batch (rewards, as a rule), `prompts` the prompt it answers (left out: all
    answer one), `lengths` its tokens, which `gfpo` needs. Scores count in float32, as in the published code; ties go to the
    lower index, and a rollout whose score is no number is never kept.

    Rules: `band` keeps scores strictly between low and high; `topFraction` that share of the batch with the largest (or
    smallest) scores, one at least; `gfpo` of every prompt the `count` shortest, or those with the most reward for their
    length; `largestVariance` that share of every prompt's rollouts, one at least, whose rewards vary most.
    """
    merits = array("f", numbers("scores", scores)).tolist()
    groups = _groups(len(merits), prompts)
    selection = controls.get(CONTROL)
    if selection is None:
        return list(range(len(merits)))
    if not isinstance(selection, Mapping):
        raise ArgumentError(CONTROL, f"should be an object, got {show(selection)}.")
    rule = selection.get("rule")
    if rule == "band":
        low, high = array("f", [_number(selection, "low"), _number(selection, "high")])
        return [i for i, score in enumerate(merits) if low < score < high]
    if rule == "topFraction":
        kept = max(1, round(_share(selection) * len(merits)))
        largest = selection.get("largest")
        if not isinstance(largest, bool):
            raise ArgumentError(f"{CONTROL}.largest", f"should be true or false, got {show(largest)}.")
        return _top(range(len(merits)), merits if largest else [-score for score in merits], kept)
    if rule == "gfpo":
        return _shortest_or_most_efficient(selection, merits, groups, lengths)
    if rule == "largestVariance":
        return sorted(i for group in groups for i in _most_varied(group, merits, _share(selection)))
    raise ArgumentError(f"{CONTROL}.rule", f"should be band, topFraction, gfpo or largestVariance, got {show(rule)}.")


def _shortest_or_most_efficient(selection: Mapping[str, Any], scores: List[float], groups: List[List[int]], lengths: Optional[object]) -> List[int]:
    count, metric = integer(f"{CONTROL}.count", selection.get("count"), 1), selection.get("metric")
    if metric not in ("efficiency", "short"):
        raise ArgumentError(f"{CONTROL}.metric", f"should be efficiency or short, got {show(metric)}.")
    if lengths is None:
        raise ArgumentError("lengths", "should be given: the rule gfpo compares rollouts by their length.")
    tokens = [max(1.0, length) for length in numbers("lengths", lengths, len(scores))]
    if metric == "short":
        # A rollout without a score is not kept, however short it is.
        merits = [math.nan if math.isnan(score) else -length for score, length in zip(scores, tokens)]
    else:
        merits = array("f", [score / length for score, length in zip(scores, tokens)]).tolist()
    return sorted(i for group in groups for i in _top(group, merits, count))


def _groups(rollouts: int, prompts: Optional[object]) -> List[List[int]]:
    if prompts is None:
        return [list(range(rollouts))]
    members: Dict[float, List[int]] = {}
    for i, prompt in enumerate(numbers("prompts", prompts, rollouts)):
        members.setdefault(prompt, []).append(i)
    return list(members.values())


def _top(among: Sequence[int], merits: Sequence[float], count: int) -> List[int]:
    best = sorted((i for i in among if not math.isnan(merits[i])), key=lambda i: (-merits[i], i))
    return sorted(best[:count])


def _most_varied(members: Sequence[int], scores: Sequence[float], fraction: float) -> List[int]:
    """The subset of largest variance is some of the lowest and some of the highest rewards; the least number of lowest ones
    that reaches the maximum is taken."""
    group = [i for i in members if not math.isnan(scores[i])]
    kept = max(1, round(fraction * len(members)))
    if kept >= len(group):
        return group
    ranked = sorted(group, key=lambda i: (scores[i], i))
    sums, squares = [0.0], [0.0]
    for i in ranked:
        sums.append(sums[-1] + scores[i])
        squares.append(squares[-1] + scores[i] * scores[i])
    largest, lowest = -1.0, 0
    for low in range(kept + 1):
        start = len(ranked) - (kept - low)
        mean = (sums[low] + (sums[-1] - sums[start])) / kept
        variance = (squares[low] + (squares[-1] - squares[start])) / kept - mean * mean
        if variance > largest:
            largest, lowest = variance, low
    return ranked[:lowest] + ranked[len(ranked) - (kept - lowest) :]


def _share(selection: Mapping[str, Any]) -> float:
    value = _number(selection, "fraction")
    if not 0 < value <= 1:
        raise ArgumentError(f"{CONTROL}.fraction", f"should be above 0 and at most 1, got {show(value)}.")
    return value


def _number(selection: Mapping[str, Any], name: str) -> float:
    value = selection.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ArgumentError(f"{CONTROL}.{name}", f"should be a number, got {show(value)}.")
    return float(value)
