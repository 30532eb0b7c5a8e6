"""Charges and bills that come about in a conversation."""

from __future__ import annotations

from typing import Final

import msgspec

from writ_async.core.state import State
from writ_domains.telecom import lookups
from writ_domains.telecom.schema import TODAY, Bill, Customer, LineItem

_NEXT_MONTH: Final = ("2025-03-01", "2025-03-31")
_NEXT_DUE: Final = "2025-03-15"
"""When the month after the running one begins and ends, and when its bill is due; it is issued on the first day."""


def charge_next_bill(state: State, customer_id: str, amount: float, description: str) -> None:
    """Put a charge (a credit where it is negative), in dollars, on a customer's draft; without one, one is begun."""
    customer = lookups.get_customer(state, customer_id)
    draft = lookups.first_bill(state, customer, "Draft")
    if draft is None:
        begin, end = _NEXT_MONTH
        draft = Bill(_free_id(state), customer_id, begin, end, begin, 0.0, _NEXT_DUE)
        add_bill_of(state, customer, draft)
    add_item(state, draft, amount, description)


def add_bill_of(state: State, customer: Customer, bill: Bill) -> None:
    """Begin a bill and list it last in its customer's profile."""
    state.put("bills", bill.bill_id, bill)
    ids = (*customer.bill_ids, bill.bill_id)
    state.put("customers", customer.customer_id, msgspec.structs.replace(customer, bill_ids=ids))


def add_item(state: State, bill: Bill, amount: float, description: str) -> None:
    """Put one item of today on a bill."""
    item = LineItem(description, float(amount), TODAY, "Credit" if amount < 0 else "Charge")
    items = (*bill.line_items, item)
    state.put("bills", bill.bill_id, msgspec.structs.replace(bill, line_items=items, total_due=bill.total_due + amount))


def _free_id(state: State) -> str:
    """The first id of eight digits that no bill has: the same calls begin the same bills. τ²-bench draws one."""
    number = 1
    while state.get("bills", f"B{number:08d}") is not None:
        number += 1
    return f"B{number:08d}"
