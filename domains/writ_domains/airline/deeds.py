"""What the airline's agent may say it has done, by the words for it, and the tools that do it."""

from __future__ import annotations

from typing import Final

from writ_async.core.domain import Deed

_BOOK: Final = "book_reservation"
_CANCEL: Final = "cancel_reservation"
_FLIGHTS: Final = "update_reservation_flights"
_BAGS: Final = "update_reservation_baggages"
_PASSENGERS: Final = "update_reservation_passengers"
_CERTIFICATE: Final = "send_certificate"
_CHANGES: Final = (_FLIGHTS, _BAGS, _PASSENGERS)

DEEDS: Final = (
    Deed(("cancel",), (_CANCEL,), ("cancelled", "canceled")),
    Deed(("book", "reserv", "purchas", "bought"), (_BOOK,)),
    Deed(("rebook",), (_FLIGHTS, _BOOK)),
    Deed(
        ("chang", "updat", "modif", "switch", "mov", "adjust", "correct", "edit", "amend", "revis", "replac", "swap"),
        _CHANGES,
    ),
    Deed(("upgrad", "downgrad"), (_FLIGHTS, _BOOK)),
    Deed(("refund", "credit", "reimburs", "revers"), (_CANCEL, _FLIGHTS), ("cancelled", "canceled")),
    Deed(("charg", "paid", "pay", "debit", "deduct"), (_BOOK, _FLIGHTS, _BAGS)),
    Deed(("add", "remov", "includ"), (*_CHANGES, _BOOK, _CERTIFICATE)),
    Deed(("issu", "sent", "send", "compensat", "voucher", "grant"), (_CERTIFICATE,)),
)
