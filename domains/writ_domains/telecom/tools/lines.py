"""The agent's tools that change a line: suspend, resume, roam, refuel."""

from __future__ import annotations

import msgspec

from writ_async.core.state import State
from writ_async.core.tool import ToolError, write
from writ_domains.telecom import lookups
from writ_domains.telecom.charges import charge_next_bill
from writ_domains.telecom.schema import TODAY, Line


@write
def suspend_line(state: State, customer_id: str, line_id: str, reason: str) -> dict[str, object]:
    """Suspend an active line from today on, for six months at most.

    Args:
        customer_id: The id of the customer whose line it is.
        line_id: The id of the line, for instance 'L1001'.
        reason: Why the line is suspended, in a few words.
    """
    line = lookups.get_line_of(state, customer_id, line_id)
    if line.status != "Active":
        raise ToolError("only an active line can be suspended")
    line = _put(state, msgspec.structs.replace(line, status="Suspended", suspension_start_date=TODAY))
    return {"message": "Line suspended successfully. $5/month holding fee will apply.", "line": line}


@write
def resume_line(state: State, customer_id: str, line_id: str) -> dict[str, object]:
    """Make a line active again that is suspended, or that waits to be activated.

    The policy says when a suspension may be lifted; this tool does not look at bills or contracts.

    Args:
        customer_id: The id of the customer whose line it is.
        line_id: The id of the line, for instance 'L1001'.
    """
    line = lookups.get_line_of(state, customer_id, line_id)
    if line.status not in ("Suspended", "Pending Activation"):
        raise ToolError("only a suspended line, or one that waits for its activation, can be resumed")
    line = _put(state, msgspec.structs.replace(line, status="Active", suspension_start_date=None))
    return {"message": "Line resumed successfully", "line": line}


@write
def enable_roaming(state: State, customer_id: str, line_id: str) -> str:
    """Let a line use other networks abroad.

    Args:
        customer_id: The id of the customer whose line it is.
        line_id: The id of the line, for instance 'L1001'.
    """
    return _set_roaming(state, customer_id, line_id, on=True)


@write
def disable_roaming(state: State, customer_id: str, line_id: str) -> str:
    """Keep a line from using other networks abroad.

    Args:
        customer_id: The id of the customer whose line it is.
        line_id: The id of the line, for instance 'L1001'.
    """
    return _set_roaming(state, customer_id, line_id, on=False)


@write
def refuel_data(state: State, customer_id: str, line_id: str, gb_amount: float) -> dict[str, object]:
    """Add data to what a line may use in the running cycle, and charge it to the customer's next bill.

    Tell the customer the price first: it is the amount times the price of a gigabyte that the line's plan names.

    Args:
        customer_id: The id of the customer whose line it is.
        line_id: The id of the line, for instance 'L1001'.
        gb_amount: How many gigabytes to add; more than 0.
    """
    line = lookups.get_line_of(state, customer_id, line_id)
    if gb_amount <= 0:
        raise ToolError("the amount of data has to be more than 0")
    price = lookups.get_plan(state, line.plan_id).data_refueling_price_per_gb
    charge = gb_amount * price
    line = _put(state, msgspec.structs.replace(line, data_refueling_gb=line.data_refueling_gb + gb_amount))
    charge_next_bill(state, customer_id, charge, f"Data refueling: {gb_amount} GB at ${price}/GB")
    return {
        "message": f"Successfully added {gb_amount} GB of data for line {line_id} for ${charge:.2f}",
        "new_data_refueling_gb": line.data_refueling_gb,
        "charge": charge,
    }


def _set_roaming(state: State, customer_id: str, line_id: str, *, on: bool) -> str:
    line = lookups.get_line_of(state, customer_id, line_id)
    word = "enabled" if on else "disabled"
    if line.roaming_enabled == on:
        return f"Roaming was already {word}"
    _put(state, msgspec.structs.replace(line, roaming_enabled=on))
    return f"Roaming {word} successfully"


def _put(state: State, line: Line) -> Line:
    state.put("lines", line.line_id, line)
    return line
