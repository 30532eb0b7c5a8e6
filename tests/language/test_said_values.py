"""Values are heard in the forms in which people write them, and not in the digits or words of something else."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.shared_data import SHARED, needs_shared
from writ_async.language.said_values import says

SAID = [
    ("1024.5", "It comes to $1,024.50."),
    ("1024.5", "That is 1024.5 dollars in all"),
    ("1024.5", "1,024 dollars and 50 cents"),
    ("12.5", "You paid 12.50. Anything else?"),
    ("40", "You get back -$40."),
    ("40", "40 USD"),
    ("2", "There are two of them."),
    ("24", "We have twenty-four versions"),
    ("105", "One hundred and five."),
    ("2040", "two thousand and forty"),
    ("1", "There is just one version in stock."),
    ("0", "You have no free bags on it."),
    ("3", "On May 20, 3 bags are free."),
    ("2024-05-20", "You leave on May 20th."),
    ("17:00", "at 5 pm"),
    ("8 inches", "It's an 8-inch skillet."),
    ("2-4", "It is for 2 to 4 players."),
    ("4x6", "The format is 4 x 6."),
    ("USB-C", "It connects by USB-C."),
    ("basic economy", "**Basic Economy**"),
    ("cancelled", "It was canceled by the airline."),
    ("delivered", "It is not pending but delivered."),
    ("123456789012", "Your tracking number: 1234 5678 9012."),
    ("327", '{"total":327}'),
    ("105", "It comes to $105. May I help you with more?"),
    ("25", "There are 25. May I help you with more?"),
]
NOT_SAID = [
    ("1024.5", "order 11024.5"),
    ("1024.5", "$11,024.50"),
    ("24", "$1,024"),
    ("50", "12.50"),
    ("2", "There are 12 of them."),
    ("2", "On 2 May we open."),
    ("2", "On 2. May we open."),
    ("2", "at 2 pm"),
    ("2", "2. It has a red lid."),
    ("1", "I like that one."),
    ("1", "One moment, please."),
    ("5", "the 5-inch model"),
    ("4", "order #4"),
    ("4", "4% off"),
    ("7", "in 5-7 business days"),
    ("0", "No problem!"),
    ("20", "2024-05-20"),
    ("delivered", "It is not yet delivered."),
    ("red", "It was credited."),
    ("123456789012", "91234567890123"),
]


@pytest.mark.parametrize(("value", "text"), SAID)
def test_a_value_is_heard(value: str, text: str) -> None:
    assert says(value, text)


@pytest.mark.parametrize(("value", "text"), NOT_SAID)
def test_another_value_is_not_taken_for_it(value: str, text: str) -> None:
    assert not says(value, text)


@given(st.integers(1, 9_999_999))
def test_an_amount_is_heard_with_its_commas_and_not_in_a_larger_one(cents: int) -> None:
    value = f"{cents / 100:.2f}".rstrip("0").rstrip(".")
    assert says(value, f"It is ${cents / 100:,.2f} in all.")
    assert not says(value, f"It is ${(cents + 10_000_000) / 100:,.2f} in all.")
    assert not says(value, f"Order #W{cents / 100:.2f}")


def _recorded() -> Iterator[tuple[str, list[str], bool]]:
    """What a benchmark asked agents to tell, the agent's messages, and whether it took it for told."""
    assert SHARED is not None
    for path in sorted((SHARED / "real").glob("tau2_*.json.gz")):
        simulations: list[dict[str, Any]] = json.loads(gzip.decompress(path.read_bytes())).get("simulations", [])
        for row in simulations:
            said = [one["content"] for one in row["messages"] if one["role"] == "assistant" and one.get("content")]
            for check in (row.get("reward_info") or {}).get("communicate_checks") or ():
                yield str(check["info"]), said, bool(check["met"])


@needs_shared
def test_what_real_agents_told_is_heard_and_nothing_else() -> None:
    found = list(_recorded())
    assert len(found) > 100
    differ = [(value, met) for value, said, met in found if any(says(value, text) for text in said) != met]
    assert differ == []
