"""Reads that a policy asks for before a write are missed on every conversation, whatever its task."""

from __future__ import annotations

from typing import Any

import pytest

from tests.verify.test_following import Turn, talk
from writ_async.core.domain import Domain
from writ_async.core.message import Message
from writ_async.core.task import Scenario, Task, WorldRef
from writ_async.verify.evidence import write_evidence

FOUND = ("find_user_id_by_email", {"email": "ada@example.com"}, "ada_quill_1")
ORDER = ("get_order_details", {"order_id": "#W1000001"}, {"order_id": "#W1000001", "items": [{"item_id": "1001"}]})
PRODUCT: Turn = ("get_product_details", {"product_id": "90"}, {"variants": {"1001": {}, "1002": {}}})
SWAP = ("exchange_delivered_order_items", {"order_id": "#W1000001", "item_ids": ["1001"], "new_item_ids": ["1002"],
        "payment_method_id": "paypal_1"}, {"order_id": "#W1000001"})  # fmt: skip
MOVE = ("modify_pending_order_address", {"order_id": "#W1000001", "address1": "1 Quay", "address2": "", "city": "Bath",
        "state": "ME", "country": "USA", "zip": "04530"}, {"order_id": "#W1000001"})  # fmt: skip


def missing(domain: Domain, *turns: Any) -> list[list[str]]:
    task = Task(
        id="x", domain=domain.name, kind="benchmark", world=WorldRef(domain.name), scenario=Scenario(""), actions=None
    )
    messages: list[Message] = talk("I am ada@example.com", *turns)
    return [list(write.missing) for write in write_evidence(task, messages, domain)]


def test_a_swap_after_all_its_reads_misses_nothing(retail: Domain) -> None:
    assert missing(retail, FOUND, ORDER, PRODUCT, SWAP) == [[]]


@pytest.mark.parametrize(
    ("reads", "what"),
    [
        ((ORDER, PRODUCT), "who the customer is"),
        ((FOUND, PRODUCT), "the order '#W1000001'"),
        ((FOUND, ORDER), "the product of the new item '1002'"),
    ],
)
def test_each_read_that_the_policy_asks_for_is_missed_by_name(
    retail: Domain, reads: tuple[Any, ...], what: str
) -> None:
    ((told,),) = missing(retail, *reads, SWAP)
    assert told.startswith(f"reading {what} (")


def test_a_read_that_failed_shows_nothing_and_one_of_another_record_is_another(retail: Domain) -> None:
    other = ("get_order_details", {"order_id": "#W1000002"}, {"order_id": "#W1000002"})
    ((told,),) = missing(retail, FOUND, other, MOVE)
    assert "'#W1000001'" in told


def test_a_write_shows_what_it_wrote_to(retail: Domain) -> None:
    assert missing(retail, FOUND, ORDER, MOVE, MOVE) == [[], []]
    first, second = missing(retail, FOUND, MOVE, MOVE)
    assert (len(first), second) == (1, [])


def test_a_booking_needs_the_profile_and_a_change_the_reservation(airline: Domain) -> None:
    cancel = ("cancel_reservation", {"reservation_id": "AB12CD"}, "ok")
    read = ("get_reservation_details", {"reservation_id": "AB12CD"}, {"reservation_id": "AB12CD"})
    assert missing(airline, read, cancel) == [[]]
    ((told,),) = missing(airline, cancel)
    assert told == "reading the reservation 'AB12CD' (get_reservation_details)"
