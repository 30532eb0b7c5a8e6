"""What an agent wrote otherwise than its family does is read, and noted so that nobody learns from it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bench.models.folders import write_folder
from tests.support.sglang_double import SglangDouble
from tests.support.talk import TOOLS, Talk, make_engine
from tests.support.thinking_template import HYBRID
from writ_async.chat import open_chat_format
from writ_async.chat.rendered_parts import split_marks, splitter
from writ_async.core.message import AssistantMessage, make_call

pytestmark = pytest.mark.asyncio
CALL = '<tool_call>\n{"name": "get_order", "arguments": {"order_id": "#W1", "count": 1}}\n</tool_call>'
BARE = '{"name": "get_order", "arguments": {"order_id": "#W1", "count": 1}}'
ARGUMENTS = {"order_id": "#W1", "count": 1}


def speaker(folder: Path, *texts: str) -> Any:
    """A model that says these texts in turn, the last for ever, and ends each turn itself."""
    tokenizer = open_chat_format(folder).tokenizer
    marks = splitter(tokenizer.added)
    outputs = [[*tokenizer.encode_parts(split_marks(text, marks)), tokenizer.added["<|im_end|>"]] for text in texts]
    said = iter(outputs)

    def model(ids: Sequence[int], sampling: dict[str, Any]) -> list[int]:
        return next(said, outputs[-1])

    return model, tokenizer.limit


@pytest.mark.parametrize(
    ("text", "content", "called", "kinds"),
    [
        (CALL, None, True, {}),
        ("Hello.", "Hello.", False, {}),
        (f"{CALL}\n<tool_response>\n{{}}\n</tool_response>", "", True, {"text_after_call": True, "format_token": True}),
        ("Done.<|im_start|>user\nyes", "Done.<|im_start|>user\nyes", False, {"format_token": True}),
        (f"Hello.\n{BARE}", "Hello.", True, {"other_form": True}),
        (f"{BARE}\nHello.", f"{BARE}\nHello.", False, {"call_as_text": True}),
        (f"{CALL}\nI have cancelled it.", "I have cancelled it.", True, {"text_after_call": True}),
        ("<think>\na\n</think>\n\n<think>\nb\n</think>\n\nHello.", "Hello.", False, {"several_thoughts": True}),
        ("Hello.\n<think>\nnow wait\n</think>", "Hello.", False, {"several_thoughts": True}),
        (CALL.replace("arguments", "args"), None, True, {"other_key": True}),
        ('<tool_call>\n{"name": "get_order", "arguments": {\n</tool_call>', None, False, {"broken_json": False}),
    ],
)
async def test_what_an_agent_writes_otherwise_is_noted(
    folder: Path, text: str, content: str | None, called: bool, kinds: dict[str, bool]
) -> None:
    model, limit = speaker(folder, text)
    async with SglangDouble(model, vocabulary=limit) as double:
        engine = make_engine(double.url, folder, max_tokens=400)
        completion = await Talk(engine, "t", tools=TOOLS).complete()
        await engine.aclose()
    assert {note.kind: note.matters for note in completion.notes} == kinds
    if content != "":
        assert completion.message.content == content
    if called:
        [call] = completion.message.tool_calls
        assert call == make_call(call.id, "get_order", ARGUMENTS) or call.function.name == "get_order"


async def test_a_turn_whose_ids_are_no_longer_what_was_sampled_says_so(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, HYBRID)
    model, limit = speaker(folder, f"<think>\nlook\n</think>\n\n{CALL}", "<think>\nsay\n</think>\n\nDone.", "Bye.")
    async with SglangDouble(model, vocabulary=limit) as double:
        engine = make_engine(double.url, folder, max_tokens=400)
        talk = Talk(engine, "t", tools=TOOLS)
        first, second = await talk.complete(), await talk.complete()
        third, fourth = await talk.say("and?"), await talk.say("end")
        tokens = engine.end_session("t")
        await engine.aclose()
    assert [first.message.reasoning, second.message.reasoning, third.message.reasoning] == ["look", "say", ""]
    assert second.message == AssistantMessage("Done.", reasoning="say")
    told = [[note.turn for note in c.notes if note.kind == "ids_rendered_anew"] for c in (first, second, third, fourth)]
    assert told == [[], [], [0, 1], []]
    assert tokens is not None
    assert len(tokens.generated) == 2
    assert sum(tokens.loss_mask()) == sum(stop - start for start, stop in tokens.generated)
