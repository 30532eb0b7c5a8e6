"""What each side of the line learns from the other: runs after every call that succeeded."""

from __future__ import annotations

import msgspec

from writ_async.core.state import State
from writ_domains.telecom import lookups
from writ_domains.telecom.phone.handset import PaymentRequest, Surroundings, get_surroundings, set_surroundings
from writ_domains.telecom.schema import Line


def keep_in_step(state: State) -> None:
    """Bring the phone's surroundings up to the account that its number belongs to, and the account up to payments.

    The surroundings hear whether the line is active, may roam, and is out of data. A request that was paid settles its
    bill and goes; without one, the first bill of the customer's that awaits payment becomes one. A phone in nobody's
    hand, or with a number that no line has, is left alone.
    """
    around = get_surroundings(state)
    number = around.phone_number
    line = None if number is None else lookups.find_line_by_phone(state, number)
    if number is None or line is None:
        return
    changes = _of_line(state, around, line)
    request = around.payment_request
    if request is not None and request.paid:
        bill = lookups.get_bill(state, request.bill_id)
        state.put("bills", bill.bill_id, msgspec.structs.replace(bill, status="Paid"))
        changes["payment_request"] = request = None
    if request is None:
        due = lookups.first_bill(state, lookups.find_by_phone(state, number), "Awaiting Payment")
        if due is not None:
            changes["payment_request"] = PaymentRequest(due.bill_id, due.total_due)
    if changes:
        set_surroundings(state, **changes)


def _of_line(state: State, around: Surroundings, line: Line) -> dict[str, object]:
    """What the surroundings say of a line that is not so any more."""
    plan = lookups.get_plan(state, line.plan_id)
    now = {
        "line_active": line.status == "Active",
        "roaming_allowed": line.roaming_enabled,
        "mobile_data_usage_exceeded": line.data_used_gb >= plan.data_limit_gb + line.data_refueling_gb,
    }
    return {field: value for field, value in now.items() if getattr(around, field) != value}
