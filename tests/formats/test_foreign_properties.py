"""What our messages are in each shape of others reads back as they were; whatever a file holds is read or named."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.foreign_shapes import FILES, NO_IDS, NO_WORDS, ONE_CALL
from writ_async.core.message import AssistantMessage, Message, ToolMessage, UserMessage, make_call
from writ_async.errors import InputError
from writ_async.formats.foreign import BadRow, Foreign, UnreadableRowError, read_foreign
from writ_async.formats.foreign.rows import read_row
from writ_async.formats.foreign.tools import domain_for
from writ_async.formats.foreign.verdicts import check_row

# Without r: no result is taken for an error.
texts = st.text("abc é“\n.?", min_size=1, max_size=12).map(str.strip).filter(bool)
values = st.integers(-9, 9) | texts | st.booleans()
arguments = st.dictionaries(st.sampled_from(["id", "item_ids"]), values | st.lists(values, max_size=2), max_size=2)
names = st.sampled_from(["find", "cancel_order"])


@st.composite
def talks(draw: st.DrawFn, calls: int, words: bool, by_user: bool) -> list[Message]:
    """A conversation that begins with the user; each message with calls is followed by its results."""
    talk: list[Message] = [UserMessage(draw(texts))]
    for turn in range(draw(st.integers(1, 5))):
        talk.append(AssistantMessage(draw(texts)))
        talk.append(UserMessage(draw(texts)))
        count = draw(st.integers(0, calls))
        made = tuple(make_call(f"c{turn}_{n}", draw(names), draw(arguments)) for n in range(count))
        if made:
            user = by_user and draw(st.booleans())
            said = draw(texts) if words and draw(st.booleans()) else None
            talk.append(UserMessage(said, made) if user else AssistantMessage(said, made))
            talk += [ToolMessage(call.id, draw(texts), False, "user" if user else "assistant") for call in made]
    return talk


def plain(messages: tuple[Message, ...], ids: bool) -> list[Any]:
    """Messages with arguments as values, and with calls and results named by their order where there are no ids."""
    names: dict[str, str] = {}
    made: list[Any] = []
    for message in messages:
        if isinstance(message, ToolMessage):
            made.append((names[message.tool_call_id], message.content, message.error, message.requestor))
        elif isinstance(message, AssistantMessage | UserMessage):
            for call in message.tool_calls:
                names[call.id] = call.id if ids else f"{len(names)}"
            calls = [
                (names[c.id], c.function.name, msgspec.json.decode(c.function.arguments)) for c in message.tool_calls
            ]
            made.append((type(message).__name__, message.content, calls))
    return made


@pytest.mark.parametrize("shape", FILES)
@given(data=st.data())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_what_is_written_in_a_shape_is_read_back(tmp_path: Path, shape: str, data: st.DataObject) -> None:
    calls = 1 if shape in ONE_CALL else 3
    talk = data.draw(talks(calls, shape not in NO_WORDS, by_user=shape in ("tau2", "viewer", "openai")))
    form, write = FILES[shape]
    path = tmp_path / "file.json"
    path.write_text(json.dumps(write(talk)))
    (row,) = read_foreign(path)
    assert isinstance(row, Foreign), row
    ids = shape not in NO_IDS
    assert plain(row.messages, ids) == plain(tuple(talk), ids)
    # Without any call, such a row is no different from plain chat.
    assert row.format in (form, "chat" if form == "anthropic" else form)
    assert len(row.places) == len(row.call_places) == len(row.messages)
    assert not ids or row.repaired == 0


@pytest.mark.parametrize("shape", FILES)
@given(data=st.data())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_whatever_is_wrong_in_a_row_its_neighbours_are_read(tmp_path: Path, shape: str, data: st.DataObject) -> None:
    _, write = FILES[shape]
    row = write(data.draw(talks(2 if shape not in ONE_CALL else 1, False, by_user=False)))
    good = {"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "Hello."}]}
    bad = damaged(row, data)
    path = tmp_path / "file.jsonl"
    path.write_text("\n".join(json.dumps(one) for one in (good, bad, good)))
    found = list(read_foreign(path))
    assert isinstance(found[0], Foreign)
    assert isinstance(found[-1], Foreign)
    for one in found:
        if isinstance(one, Foreign):
            domain, _ = domain_for(one, None, ())
            assert check_row(one, domain, "names").messages == len(one.messages)


def damaged(value: Any, data: st.DataObject) -> Any:
    """A value with another one somewhere in it, or something left out."""
    if not isinstance(value, dict | list) or not value or data.draw(st.integers(0, 5)) == 0:
        return data.draw(leaves)
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    key = data.draw(st.sampled_from(keys))
    copied = dict(value) if isinstance(value, dict) else list(value)
    if data.draw(st.integers(0, 9)) == 0:
        del copied[key]
    else:
        copied[key] = damaged(copied[key], data)
    return copied


roles = st.sampled_from(["assistant", "user", "tool", "human", "gpt", "function_call", "message", "tool_use"])
leaves = st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3) | roles
keys = st.sampled_from(
    [
        "role",
        "content",
        "tool_calls",
        "function",
        "name",
        "arguments",
        "id",
        "from",
        "value",
        "type",
        "text",
        "traj",
        "messages",
        "samples",
        "simulations",
        "info",
        "input",
        "output",
        "prompt",
        "completion",
        "items",
        "conversations",
        "tasks",
        "reward_info",
        "action_checks",
        "run_info",
        "scores",
        "limit",
        "function_call",
        "call_id",
        "tool_messages",
        "attachments",
        "evaluation_criteria",
        "epoch",
        "target",
    ]
)
anything = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4), max_leaves=14
)


@given(anything)
@settings(max_examples=300, deadline=None)
def test_whatever_a_row_is_it_is_read_or_named(row: Any) -> None:
    try:
        found = read_row(row, "row")
    except UnreadableRowError:
        return
    domain, _ = domain_for(found, None, ())
    assert check_row(found, domain, "names").messages == len(found.messages)


@given(anything | st.lists(anything, max_size=3))
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_whatever_a_file_is_it_is_read_or_refused(tmp_path: Path, content: Any) -> None:
    path = tmp_path / "file.json"
    path.write_text(json.dumps(content))
    with suppress(InputError):
        assert all(isinstance(row, Foreign | BadRow) for row in read_foreign(path))


@given(st.binary(max_size=40) | st.binary(max_size=30).map(lambda tail: b'{"messages": [' + tail))
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_whatever_the_bytes_are_they_are_read_or_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file.json"
    path.write_bytes(content)
    with suppress(InputError):
        assert all(isinstance(row, Foreign | BadRow) for row in read_foreign(path))
