"""What is told from letters, in one go or from the end is what a plain look at the whole text tells."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from writ_async.core.message import ToolMessage
from writ_async.language.sentences import sentences_from_end, sentences_in
from writ_async.registry import load_domain
from writ_async.verify.claims.ground import Ground
from writ_async.verify.claims.said import Said, Sentence
from writ_async.verify.confirming.wording import plain_words
from writ_async.verify.provenance import atoms, leaves

TOKEN = re.compile(r"\d+(?:\.\d+)?|[^\W\d_]+")
PIECES = st.lists(
    st.sampled_from(
        (
            *(
                "#W1234567",
                "w12",
                "1.50",
                "1,234.00",
                "5.",
                ".5",
                "1.2.3",
                "T-Shirt's",
                "e.g.",
                "no. 7",
                "Dr. Lee",
                "-",
            ),
            *(
                "credit_card_9",
                "ABCDEF",
                "K\u212aELVIN",
                "é1",
                "you said",
                "such as",
                "the user",
                "\n",
                "\n- ",
                "? ",
                "! ",
            ),
            *(" ", ", ", " - ", ";", '"', ")", "…", "“", "a", "'s "),
        )
    ),
    max_size=14,
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
)


@given(PIECES)
def test_words_are_cut_as_tokens_are_found_one_by_one(pieces: list[str]) -> None:
    text = "".join(pieces).replace("'", "").replace(",", " ").lower()
    tokens = [
        re.sub(r"(\.\d*?)0+$", r"\1", token).rstrip(".") if "." in token else token for token in TOKEN.findall(text)
    ]
    assert plain_words(text) == f" {' '.join(tokens)} "


@given(PIECES)
def test_sentences_from_the_end_are_the_sentences_turned_round(pieces: list[str]) -> None:
    text = "".join(pieces)
    assert tuple(sentences_from_end(text)) == sentences_in(text)[::-1]


@given(JSON)
def test_leaves_are_the_values_of_atoms(value: Any) -> None:
    assert leaves(value) == [leaf for _, leaf in atoms(value)]


@given(PIECES, st.data())
def test_ids_of_a_part_are_what_is_found_in_the_part_alone(pieces: list[str], data: st.DataObject) -> None:
    said = Said("".join(pieces))
    ground = Ground(load_domain("retail"))
    ground.show(None, ToolMessage("1", '{"order_id": "#W1234567", "code": "ABCDEF", "card": "credit_card_9"}'))
    start, end = sorted(data.draw(st.integers(0, len(said.plain))) for _ in range(2))
    by_themselves = [
        (match.start(), match[0])
        for match in re.compile(r"(?<![a-z0-9_-])[a-z0-9_-]{5,40}(?![a-z0-9_-])").finditer(said.plain, start, end)
        if (not match[0].isalpha() or said.text[match.start() : match.end()].isupper()) and match[0] in ground.shown
    ]
    assert [(found.start, found.name) for found in ground.ids_in(said, start, end)] == by_themselves


@given(PIECES)
def test_examples_and_what_was_said_again_are_told_as_their_patterns_tell(pieces: list[str]) -> None:
    text = "".join(pieces).lower()
    sentence = Sentence(text, 0, len(text))
    example = r"\be\.?g\b|\bi\.e\b|\bfor (?:example|instance)\b|\bsuch as\b|\bexample|\bformat|\bstarts? with\b"
    again = r"^\W*(?:the )?(?:user|customer)\b|^\W{0,3}\"i\b|\baccording to you\b|\byou said"
    assert sentence.is_example() == (re.search(example, text) is not None)
    assert sentence.is_told() == (re.search(again, text) is not None)
