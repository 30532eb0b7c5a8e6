import re

from hypothesis import given
from hypothesis import strategies as st

from writ_async.verify.claims import clauses
from writ_async.verify.claims.clauses import clause_around, clause_left_of, has_block, is_blocked
from writ_async.verify.claims.said import Sentence

_WORDS = st.sampled_from(
    (
        *(
            "i",
            "have",
            "refunded",
            "and",
            "and i",
            ", and",
            "but",
            "because",
            "so",
            "it's",
            "that has",
            "not",
            "cannot",
        ),
        *("assuming", "confirm", "the", ";", ":", "(", ")", ",", ".", "'", "n't", "i'd", "we'll", "nothing", "expect"),
    )
)
_TEXTS = st.lists(_WORDS, max_size=120).map(" ".join)


@given(_TEXTS, st.integers(0, 900))
def test_what_blocks_a_statement_is_what_stands_before_it_in_its_clause(text: str, place: int) -> None:
    sentence, end = Sentence(text, 0, len(text)), min(place, len(text))
    assert is_blocked(sentence, end) == has_block(clause_left_of(text[:end]))


@given(_TEXTS, st.integers(0, 900), st.integers(0, 9))
def test_a_clause_in_a_long_sentence_is_cut_as_if_it_were_alone(text: str, place: int, size: int) -> None:
    start = min(place, len(text))
    end = min(start + size, len(text))
    first = start
    if start < end:
        plain = text[:start].replace(")", " ")  # Brackets are left out of what stands before alone.
        first = start - len(clause_left_of(plain))
    after = re.compile(clauses._CLAUSE.pattern).search(text, end)
    expected = text[first : after.start() if after else len(text)]
    assert clause_around(Sentence(text, 0, len(text)), start, end) == expected
