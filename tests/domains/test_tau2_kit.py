"""Tool schemas and prompts are read from source that is parsed: those that pydantic would make of it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from writ_domains.tau2.kit import Kit, find_kit, make_kit, read_kit
from writ_domains.tau2.signatures import read_tool_schemas

from tests.support.recorded_prompts import ALL_DOMAINS, recorded, write_kit
from tests.support.shared_data import SHARED, needs_shared
from writ_async.cli import main
from writ_async.errors import InputError

CHECKOUT = os.environ.get("WRIT_TAU2_CHECKOUT")
needs_checkout = pytest.mark.skipif(
    CHECKOUT is None or SHARED is None, reason="WRIT_TAU2_CHECKOUT names no checkout of the benchmark"
)
TYPES = '''
from enum import Enum
from typing import Annotated, Dict, List, Literal, Optional, Union
from pydantic import BaseModel, ConfigDict, Field

Colour = Literal["red", "blue"]
Weight = Annotated[float, Field(description="In kilograms")]

class Mode(str, Enum):
    FAST = "fast"
    SLOW = "slow"

class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")

class Base(BaseModel):
    id: str = Field(description="Which one")

class Part(Base):
    """A piece."""
    count: int = Field(default=1, description="How many")
    notes: List[str] = Field(default_factory=list)

class Box(Strict):
    mode: Mode = Mode.FAST
    inside: Optional[Part] = None
'''
TOOLS = '''
from kit import is_tool, Kit

class Things(Kit):
    def _hidden(self): ...

    @is_tool("write")
    def send_parts(self, to_whom: str, parts: List[Part | dict], colour: Colour, box: Union[Box, str] = "none") -> str:
        """Send parts to somebody.
        They go at once.

        Nothing comes back.

        Args:
            to_whom: Who gets them,
                with a name.
            colour: Of the paper.
        """

    @is_tool()
    def count(self, limit: int = 3, *, by: Dict[str, int], heavy: Weight, anything=None):
        """Count."""

    def not_a_tool(self): ...
'''


def schemas(tmp_path: Path, tools: str = TOOLS) -> list[dict[str, object]]:
    files = [tmp_path / "tools.py", tmp_path / "types.py"]
    for file, text in zip(files, (tools, TYPES), strict=True):
        file.write_text(text)
    return read_tool_schemas(files)


def test_a_signature_becomes_the_schema_that_pydantic_makes(tmp_path: Path) -> None:
    send, count = schemas(tmp_path)
    part = {
        "description": "A piece.",
        "properties": {
            "id": {"description": "Which one", "title": "Id", "type": "string"},
            "count": {"default": 1, "description": "How many", "title": "Count", "type": "integer"},
            "notes": {"items": {"type": "string"}, "title": "Notes", "type": "array"},
        },
        "required": ["id"],
        "title": "Part",
        "type": "object",
    }
    box = {
        "additionalProperties": False,
        "properties": {
            "mode": {"$ref": "#/$defs/Mode", "default": "fast"},
            "inside": {"anyOf": [{"$ref": "#/$defs/Part"}, {"type": "null"}], "default": None},
        },
        "title": "Box",
        "type": "object",
    }
    wanted = {
        "type": "function",
        "function": {
            "name": "send_parts",
            "description": "Send parts to somebody.\n\nThey go at once.\n\nNothing comes back.",
            "parameters": {
                "$defs": {
                    "Box": box,
                    "Mode": {"enum": ["fast", "slow"], "title": "Mode", "type": "string"},
                    "Part": part,
                },
                "properties": {
                    "to_whom": {"description": "Who gets them,\nwith a name.", "title": "To Whom", "type": "string"},
                    "parts": {
                        "items": {
                            "anyOf": [{"$ref": "#/$defs/Part"}, {"additionalProperties": True, "type": "object"}]
                        },
                        "title": "Parts",
                        "type": "array",
                    },
                    "colour": {
                        "description": "Of the paper.",
                        "enum": ["red", "blue"],
                        "title": "Colour",
                        "type": "string",
                    },
                    "box": {
                        "anyOf": [{"$ref": "#/$defs/Box"}, {"type": "string"}],
                        "default": "none",
                        "title": "Box",
                    },
                },
                "required": ["to_whom", "parts", "colour"],
                "title": "parameters",
                "type": "object",
            },
        },
    }
    assert json.dumps(send) == json.dumps(wanted)  # the order of keys is part of what a model reads
    parameters = {
        "properties": {
            "limit": {"default": 3, "title": "Limit", "type": "integer"},
            "by": {"additionalProperties": {"type": "integer"}, "title": "By", "type": "object"},
            "heavy": {"description": "In kilograms", "title": "Heavy", "type": "number"},
            "anything": {"default": None, "title": "Anything"},
        },
        "required": ["by", "heavy"],
        "title": "parameters",
        "type": "object",
    }
    wanted = {"type": "function", "function": {"name": "count", "description": "Count.", "parameters": parameters}}
    assert json.dumps(count) == json.dumps(wanted)


METHOD = "class A:\n    @is_tool()\n    def f(self, x: {}): ...\n"


@pytest.mark.parametrize(
    "broken",
    [
        "class A(:",
        *map(METHOD.format, ("Unheard", "Dict[str]", "'List['", "Literal[Unheard]", "Literal[None]")),
        f"class M(Enum):\n    A = auto()\n{METHOD.format('M')}",
    ],
)
def test_what_cannot_be_read_is_one_line_that_names_the_file(broken: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"tools\.py: ") as told:
        schemas(tmp_path, broken)
    assert "\n" not in str(told.value)


@needs_shared
def test_a_kit_is_read_and_a_folder_that_is_no_checkout_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write_kit(tmp_path / "kit.json")
    assert read_kit(file).version == "1.0.1"
    monkeypatch.delenv("TAU2_KIT", raising=False)
    assert find_kit(tmp_path) is None
    assert main(["tau2-kit", str(tmp_path), "--out", str(tmp_path / "no.json")]) == 2
    assert "is no checkout" in capsys.readouterr().err
    assert not (tmp_path / "no.json").exists()
    file.write_text('{"kit": "tau2", "version": 1}')
    with pytest.raises(InputError, match="version"):
        read_kit(file)


@needs_checkout
def test_the_kit_of_a_checkout_has_what_the_benchmark_was_seen_to_send(tmp_path: Path) -> None:
    assert CHECKOUT is not None
    out = tmp_path / "kit.json"
    assert main(["tau2-kit", CHECKOUT, "--out", str(out)]) == 0
    kit: Kit = read_kit(out)
    assert kit == make_kit(Path(CHECKOUT)) == read_kit(Path(CHECKOUT))
    for domain in ALL_DOMAINS:
        wanted = recorded(domain)
        assert json.dumps(kit.tools[domain].tools) == json.dumps(wanted["agent_tools"])
        assert json.dumps(kit.tools[domain].user_tools) == json.dumps(wanted["user_tools"])
        assert wanted["agent_system"].startswith(kit.agent_prompt.partition("{policy}")[0])
        told = kit.user_prompt_with_tools if wanted["user_tools"] else kit.user_prompt
        assert all(text.startswith(told.partition("{scenario}")[0]) for text in wanted["user_system"].values())
