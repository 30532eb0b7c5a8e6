"""What a customer of the airline has to know of a write before it is made, and by which words."""

from __future__ import annotations

from typing import Final

from writ_async.core.telling import Telling

TELLING: Final = Telling(
    kinds={
        "reservation_id": "record",
        "payment_id": "payment",
        "amount": "told",
        "total_baggages": "count",
        **dict.fromkeys(("nonfree_baggages", "origin", "destination", "flight_type", "price"), "follows"),
    },
    deeds={
        "send_certificate": ("certificate", "compensat", "voucher"),
        "update_reservation_baggages": ("bag", "baggage", "luggage", "suitcase"),
        "update_reservation_passengers": ("passenger", "name", "travel"),
    },
)
