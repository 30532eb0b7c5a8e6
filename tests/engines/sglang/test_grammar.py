"""Grammars: what they let through is what the family's parser reads, and what fits the tools."""

from __future__ import annotations

import json
import re
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
from writ_engines.sglang.grammar import json_pattern, variants

from bench.models.folders import open_family
from tests.support.talk import TOOLS
from writ_async.chat import FAMILIES, ChatFormat, FamilyFormat, TemplateFormat
from writ_async.core.domain import Domain
from writ_async.core.engine import Setting
from writ_async.core.message import AssistantMessage, call_arguments, make_call
from writ_async.errors import InputError
from writ_async.registry import make_engine


@pytest.fixture(scope="module")
def formats(tmp_path_factory: pytest.TempPathFactory) -> dict[str, FamilyFormat]:
    return {name: open_family(tmp_path_factory.mktemp("model") / name, name) for name in FAMILIES}


def sample(schema: dict[str, Any], root: dict[str, Any], rng: Random) -> Any:
    """A value that fits a schema, all properties given."""
    if "$ref" in schema:
        return sample(root["$defs"][schema["$ref"].rpartition("/")[2]], root, rng)
    if "enum" in schema:
        return rng.choice(schema["enum"])
    match schema.get("type"):
        case "object":
            return {key: sample(value, root, rng) for key, value in schema.get("properties", {}).items()}
        case "array":
            return [sample(schema["items"], root, rng) for _ in range(rng.randint(1, 3))]
        case "integer" | "number":
            return rng.randint(0, 9999)
        case "boolean":
            return rng.random() < 0.5
    return "".join(rng.choice("aB9# _.@-") for _ in range(rng.randint(0, 16)))


@pytest.mark.parametrize("family", sorted(FAMILIES))
@pytest.mark.parametrize("name", ["retail", "airline"])
def test_a_short_turn_is_a_text_or_calls_that_the_family_reads_and_the_tools_take(
    name: str, family: str, formats: dict[str, FamilyFormat], request: pytest.FixtureRequest
) -> None:
    domain: Domain = request.getfixturevalue(name)
    chat = formats[family]
    one, two, text = variants("short", "agent", domain.schemas, chat)
    rng = Random(7)
    for tool in domain.schemas:
        function = tool["function"]
        arguments = sample(function["parameters"], function["parameters"], rng)
        written = json.dumps(arguments, separators=(",", ":"))
        marker = '{"?": 0}'
        frame = str(chat.write(AssistantMessage(None, (make_call("c", function["name"], {"?": 0}),))))
        turn = frame.replace(marker, written)
        assert re.fullmatch(one["regex"], turn), turn
        assert re.fullmatch(two["regex"], f"{turn}\n{turn}")
        assert not re.fullmatch(one["regex"], turn + "}")
        parsed = chat.parse(turn, 0)
        assert parsed.defects == ()
        assert [call.function.name for call in parsed.message.tool_calls] == [function["name"]]
        assert call_arguments(parsed.message.tool_calls[0]) == arguments
    assert re.fullmatch(text["regex"], "How can I help you?")
    assert not re.fullmatch(text["regex"], "")


def test_a_short_user_speaks_or_stops(formats: dict[str, FamilyFormat]) -> None:
    *texts, stop = variants("short", "user", (), next(iter(formats.values())))
    assert re.fullmatch(stop["regex"], "###STOP###")
    assert all(re.fullmatch(text["regex"], "I want my money back.") for text in texts)
    assert not any(re.fullmatch(text["regex"], "###STOP###") for text in texts)


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_the_structural_tag_begins_where_the_family_begins_a_call(
    family: str, formats: dict[str, FamilyFormat]
) -> None:
    (sampling,) = variants("calls", "agent", TOOLS, formats[family])
    layout = json.loads(sampling["structural_tag"])["format"]
    (trigger,) = layout["triggers"]
    assert [tag["content"]["json_schema"] for tag in layout["tags"]] == [t["function"]["parameters"] for t in TOOLS]
    assert trigger
    assert all(tag["begin"].startswith(trigger) for tag in layout["tags"])
    assert all(tag["end"].startswith("}") for tag in layout["tags"])


def test_without_tools_or_grammar_nothing_is_asked_for(formats: dict[str, FamilyFormat]) -> None:
    chat: ChatFormat = formats["qwen3-instruct-2507"]
    assert variants("off", "agent", TOOLS, chat) == variants("calls", "user", (), chat) == [{}]


def test_a_model_whose_calls_nobody_can_write_is_refused(formats: dict[str, FamilyFormat]) -> None:
    chat = formats["qwen3-instruct-2507"]
    assert chat.template is not None
    unknown = TemplateFormat(chat.template, chat.tokenizer)
    with pytest.raises(InputError, match="tool_grammar"):
        variants("short", "agent", TOOLS, unknown)


def test_patterns_know_what_tool_schemas_use() -> None:
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {
            "kind": {"enum": ["a.b", "c+d", 3, None]},
            "way": {"const": "one (way)"},
            "count": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
            "sure": {"type": "boolean"},
            "people": {"type": "array", "items": {"$ref": "#/$defs/Person"}},
        },
        "$defs": {"Person": {"type": "object", "properties": {"name": {"type": "string"}}}},
    }
    pattern = json_pattern(schema, schema)
    for kind in ("a.b", "c+d", 3, None):
        for count in (0, 12, None):
            people = [{"name": "Ann"}, {"name": ""}]
            value = {"kind": kind, "way": "one (way)", "count": count, "sure": True, "people": people}
            assert re.fullmatch(pattern, msgspec.json.encode(value).decode())
    assert not re.fullmatch(pattern, '{"kind":"aXb","way":"one (way)","count":0,"sure":true,"people":[{"name":""}]}')


def test_a_schema_that_nests_without_end_is_refused() -> None:
    schema: dict[str, Any] = {
        "$ref": "#/$defs/Loop",
        "$defs": {"Loop": {"type": "array", "items": {"$ref": "#/$defs/Loop"}}},
    }
    with pytest.raises(InputError, match="nested"):
        json_pattern(schema, schema)


def test_an_engine_with_a_bad_option_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"tool_grammar|sometimes"):
        make_engine(
            "sglang", {"model": str(tmp_path), "tool_grammar": "sometimes"}, Setting(tasks={}, domains={}, seed=1)
        )
    with pytest.raises(InputError, match=r"tokenizer\.json"):
        make_engine("sglang", {"model": str(tmp_path)}, Setting(tasks={}, domains={}, seed=1))
