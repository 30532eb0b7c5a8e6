"""What the page does with texts before it shows them, held against the same in Python."""

from __future__ import annotations

import json
from itertools import takewhile
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.page_scripts import in_node, needs_node
from writ_async.cli.terminal import visible

pytestmark = needs_node

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


def test_unseen_characters_are_spelled_as_in_the_terminal() -> None:
    drawn: list[str] = ["\x1b[2J\x9b\u202e\u2028\ufeff\U000e0041 é\U0001f642\n\tx"]

    @given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
    def draw(text: str) -> None:
        drawn.append(text)

    draw()
    drawn += [chr(code) for code in range(0x2100) if not 0xD800 <= code < 0xE000]
    assert in_node(["dom.js"], "return given.map(writ.visible)", drawn) == [visible(text) for text in drawn]


def test_json_is_laid_out_and_no_character_of_it_changed() -> None:
    drawn: list[str] = ['{"id": 12345678901234567890, "price": 1.50, "s": "a, {b}: \\"c\\" \\u00e9"}']

    @settings(max_examples=200)
    @given(VALUES, st.sampled_from([None, 1]), st.booleans())
    def draw(value: Any, indent: int | None, ascii_only: bool) -> None:
        drawn.append(json.dumps(value, indent=indent, ensure_ascii=ascii_only))

    draw()
    drawn += ["no json", '{"a": ', "", "Error: {x}"]
    for text, shown in zip(drawn, in_node(["dom.js"], "return given.map(writ.pretty)", drawn), strict=True):
        if text[:1] not in ("{", "["):
            assert shown == text
            continue
        assert _bare(shown) == _bare(text)
        if text.startswith("{") and len(text) > 2 and text != '{"a": ':
            assert "\n" in shown


def _bare(text: str) -> str:
    """A JSON text without the blanks between its tokens."""
    bare, inside, escaped = [], False, False
    for character in text:
        if inside or not character.isspace():
            bare.append(character)
        if inside and not escaped and character == '"':
            inside = False
        elif not inside and character == '"':
            inside = True
        escaped = inside and not escaped and character == "\\"
    return "".join(bare)


def test_two_conversations_part_at_the_first_message_that_differs() -> None:
    pairs: list[tuple[list[str], list[str]]] = []

    @given(st.lists(st.sampled_from("ab"), max_size=6), st.lists(st.sampled_from("ab"), max_size=6))
    def draw(one: list[str], other: list[str]) -> None:
        pairs.append((one, other))

    draw()
    body = """
    const calls = (result) => [{ name: "look", arguments: "{}", result, number: 0 }];
    const message = (text) => ({ role: "agent", text, calls: calls(text) });
    return given.map(([one, other]) => writ.compare.alike(one.map(message), other.map(message)));
    """
    found = in_node(["dom.js", "talk.js", "compare.js"], body, pairs)
    assert found == [
        sum(1 for _ in takewhile(lambda two: two[0] == two[1], zip(one, other, strict=False))) for one, other in pairs
    ]
