"""The agent's tools that look things up."""

from __future__ import annotations

from writ_async.core.state import State
from writ_async.core.tool import ToolError, read
from writ_domains.telecom import lookups
from writ_domains.telecom.schema import CYCLE_END, Bill, Customer, Line, NetworkDevice, Plan


@read
def get_customer_by_phone(state: State, phone_number: str) -> Customer:
    """Look up the customer to whom a phone number belongs.

    It may be the number under which the customer is reached, or that of one of the customer's lines.

    Args:
        phone_number: The number, for instance '555-010-2002'.
    """
    return lookups.find_by_phone(state, phone_number)


@read
def get_customer_by_id(state: State, customer_id: str) -> Customer:
    """Look up a customer by id.

    Args:
        customer_id: The id of the customer, for instance 'C1001'.
    """
    return lookups.get_customer(state, customer_id)


@read
def get_customer_by_name(state: State, full_name: str, dob: str) -> list[Customer]:
    """Look up the customers who have a name and were born on a day; there may be none, or several.

    Args:
        full_name: First and last name, in capitals or not.
        dob: The date of birth as YYYY-MM-DD, which has to match.
    """
    return lookups.find_by_name(state, full_name, dob)


@read
def get_details_by_id(state: State, id: str) -> Line | NetworkDevice | Bill | Customer | Plan:
    """Look up a record by id: a line, a device, a bill, a customer or a plan.

    The first letter of the id says which: L, D, B, C or P.

    Args:
        id: The id, for instance 'L1001'.
    """
    if not isinstance(id, str):
        raise ToolError("an id has to be a text")
    if id.startswith("L"):
        return lookups.get_line(state, id)
    if id.startswith("D"):
        return lookups.get_network_device(state, id)
    if id.startswith("B"):
        return lookups.get_bill(state, id)
    if id.startswith("C"):
        return lookups.get_customer(state, id)
    if id.startswith("P"):
        return lookups.get_plan(state, id)
    raise ToolError("an id starts with L, D, B, C or P")


@read
def get_bills_for_customer(state: State, customer_id: str, limit: int = 12) -> list[Bill]:
    """List a customer's bills, the one that was issued last first.

    Args:
        customer_id: The id of the customer, for instance 'C1001'.
        limit: How many bills to list at most.
    """
    customer = lookups.get_customer(state, customer_id)
    bills = sorted(lookups.bills_of(state, customer), key=lambda bill: bill.issue_date, reverse=True)
    return bills[:limit]  # a negative limit leaves out the oldest ones, as in τ²-bench


@read
def get_data_usage(state: State, customer_id: str, line_id: str) -> dict[str, object]:
    """Show how much data a line has used in the running cycle, what it may use, and what was added to that.

    Args:
        customer_id: The id of the customer whose line it is.
        line_id: The id of the line, for instance 'L1001'.
    """
    line = lookups.get_line_of(state, customer_id, line_id)
    plan = lookups.get_plan(state, line.plan_id)
    return {
        "line_id": line_id,
        "data_used_gb": line.data_used_gb,
        "data_limit_gb": plan.data_limit_gb,
        "data_refueling_gb": line.data_refueling_gb,
        "cycle_end_date": CYCLE_END,
    }
