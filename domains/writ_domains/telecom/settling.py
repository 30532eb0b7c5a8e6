"""What a write comes to for the customer of the carrier, by the lines, plans and bills that were shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from writ_async.core.settlement import Settlement, ShownResult, records_shown


def settle(shown: Sequence[ShownResult], name: str, arguments: Mapping[str, Any]) -> Settlement | None:
    """The price of more data, or the total of a bill that a request asks for."""
    if name == "refuel_data":
        line = next(records_shown(shown, "line_id", arguments["line_id"], "plan_id"), None)
        plan = None if line is None else next(records_shown(shown, "plan_id", line["plan_id"], "price_per_month"), None)
        if plan is None:
            return None
        price = plan["data_refueling_price_per_gb"]
        amount, gigabytes = round(price * arguments["gb_amount"], 2), f"{arguments['gb_amount']:g} GB of data"
        return Settlement(kind="charge", amount=amount, what=gigabytes, method="your next bill")
    if name == "send_payment_request":
        bill = next(records_shown(shown, "bill_id", arguments["bill_id"], "total_due"), None)
        if bill is not None:
            return Settlement(
                kind="charge",
                amount=bill["total_due"],
                what=f"bill {arguments['bill_id']}",
                method="a payment on your phone",
            )
    return None
