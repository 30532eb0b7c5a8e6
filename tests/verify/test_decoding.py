"""Results are decoded once, and what is no JSON is nothing."""

from __future__ import annotations

import pytest

from writ_async.verify.decoding import decoded


def test_a_result_is_decoded_once_for_all_who_ask() -> None:
    text = '{"order_id": "#W1", "items": [{"name": "Lamp"}]}'
    assert decoded(text) is decoded(str(text))
    assert decoded(text)["items"] == [{"name": "Lamp"}]


@pytest.mark.parametrize("text", ["", "done", "{", '{"a": }', "\ud800", '"\ud800"', "[" * 100_000])
def test_what_is_no_json_is_none(text: str) -> None:
    assert decoded(text) is None
