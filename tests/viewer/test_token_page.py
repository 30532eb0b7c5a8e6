"""A seat's tokens as they are shown: what ids say, and why they say nothing where that cannot be known."""

from __future__ import annotations

from pathlib import Path

from bench.models.folders import write_family
from writ_async.chat.tokenizer import load_tokenizer
from writ_async.core.trajectory import TokenSequence
from writ_async.viewer.token_page import token_page


def test_each_id_says_its_part_of_the_text(tmp_path: Path) -> None:
    model = write_family(tmp_path / "model", "qwen3-instruct-2507")
    ids = tuple(load_tokenizer(model).encode("May I have the order number, please?"))
    page = token_page(TokenSequence(ids, ((2, len(ids)),)), str(model))
    assert "".join(page.texts) == "May I have the order number, please?"
    assert len(page.texts) == len(ids)
    assert page.note == ""


def test_ids_stand_alone_where_no_tokenizer_is(tmp_path: Path) -> None:
    tokens = TokenSequence((1, 2))
    for folder in ("", "some/model-name", str(tmp_path)):
        page = token_page(tokens, folder)
        assert (page.texts, page.note.startswith("ids alone")) == ((), True)


def test_an_id_beyond_the_vocabulary_costs_no_page(tmp_path: Path) -> None:
    model = write_family(tmp_path / "model", "qwen3-instruct-2507")
    page = token_page(TokenSequence((5, 10_000_000)), str(model))
    assert page.ids == (5, 10_000_000)
    assert len(page.texts) in (0, 2)
