"""The airline's tools against what τ²-bench's own environment answered, call by call and database by database."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
from writ_domains.airline.schema import dump, load
from writ_domains.airline.tools import TOOLS

from tests.support.shared_data import SHARED, TAU2_DATA, needs_shared
from writ_async.core.state import State, World
from writ_async.core.tool import call_tool

pytestmark = [needs_shared, pytest.mark.slow]

DATABASE = Path("tau2/domains/airline/db.json")


def _vectors(name: str) -> list[dict[str, Any]]:
    with gzip.open(cast(Path, SHARED) / "conformance" / f"airline_{name}.jsonl.gz", "rb") as lines:
        return [msgspec.json.decode(line) for line in lines]


def _text(value: Any) -> str:
    """Sorted JSON text: unlike `==`, it tells 2, 2.0 and true apart."""
    return json.dumps(value, sort_keys=True, default=str)


@pytest.fixture(scope="module")
def data() -> bytes:
    return (cast(Path, TAU2_DATA) / DATABASE).read_bytes()


@pytest.fixture(scope="module")
def world(data: bytes) -> World:
    return load(data)


class Hasher:
    """The benchmark's hash of a dumped database; the text of what did not change is kept."""

    def __init__(self, base: dict[str, Any]) -> None:
        self._base = base
        self._texts = {table: {key: _text(row) for key, row in rows.items()} for table, rows in base.items()}

    def __call__(self, plain: dict[str, Any]) -> str:
        tables = []
        for table in sorted(plain):
            base, texts = self._base[table], self._texts[table]
            rows = plain[table]
            parts = (
                f"{json.dumps(key)}: {texts[key] if rows[key] is base.get(key) else _text(rows[key])}"
                for key in sorted(rows)
            )
            tables.append(f'"{table}": {{{", ".join(parts)}}}')
        return hashlib.sha256(f"{{{', '.join(tables)}}}".encode()).hexdigest()


def _difference(old: Any, new: Any) -> dict[str, Any]:
    """Changed or added keys of nested dicts; lists and scalars whole, keys that are gone under `$del`."""
    changed: dict[str, Any] = {}
    for key, value in new.items():
        if key in old and old[key] is value:
            continue
        if key in old and isinstance(value, dict) and isinstance(old[key], dict):
            if inner := _difference(old[key], value):
                changed[key] = inner
        elif key not in old or _text(old[key]) != _text(value):
            changed[key] = value
    if gone := sorted(key for key in old if key not in new):
        changed["$del"] = gone
    return changed


def _sorted_removals(change: Any) -> Any:
    """A recorded difference with its lists of removed keys, which stand in no order, sorted."""
    if not isinstance(change, dict):
        return change
    return {key: sorted(value) if key == "$del" else _sorted_removals(value) for key, value in change.items()}


def test_a_dumped_database_hashes_as_the_benchmark_says(data: bytes, world: World) -> None:
    header = _vectors("gold")[0]
    plain = dump(State(world))
    text = json.dumps(plain, sort_keys=True, default=str)
    assert hashlib.sha256(text.encode()).hexdigest() == header["db_hash"]
    assert Hasher(plain)(plain) == header["db_hash"]


def test_tools_and_their_kinds_are_the_benchmarks_in_its_order() -> None:
    assert {name: tool.kind for name, tool in TOOLS.items()} == _vectors("gold")[0]["tool_types"]
    listed = json.loads((cast(Path, SHARED) / "conformance" / "airline_tools.json").read_bytes())["tools"]
    assert list(TOOLS) == [tool["function"]["name"] for tool in listed]


@pytest.mark.parametrize("name", ["gold", "fuzz"])
def test_every_recorded_episode_replays(name: str, world: World) -> None:
    base = dump(State(world))
    hash_of = Hasher(base)
    episodes = [row for row in _vectors(name) if "calls" in row]
    assert episodes
    for row in episodes:
        state = State(world)
        for call in row["calls"]:
            result = call_tool(TOOLS, state, call["name"], call["args"])
            where = (row.get("episode", row.get("task_id")), call["name"], call["args"])
            assert result.error == call["error"], (where, result.content)
            if call["error"]:
                continue
            if "content" in call:
                assert result.content == call["content"], where
            else:
                assert len(result.content) == call["content_len"], where
                assert result.content.startswith(call["content_head"]), where
                assert hashlib.sha256(result.content.encode()).hexdigest() == call["content_sha256"], where
        plain = dump(state)
        assert _text(_difference(base, plain)) == _text(_sorted_removals(row["db_diff"])), row.get(
            "episode", row.get("task_id")
        )
        assert hash_of(plain) == row["db_hash"]
    assert _text(dump(State(world))) == _text(base), "an episode wrote to the world"


def _shape(schema: Any, definitions: dict[str, Any]) -> Any:
    """A JSON schema down to types, enums, required names and nesting; of a union, the first."""
    if "$ref" in schema:
        schema = definitions[schema["$ref"].rsplit("/", 1)[-1]]
    if "anyOf" in schema:
        return _shape(schema["anyOf"][0], definitions)
    return {
        "type": schema["type"],
        "enum": sorted(schema.get("enum", [])),
        "required": sorted(schema.get("required", [])),
        "properties": {key: _shape(value, definitions) for key, value in schema.get("properties", {}).items()},
        "items": _shape(schema["items"], definitions) if "items" in schema else None,
    }


def test_schemas_have_the_benchmarks_names_types_and_enums() -> None:
    listed = json.loads((cast(Path, SHARED) / "conformance" / "airline_tools.json").read_bytes())["tools"]
    for theirs in listed:
        parameters = theirs["function"]["parameters"]
        ours = TOOLS[theirs["function"]["name"]].schema["function"]["parameters"]
        assert list(ours["properties"]) == list(parameters.get("properties", {}))
        expected = _shape({"required": [], **parameters}, parameters.get("$defs", {}))
        actual = _shape(ours, ours.get("$defs", {}))
        assert actual == expected, theirs["function"]["name"]
