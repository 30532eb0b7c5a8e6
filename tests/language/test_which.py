"""Whether a message has the other side choose among several things, in words that nobody here speaks by script."""

from __future__ import annotations

import doctest
import gzip
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.support.shared_data import SHARED, needs_shared
from writ_async.language import which
from writ_async.language.which import puts_choice

ORDER = ("order",)
HEADSET = ("Gaming Headset", "item")
TRIP = ("trip", "reservation", "booking", "flight")

CHOICES = [
    ("Could you confirm which headset (silver or gold) you would like to return?", HEADSET),
    ("I found two headsets in that order. I'd take the blue one, ok?", HEADSET),
    ("You have two recent orders with a tablet. Could you let me know which order you'd like to cancel?", ORDER),
    ("Could you please specify if the chair is in order #W2890441 or in the other one?", ORDER),
    ("There's a black headset and a white one. Do you want both, or just one?", HEADSET),
    ("I see 2 gaming headsets: 111 and 222. Shall I go ahead with 111?", HEADSET),
    ("Which reservation would you like to change?", TRIP),
    ("You have more than one booking to Boston. Is it the one on May 20?", TRIP),
    ("Two flights to Boston are on your account, on May 20 and on May 22. Which?", TRIP),
    ("Both orders are still pending. Should I cancel only one of them, and which?", ORDER),
    ("Several of your trips go there, ABC123 and XYZ789. Please tell me which of these you mean.", TRIP),
    ("Would you like me to return the first one or the second?", HEADSET),
    ("Is it about one of these or all of them?", TRIP),
    ("I can cancel either of those. Let me know which one!", ORDER),
]
NO_CHOICES = [
    ("I am going to return item 111 to your PayPal account. Shall I proceed?", HEADSET),
    ("Which email address is on your account?", ORDER),
    ("Which payment method would you like to use for the difference?", HEADSET),
    ("What is the reason for the cancellation: no longer needed, or ordered by mistake?", ORDER),
    ("I would cancel order #W1234567 because it is no longer needed. Do you confirm (yes/no)?", ORDER),
    ("Please note that items can be exchanged only once. Do you want to go ahead?", HEADSET),
    ("I have cancelled one of your orders. Is there anything else I can do for you?", ORDER),
    ("I see two orders on your account.", ORDER),
    ("The reservation ABC123, which leaves on May 20, would be cancelled. Is that right?", TRIP),
    ("Could you give me your reservation number?", TRIP),
    ("Do you want to add 2 bags to reservation ABC123 for $50 each?", TRIP),
    ("Would you like the refund on your credit card or on your gift card?", HEADSET),
]


class Label(msgspec.Struct, frozen=True):
    """The place of a line of a real agent, and whether a reader says that it has the customer choose among what is
    theirs: orders, items in one, or trips.
    """

    file: str
    conversation: int
    message: int
    choice: bool


LABELS = [
    msgspec.json.decode(line, type=Label)
    for line in Path(__file__).with_name("real_choices.jsonl").read_bytes().splitlines()
]


@lru_cache(maxsize=32)
def conversations(file: str) -> list[list[dict[str, Any]]]:
    assert SHARED is not None
    found = json.loads(gzip.decompress((SHARED / "real" / file).read_bytes()))
    return [row["messages"] for row in found["simulations"]] if isinstance(found, dict) else [r["traj"] for r in found]


def hears_choice(label: Label) -> bool:
    text = conversations(label.file)[label.conversation][label.message]["content"]
    return puts_choice(text, TRIP if "airline" in label.file else ("order", "item"))


@needs_shared
def test_lines_of_real_agents_put_a_choice_where_a_reader_says_so() -> None:
    put = [label for label in LABELS if label.choice]
    assert len(put) >= 25
    assert [label for label in put if not hears_choice(label)] == []


@needs_shared
def test_other_lines_of_real_agents_mostly_put_none() -> None:
    """What is left are offers of versions to swap something for, which ask for "one of them" as well."""
    others = [label for label in LABELS if not label.choice]
    assert len(others) >= 35
    assert sum(map(hears_choice, others)) <= 0.15 * len(others)


@pytest.mark.parametrize(("said", "nouns"), CHOICES)
def test_a_choice_is_put(said: str, nouns: tuple[str, ...]) -> None:
    assert puts_choice(said, nouns)


@pytest.mark.parametrize(("said", "nouns"), NO_CHOICES)
def test_a_question_for_something_else_puts_no_choice(said: str, nouns: tuple[str, ...]) -> None:
    assert not puts_choice(said, nouns)


def test_the_examples_hold() -> None:
    assert doctest.testmod(which).failed == 0
