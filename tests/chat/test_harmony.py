"""Harmony's messages are found at their headers, and a long text that has none is read once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from writ_async.chat import harmony
from writ_async.chat.completion import parser_of

MARKS = ("<|channel|>", "<|message|>", "<|start|>", "<|end|>", "<|call|>", "analysis", "final", " to=functions.f ", "a")


@given(st.lists(st.sampled_from(MARKS), min_size=1, max_size=12).map("".join))
def test_what_stands_before_a_header_is_said_as_by_a_pattern_that_begins_anywhere(text: str) -> None:
    parts = harmony.split_harmony(text, {}, [])
    header = harmony._HEADER.search(text)
    starts = header is not None and "<|start|>" in text[: header.end()]
    before = text[: text.find("<|start|>")] if starts else text
    if (header is None or header.start() > 0) and before.strip():
        assert parts.before[0] == before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (broken := "<|channel|>analysis<|messag" + "ß" * 400_000 + "<|end|>json<|message|>{}", broken),
        ("<|channel|>final<|message|>So.<|end|>" + "<param" * 60_000, "So.\n" + "<param" * 60_000),
        (starts := "<|start|>" * 50_000 + "<|message|>", starts),
    ],
    ids=["header breaks off", "no header follows", "headers without an end"],
)
def test_a_long_text_without_headers_is_read_once(text: str, said: str) -> None:
    # A header that is looked for at every character takes half an hour for the first of these.
    assert parser_of("harmony")(text, 0).message.content == said
