"""The agent's tool that asks for money."""

from __future__ import annotations

import msgspec

from writ_async.core.state import State
from writ_async.core.tool import ToolError, write
from writ_domains.telecom import lookups


@write
def send_payment_request(state: State, customer_id: str, bill_id: str) -> str:
    """Ask a customer to pay a bill; the request appears on the customer's phone.

    One bill at a time can await payment. Look at the bill first: this tool takes one that is paid, or not due, as well.

    Args:
        customer_id: The id of the customer, for instance 'C1001'.
        bill_id: The id of the bill, for instance 'B1001'.
    """
    customer = lookups.get_customer(state, customer_id)
    if lookups.first_bill(state, customer, "Awaiting Payment") is not None:
        raise ToolError("another bill of the customer awaits payment already")
    if bill_id not in customer.bill_ids:
        raise ToolError("the customer has no bill with this id")
    bill = lookups.get_bill(state, bill_id)
    state.put("bills", bill_id, msgspec.structs.replace(bill, status="Awaiting Payment"))
    return f"Payment request sent to the customer for bill {bill.bill_id}"
