"""The names on the wire are those of the generated JSON Schemas: a field renamed on either side fails here.

What is sent is captured from whole runs and checked against schemas that are closed for it, since the real ones let unknown
fields pass. What is read is recorded while commands are taken, and looked up in the schema of the command.
"""

import copy
import json
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Set, Tuple

import pytest
from jsonschema import Draft202012Validator
from support import new_run, until

import mixdesk
from mixdesk._commands import MEANINGS
from mixdesk._life import STATUSES
from mixdesk.losses import (
    DomainLosses,
    PassCounts,
    accept,
    doremi_excess,
    reweight,
    reweighting_of,
    rollouts_of,
    select_rollouts,
)
from mixdesk.losses.reweighting import STRATEGIES

DOCS = Path(__file__).resolve().parents[3] / "docs"
EVENTS = sorted(path.stem for path in (DOCS / "schemas" / "trainer").glob("*.json"))
NOT_OURS = {"advice.given", "freeze.requested", "override.requested", "thaw.requested"}
"""What people and other services say over the same topic."""


def schema_of(kind: str, name: str) -> Dict[str, Any]:
    read: Dict[str, Any] = json.loads((DOCS / "schemas" / kind / f"{name}.json").read_text(encoding="utf-8"))
    return read


def closed(schema: Any) -> Any:
    """The schema without leave for fields that it does not name."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: closed(value) for key, value in schema.items()}
    if isinstance(made.get("properties"), dict) and "patternProperties" not in made:
        made["additionalProperties"] = False
    return made


def faults(schema: Dict[str, Any], data: Any) -> List[str]:
    Draft202012Validator.check_schema(schema)
    return [f"{error.json_path}: {error.message}" for error in Draft202012Validator(closed(schema)).iter_errors(data)]


# ---- what is sent ----


def whole_run(path: Path) -> None:
    """Says everything that a client can say, with all its fields. Strict: what it refuses to say would go unseen."""
    name, domains = new_run(), [mixdesk.Domain("web", 1000, 0.5, "text"), mixdesk.Domain("code", 2000, 0.5, "text")]
    run = mixdesk.start(
        name,
        project="contract",
        domains=domains,
        policy={"name": "doremi", "config": {"smoothing": 0.01}},
        horizon={"steps": 10},
        cadence=1,
        lateness=8,
        guards={"floor": 0.01, "ceiling": {"web": 0.9}, "largestChange": {"total": 0.5}},
        signals=["clippedExcessSum", "refLossSum"],
        evaluations={"loss": True, "scores": ["arc"]},
        params={"rate": 1e-3},
        tags=["a"],
        notes="a note",
        parent="another",
        file=str(path),
        strict=True,
    )
    excess = doremi_excess([[1.0, 2.0], [3.0, 4.0]], [[0.5, 3.0], [1.0, 1.0]], [0, 1], run.domains)
    run.log(0, **excess.fields(), metrics={"rate": 1e-3})
    passes = PassCounts(run.domains, bins=2)
    passes.add([1], [1], [2])
    run.log(1, **passes.fields())
    run.log(2, losses={"web": float("nan")}, tokens={"web": 3})
    run.log_evaluation(2, loss=[1.0, float("inf")], domains=["code", "web"], scores={"arc": 0.5})
    run.annotate(params={"seed": 1}, tags=["b"], notes="more")
    run.checkpoint(2, "file:///checkpoint")
    run._receive(command(name, 1))
    run.boundary(3)
    run._receive({**command(name, 2), "weights": [2.0, 3.0]})
    run.resume(2)
    run.finish("stopped", "that is enough")


def events_in(path: Path) -> List[Dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Dict[str, List[Any]]:
    path = tmp_path_factory.mktemp("contract") / "events.jsonl"
    whole_run(path)
    by_name: Dict[str, List[Any]] = {}
    for event in events_in(path):
        by_name.setdefault(event["type"][len("mixdesk.") : -len(".v1")], []).append(event["data"])
    return by_name


def test_a_run_says_every_event_that_the_contract_has_for_trainers(sent: Dict[str, List[Any]]) -> None:
    assert sorted(sent) == [name for name in EVENTS if name not in NOT_OURS]


@pytest.mark.parametrize("name", [name for name in EVENTS if name not in NOT_OURS])
def test_what_is_sent_is_what_the_schema_says(sent: Dict[str, List[Any]], name: str) -> None:
    schema = schema_of("trainer", name)
    for data in sent[name]:
        assert faults(schema, data) == [], data


@pytest.mark.parametrize("name", [name for name in EVENTS if name not in NOT_OURS])
def test_a_renamed_field_would_be_found(sent: Dict[str, List[Any]], name: str) -> None:
    """For each field that is sent, the same check against a schema that has it under another name."""
    schema = schema_of("trainer", name)
    used = {place for data in sent[name] for place in places(data)}
    renamed = 0
    for place in properties(schema):
        if place not in used:
            continue
        other = copy.deepcopy(schema)
        rename(other, place)
        assert any(faults(other, data) for data in sent[name]), f"{'.'.join(place)} could be renamed unseen"
        renamed += 1
    assert renamed >= len(schema["required"])


Place = Tuple[str, ...]


def places(data: Any, at: Place = ()) -> Iterator[Place]:
    """Where fields stand; entries of lists count as one."""
    if isinstance(data, list):
        for entry in data:
            yield from places(entry, at)
    elif isinstance(data, dict):
        for key, value in data.items():
            yield (*at, key)
            yield from places(value, (*at, key))


def objects(schema: Any) -> Iterator[Dict[str, Any]]:
    """The alternatives of a schema that are objects with named fields, those of a list's entries too."""
    if "properties" in schema:
        yield schema
    for part in schema.get("anyOf", []):
        yield from objects(part)
    if isinstance(schema.get("items"), dict):
        yield from objects(schema["items"])


