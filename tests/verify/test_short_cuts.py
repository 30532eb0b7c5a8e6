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
from writ_async.verify.confirming.naming import Record, parts_of
from writ_async.verify.confirming.one_by_one import told_apart
from writ_async.verify.confirming.patterns import Worded, pattern
from writ_async.verify.confirming.picks import spelled_out
from writ_async.verify.confirming.reply_options import answered_by, is_bare, reply_options
from writ_async.verify.confirming.wording import has_any, phrase_of, plain_words, words_of, words_of_lines
from writ_async.verify.provenance import Seen, atoms, leaves, numbers_in
from writ_async.verify.spoken import Spoken

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
REPORTING = (
    *("has", "have", "had", "I've", "it's", "was", "were", "is", "are", "now", "already", "been", "cancelled", "both"),
    *("successfully", "done", "completed", "reads", "ships", "also", "chased", "'s", "'ve"),
)
NUMBERS = st.sampled_from(
    ("1,024", "1024", "1,024.50", "7", "12", "W12", "12-7", "3.5", " ", ", ", "$", "é", "1,02", "20", "-", "x")
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
def test_words_of_lines_are_those_of_each_line(pieces: list[str]) -> None:
    text = "".join(pieces)
    assert words_of_lines(text) == [plain_words(line) for line in text.split("\n")]


@given(PIECES)
def test_a_phrase_is_the_words_of_a_value(pieces: list[str]) -> None:
    text = "".join(pieces)
    assert phrase_of(text) == words_of(text)


@given(st.lists(st.sampled_from((*REPORTING, " ", " ", "-", "\n")), max_size=12))
def test_what_reports_is_found_by_its_words_as_by_its_pattern(pieces: list[str]) -> None:
    text = "".join(pieces)
    assert Worded("REPORTS").is_in(text) == (pattern("REPORTS").search(text) is not None)


@given(
    st.lists(st.sampled_from(("Yes", "no", "ok", "please", "proceed", "y", "thanks", "a", "1", "first")), max_size=5)
)
def test_an_answer_of_bare_words_takes_no_option(words: list[str]) -> None:
    options = reply_options("Reply YES to confirm, A to keep it, 1 to wait, or PROCEED to go on.")
    offered = {"1": "keep the lamp", "2": "return the lamp"}
    for answer in (" ".join(words), f"{', '.join(words)}."):
        if is_bare(answer):
            assert answered_by(answer, options) == spelled_out(told_apart(answer), offered) == answer


@given(st.lists(st.lists(NUMBERS, max_size=4), max_size=6), NUMBERS)
def test_a_number_is_seen_where_a_text_tells_it(texts: list[list[str]], wanted: str) -> None:
    seen = Seen()
    said = ["".join(pieces) for pieces in texts]
    for place, text in enumerate(said):
        seen.add(text) if place % 2 else seen.add_spoken(Spoken(text))
        assert seen.has_text(text)
        for value in numbers_in(wanted):
            told = any(value in numbers_in(one.casefold()) for one in said[: place + 1])
            assert seen.has_number(value) == told, (value, said)


@given(st.lists(st.sampled_from(("Lamp", "Tea Pot", "Tea", "Bus", "Ox", "Big Red Lamp", "")), max_size=4), PIECES)
def test_a_part_is_in_words_that_have_one_of_its_forms(names: list[str], pieces: list[str]) -> None:
    items = [{"name": name, "item_id": f"{place}77"} for place, name in enumerate(names)]
    for part in parts_of(Record("r", {"items": items})):
        for name in (*names, *(f"{name}s" for name in names), "teapot", "077"):
            words = words_of(f"the {name} {''.join(pieces)}")
            assert part.is_in(words) == has_any(words, part.forms)


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
