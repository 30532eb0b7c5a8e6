"""The carrier's policy as rules, each of which stands once. They mirror `policy.md`.

A rule looks things up through a `View`, which the customer of a goal can be, who records every read, and which
`StateView` makes of a state. What it gives is why something is forbidden, or an empty text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from writ_async.core.state import State
from writ_async.core.tool import ToolError
from writ_domains.telecom import lookups
from writ_domains.telecom.schema import TODAY, Bill, Customer, Line

MOST_REFUELLED: Final = 2.0
"""How many gigabytes a line may be given in a cycle beyond its plan."""
_NOT_THEIRS: Final = "the line or bill is another customer's"
_AWAITING: Final = "Awaiting Payment"


class View(Protocol):
    """The customer who asks, and what can be looked up for them."""

    @property
    def customer(self) -> Customer:
        """The customer's profile."""

    def line(self, line_id: str) -> Line | None:
        """A line, whosever it is."""

    def bills(self) -> Sequence[Bill]:
        """The customer's bills."""


class StateView:
    """A customer as a state shows them."""

    def __init__(self, state: State, customer: Customer) -> None:
        self._state = state
        self.customer = customer

    def line(self, line_id: str) -> Line | None:
        """A line, whosever it is."""
        found: Line | None = self._state.get("lines", line_id)
        return found

    def bills(self) -> Sequence[Bill]:
        """The customer's bills."""
        return tuple(lookups.bills_of(self._state, self.customer))


def why_forbidden(state: State, name: str, arguments: Mapping[str, Any], said: Mapping[str, Any]) -> str:
    """Why the policy forbids a write in this state to the customer who `said` who they are, or an empty text."""
    customer: Customer | None = state.get("customers", arguments.get("customer_id", ""))
    if customer is None:
        return "there is no such customer"
    number = said.get("who", {}).get("phone_number")
    if number is not None and _owner_of(state, number) != customer.customer_id:
        return "the account is another customer's"
    return why_write_forbidden(StateView(state, customer), name, arguments)


def _owner_of(state: State, number: str) -> str:
    try:
        return lookups.find_by_phone(state, number).customer_id
    except ToolError:
        return ""


def why_write_forbidden(view: View, name: str, arguments: Mapping[str, Any]) -> str:
    """Why the policy forbids a write to a customer."""
    if name == "send_payment_request":
        return _why_not_paid(view, arguments["bill_id"])
    if arguments["line_id"] not in view.customer.line_ids:
        return _NOT_THEIRS
    line = view.line(arguments["line_id"])
    if line is None:
        return "there is no such line"
    if name == "resume_line":
        return _why_not_resumed(view, line)
    if name == "suspend_line":
        return "" if line.status == "Active" else f"line {line.line_id} is {line.status}, not active"
    if name == "refuel_data" and line.data_refueling_gb + arguments["gb_amount"] > MOST_REFUELLED:
        return f"a line gets {MOST_REFUELLED:g} GB more in a cycle at most"
    return ""


def _why_not_paid(view: View, bill_id: str) -> str:
    bills = {bill.bill_id: bill for bill in view.bills()}
    if bill_id not in bills:
        return _NOT_THEIRS
    if bills[bill_id].status != "Overdue":
        return f"bill {bill_id} is {bills[bill_id].status}, not overdue"
    waiting = [one.bill_id for one in bills.values() if one.status == _AWAITING]
    return f"bill {waiting[0]} awaits payment already" if waiting else ""


def _why_not_resumed(view: View, line: Line) -> str:
    if line.status != "Suspended":
        return f"line {line.line_id} is {line.status}, not suspended"
    if line.contract_end_date is not None and line.contract_end_date < TODAY:
        return f"the contract of line {line.line_id} ended on {line.contract_end_date}"
    owed = [bill.bill_id for bill in view.bills() if bill.status in ("Overdue", _AWAITING)]
    return f"bill {owed[0]} is not paid yet" if owed else ""