def properties(schema: Any, at: Place = ()) -> Iterator[Place]:
    for described in objects(schema):
        for key, value in described["properties"].items():
            yield (*at, key)
            yield from properties(value, (*at, key))


def rename(schema: Any, place: Place) -> None:
    for described in objects(schema):
        if place[0] not in described["properties"]:
            continue
        if len(place) > 1:
            rename(described["properties"][place[0]], place[1:])
            continue
        described["properties"]["renamed"] = described["properties"].pop(place[0])
        described["required"] = ["renamed" if name == place[0] else name for name in described.get("required", [])]


# ---- what is read ----

CONTROLS: Dict[str, Any] = {
    "acceptBand": {"low": 0.2, "high": 0.8, "open": False, "batch": 4, "maxRefill": 2},
    "rolloutCounts": [4, 8],
    "rolloutSelection": {"rule": "band", "low": 0.0, "high": 1.0},
    "lossReweighting": {
        "strategy": "linUpper",
        "temperature": 0.4,
        "warmUpSteps": 10,
        "warmUpTemperature": None,
        "delta": 1,
        "rangeGuard": 1e-6,
    },
}
SELECTIONS: List[Dict[str, Any]] = [
    {"rule": "band", "low": 0.0, "high": 1.0},
    {"rule": "topFraction", "fraction": 0.5, "largest": True},
    {"rule": "gfpo", "count": 1, "metric": "short"},
    {"rule": "gfpo", "count": 1, "metric": "efficiency"},
    {"rule": "largestVariance", "fraction": 0.5},
]


def command(run: str, version: int, lifecycle: Any = "train", controls: Optional[Dict[str, Any]] = None) -> Dict[str, Any]:
    return {
        "run": run,
        "attempt": 1,
        "version": version,
        "fromStep": 0,
        "domains": ["web", "code"],
        "weights": [0.25, 0.75],
        "meaning": "lossMultiplier",
        "controls": CONTROLS if controls is None else controls,
        "lifecycle": lifecycle,
        "decidedAtStep": 2,
        "policy": {"name": "doremi", "version": 1},
        "decisionId": "decision-1",
        "because": "a test wants it",
    }


class Recording(Dict[str, Any]):
    """An object that writes down which of its fields are asked for."""

    def __init__(self, data: Dict[str, Any], asked: Set[Place], at: Place = ()) -> None:
        super().__init__({key: Recording(value, asked, (*at, key)) if isinstance(value, dict) else value for key, value in data.items()})
        self._asked, self._at = asked, at

    def __getitem__(self, key: str) -> Any:
        self._asked.add((*self._at, key))
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self._asked.add((*self._at, str(key)))
        return super().__contains__(key)

    def get(self, key: str, default: Any = None) -> Any:
        self._asked.add((*self._at, key))
        return super().get(key, default)


