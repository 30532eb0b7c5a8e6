"""The retail tools against what τ²-bench's own environment answered, call by call and state by state."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
from writ_domains.retail import TOOLS
from writ_domains.retail.schema import dump, load

from tests.support.shared_data import SHARED, TAU2_DATA, needs_shared
from writ_async.core.state import State, World
from writ_async.core.tool import call_tool

pytestmark = [needs_shared, pytest.mark.slow]


def _vectors(name: str) -> list[dict[str, Any]]:
    with gzip.open(cast(Path, SHARED) / "conformance" / f"{name}.jsonl.gz", "rb") as lines:
        return [msgspec.json.decode(line) for line in lines]


@pytest.fixture(scope="module")
def world() -> World:
    return load((cast(Path, TAU2_DATA) / "tau2" / "domains" / "retail" / "db.json").read_bytes())


class Hasher:
    """The benchmark's hash of the whole database, entity texts kept, so that a state costs its touched entities."""

    def __init__(self, world: World) -> None:
        self.texts = {
            (table, key): self.text(entity) for table, rows in world.tables.items() for key, entity in rows.items()
        }
        self.order = [
            (table, [(key, json.dumps(key) + ": ") for key in sorted(rows)])
            for table, rows in sorted(world.tables.items())
        ]

    @staticmethod
    def text(entity: Any) -> str:
        return json.dumps(msgspec.to_builtins(entity), sort_keys=True, default=str)

    def __call__(self, state: State) -> str:
        texts = self.texts | {(table, key): self.text(entity) for table, key, entity in state.touched()}
        tables = (
            f"{json.dumps(table)}: {{" + ", ".join(label + texts[table, key] for key, label in rows) + "}"
            for table, rows in self.order
        )
        return hashlib.sha256(("{" + ", ".join(tables) + "}").encode()).hexdigest()


def _difference(old: Any, new: Any) -> Any:
    """The changed part of nested dicts; lists and scalars are given whole."""
    changed = {
        key: _difference(old[key], value) if isinstance(value, dict) and isinstance(old.get(key), dict) else value
        for key, value in new.items()
        if key not in old or json.dumps(old[key], sort_keys=True) != json.dumps(value, sort_keys=True)
    }
    if gone := sorted(old.keys() - new.keys()):
        changed["$del"] = gone
    return changed


def _plain(entity: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(entity))


def _state_difference(state: State) -> dict[str, Any]:
    old: dict[str, Any] = {}
    new: dict[str, Any] = {}
    for table, key, entity in state.touched():
        old.setdefault(table, {})[key] = _plain(state.world.tables[table][key])
        new.setdefault(table, {})[key] = _plain(entity)
    return cast(dict[str, Any], _difference(old, new))


def _mismatch(state: State, call: dict[str, Any]) -> str | None:
    result = call_tool(TOOLS, state, call["name"], call["args"])
    if result.error != call["error"]:
        return f"error={result.error}: {result.content[:200]}"
    if result.error:
        return None
    if "content" in call:
        return None if result.content == call["content"] else result.content[:400]
    encoded = result.content.encode()
    found = (hashlib.sha256(encoded).hexdigest(), len(result.content), result.content[:160])
    wanted = (call["content_sha256"], call["content_len"], call["content_head"])
    return None if found == wanted else result.content[:400]


def test_the_stock_database_dumps_to_the_benchmarks_hash(world: World) -> None:
    header = _vectors("retail_gold")[0]
    text = json.dumps(dump(State(world)), sort_keys=True, default=str)
    assert hashlib.sha256(text.encode()).hexdigest() == header["db_hash"]
    assert Hasher(world)(State(world)) == header["db_hash"]
    assert {name: tool.kind for name, tool in TOOLS.items()} == header["tool_types"]


@pytest.mark.parametrize("name", ["retail_gold", "retail_fuzz"])
def test_every_call_and_every_final_database_is_the_benchmarks(world: World, name: str) -> None:
    hasher = Hasher(world)
    bad = []
    for episode in _vectors(name)[1:]:
        state = State(world)
        where = episode.get("task_id", episode.get("episode"))
        for number, call in enumerate(episode["calls"]):
            if call.get("requestor", "assistant") == "user":
                continue
            if found := _mismatch(state, call):
                bad.append(f"{where}.{number} {call['name']} {call['args']}: {found}")
        if _state_difference(state) != episode["db_diff"] or hasher(state) != episode["db_hash"]:
            bad.append(f"{where}: {_state_difference(state)} != {episode['db_diff']}")
    assert not bad, f"{len(bad)} mismatches, first: {bad[:3]}"
