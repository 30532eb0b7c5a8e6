"""What a customer of the carrier has to know of a write before it is made, and by which words."""

from __future__ import annotations

from typing import Final

from writ_async.core.telling import Telling

TELLING: Final = Telling(
    kinds={
        "customer_id": "follows",
        "line_id": "record",
        "bill_id": "record",
        "gb_amount": "told",
        "reason": "follows",
    },
    deeds={
        "send_payment_request": ("payment request", "pay", "bill"),
        "resume_line": ("resum", "lift", "reactivat", "restor", "activ", "suspension"),
        "suspend_line": ("suspend", "suspension", "paus"),
        "refuel_data": ("refuel", "top up", "add", "data", "gigabyte", "gb"),
        "enable_roaming": ("roam", "abroad"),
        "disable_roaming": ("roam", "abroad"),
    },
)