def fields_read(tmp_path: Path) -> Set[Place]:
    """Every field that is asked for while commands are taken and their controls are followed."""
    asked: Set[Place] = set()
    schema = schema_of("commands", "mixture.set")
    for lifecycle in ("train", "stop", {"restartFrom": {"run": "other", "step": 5, "uri": "file:///checkpoint"}}):
        run = mixdesk.start(new_run(), domains=["web", "code"], policy="doremi", file=str(tmp_path / "read.jsonl"), strict=True)
        run.boundary(0)
        opened = events_in_when_there(run, tmp_path / "read.jsonl")
        for version, selection in enumerate(SELECTIONS, 1):
            data = {**command(run.name, version, lifecycle, {**CONTROLS, "rolloutSelection": selection}), "openedBy": opened}
            assert faults(schema, data) == []
            run._receive(Recording(data, asked))
            mixture = run.boundary(version)
            assert mixture.version == version
            reweight([1.0, 2.0], reweighting_of(mixture.controls), 3)
            accept(mixture.controls, 1, 2)
            rollouts_of(mixture.controls)
            select_rollouts(mixture.controls, [0.5, 0.25], lengths=[3, 4])
        run.finish()
    return asked


def events_in_when_there(run: mixdesk.Run, path: Path) -> str:
    """The id of the event that opened the run's attempt."""

    def there() -> List[str]:
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else []
        events = [json.loads(line) for line in lines if line.endswith("\n")]
        return [str(event["id"]) for event in events if event["data"]["run"] == run.name]

    until("the opening is in the file", there)
    return there()[0]


def test_what_is_read_is_what_the_schema_says(tmp_path: Path) -> None:
    asked, known = fields_read(tmp_path), set(properties(schema_of("commands", "mixture.set")))
    assert asked - known == set(), "these fields are read and not in the contract"
    followed = {("controls", *place) for place in places(CONTROLS)} | {
        ("controls", *place) for s in SELECTIONS for place in places({"rolloutSelection": s})
    }
    lifecycle = {("lifecycle", *place) for place in places({"restartFrom": {"run": "", "step": 0, "uri": ""}})}
    top = {(name,) for name in schema_of("commands", "mixture.set")["properties"]} - {("run",), ("policy",)}
    assert asked >= followed | lifecycle | top, "the recording has missed what the client reads, or it does not read it any more"


def test_the_controls_have_a_schema_of_their_own_that_says_the_same() -> None:
    controls = schema_of("commands", "controls")
    for selection in SELECTIONS:
        assert faults(controls, {**CONTROLS, "rolloutSelection": selection}) == []
    assert {("controls", *place) for place in properties(controls)} <= set(properties(schema_of("commands", "mixture.set")))


def values(schema: Any) -> Set[Any]:
    """The values that a schema lists."""
    found = {*schema.get("enum", []), *([schema["const"]] if "const" in schema else [])}
    return found.union(*(values(part) for part in schema.get("anyOf", [])))


def test_the_values_that_a_field_may_have_are_those_of_the_contract() -> None:
    mixture, controls = schema_of("commands", "mixture.set")["properties"], schema_of("commands", "controls")["properties"]
    assert values(mixture["meaning"]) == set(MEANINGS)
    assert values(mixture["lifecycle"]) == {"train", "stop"}
    assert values(controls["lossReweighting"]["properties"]["strategy"]) == set(STRATEGIES)
    rules = controls["rolloutSelection"]["anyOf"]
    assert {rule["properties"]["rule"]["const"] for rule in rules} == {selection["rule"] for selection in SELECTIONS}
    metrics = next(rule["properties"]["metric"] for rule in rules if "metric" in rule["properties"])
    assert values(metrics) == {selection["metric"] for selection in SELECTIONS if "metric" in selection}
    assert values(schema_of("trainer", "run.finished")["properties"]["status"]) == set(STATUSES)


def test_every_signal_that_the_helpers_make_is_one_that_a_policy_asks_for() -> None:
    pages = "\n".join(path.read_text(encoding="utf-8") for path in (DOCS / "policies").glob("*.md"))
    excess: DomainLosses = doremi_excess([1.0], [1.0], [0], 1)
    for name in [*excess.fields()["signals"], *PassCounts(1).signals()]:
        # DoReMi's clipped excess comes with the sum it is taken from, for people.
        assert f"`{name}`" in pages or name == "refLossSum", name
    assert "`passBin0`" in pages
