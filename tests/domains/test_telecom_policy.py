"""The carrier's policy as rules, and its texts held against the tools that there are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import writ_domains.telecom
from writ_domains.telecom import DOMAIN
from writ_domains.telecom.world import generate

from writ_async.core.acting import act, open_state
from writ_async.core.domain import why_forbidden
from writ_async.core.state import State
from writ_async.core.task import EnvCall, InitialState

WORLD = generate(3, 200)
TABLES = WORLD.tables
FOLDER = Path(writ_domains.telecom.__file__).parent


def lines_that_are(status: str) -> list[tuple[str, str]]:
    """Customers and lines of theirs in a status."""
    return [
        (customer_id, line_id)
        for customer_id, customer in TABLES["customers"].items()
        for line_id in customer.line_ids
        if TABLES["lines"][line_id].status == status
    ]


def why(name: str, state: State | None = None, said: dict[str, Any] | None = None, **arguments: Any) -> str:
    return why_forbidden(DOMAIN, state or State(WORLD), name, arguments, said)


def test_a_line_comes_back_when_nothing_is_owed_and_its_contract_goes_on() -> None:
    reasons = set()
    for customer_id, line_id in lines_that_are("Suspended"):
        owed = [bill for bill in TABLES["customers"][customer_id].bill_ids if TABLES["bills"][bill].status == "Overdue"]
        ended = TABLES["lines"][line_id].contract_end_date < "2025-02-25"
        found = why("resume_line", customer_id=customer_id, line_id=line_id)
        assert bool(found) == bool(owed or ended)
        reasons.add(re.sub(r"[LB]\d+|\d{4}-\d\d-\d\d", "X", found))
    assert reasons == {"", "bill X is not paid yet", "the contract of line X ended on X"}
    customer_id, line_id = lines_that_are("Active")[0]
    assert "not suspended" in why("resume_line", customer_id=customer_id, line_id=line_id)


def test_only_an_overdue_bill_is_paid_and_one_at_a_time() -> None:
    for bill_id, bill in TABLES["bills"].items():
        found = why("send_payment_request", customer_id=bill.customer_id, bill_id=bill_id)
        assert (found == "") == (bill.status == "Overdue")
    customer_id, line_id = next(
        pair
        for pair in lines_that_are("Active")
        if not any(TABLES["bills"][bill].status == "Overdue" for bill in TABLES["customers"][pair[0]].bill_ids)
    )
    debt: dict[str, Any] = {
        "customer_id": customer_id,
        "line_id": line_id,
        "new_bill_id": "B7",
        "contract_ended": False,
    }
    state = open_state(
        InitialState(calls=(EnvCall("assistant", "suspend_line_for_overdue_bill", debt),)), DOMAIN, WORLD
    )
    request: dict[str, Any] = {"customer_id": customer_id, "bill_id": "B7"}
    assert why("send_payment_request", state, **request) == ""
    assert not act(DOMAIN, state, "send_payment_request", request).error
    assert why("send_payment_request", state, **request) == "bill B7 is Awaiting Payment, not overdue"
    assert why("resume_line", state, customer_id=customer_id, line_id=line_id) == "bill B7 is not paid yet"


@pytest.mark.parametrize(("amount", "allowed"), [(0.5, True), (2.0, True), (2.01, False)])
def test_no_line_gets_more_than_two_gigabytes_in_a_cycle(amount: float, allowed: bool) -> None:
    customer_id, line_id = lines_that_are("Active")[0]
    given: dict[str, Any] = {"customer_id": customer_id, "line_id": line_id}
    assert (why("refuel_data", **given, gb_amount=amount) == "") is allowed
    state = State(WORLD)
    act(DOMAIN, state, "refuel_data", {**given, "gb_amount": 1.5})
    assert (why("refuel_data", state, **given, gb_amount=amount) == "") is (amount <= 0.5)


def test_another_customers_line_and_account_are_left_alone() -> None:
    (customer_id, line_id), (other_id, other_line) = [
        next(pair for pair in lines_that_are("Active") if pair[0] != avoided)
        for avoided in ("", lines_that_are("Active")[0][0])
    ]
    assert "another customer's" in why("enable_roaming", customer_id=customer_id, line_id=other_line)
    number = TABLES["lines"][line_id].phone_number
    said = {"who": {"phone_number": number}}
    assert why("enable_roaming", None, said, customer_id=customer_id, line_id=line_id) == ""
    assert "another customer's" in why("enable_roaming", None, said, customer_id=other_id, line_id=other_line)
    assert why("enable_roaming", customer_id="C0", line_id=line_id) == "there is no such customer"


@pytest.mark.parametrize("name", ["policy.md", "manual.md", "workflow.md"])
def test_the_texts_name_tools_that_there_are(name: str) -> None:
    text = (FOLDER / name).read_text(encoding="utf-8")
    called = {word for word in re.findall(r"`([a-z_]+)`", text) if "_" in word}
    assert called
    assert called - DOMAIN.tools.keys() - DOMAIN.user_tools.keys() == set()


def test_the_manual_names_all_that_the_phone_can_do() -> None:
    text = (FOLDER / "manual.md").read_text(encoding="utf-8")
    assert {name for name in DOMAIN.user_tools if f"`{name}`" not in text} == set()
