"""What the shop's agent may say it has done, by the words for it, and the tools that do it."""

from __future__ import annotations

from typing import Final

from writ_async.core.domain import Deed

_CANCEL: Final = "cancel_pending_order"
_RETURN: Final = "return_delivered_order_items"
_EXCHANGE: Final = "exchange_delivered_order_items"
_ITEMS: Final = "modify_pending_order_items"
_PAYMENT: Final = "modify_pending_order_payment"
_ADDRESS: Final = "modify_pending_order_address"
_PROFILE: Final = "modify_user_address"
_CHANGES: Final = (_ITEMS, _PAYMENT, _ADDRESS, _PROFILE)

DEEDS: Final = (
    Deed(("cancel",), (_CANCEL,), ("cancelled", "canceled")),
    Deed(("return", "send back"), (_RETURN,), ("return",)),
    Deed(("exchang", "swap", "replac"), (_EXCHANGE, _ITEMS), ("exchange",)),
    Deed(
        (
            "modif",
            "add",
            "chang",
            "updat",
            "switch",
            "adjust",
            "correct",
            "edit",
            "amend",
            "revis",
            "mov",
            "upgrad",
            "revert",
            "remov",
        ),
        (*_CHANGES, _EXCHANGE),
        ("modified",),
    ),
    Deed(
        ("refund", "credit", "reimburs", "deposit", "reverse"),
        (_CANCEL, _RETURN, _EXCHANGE, _ITEMS, _PAYMENT),
        ("refund",),
    ),
    Deed(("charg", "paid", "pay", "debit", "deduct"), (_EXCHANGE, _ITEMS, _PAYMENT), ("payment",)),
    Deed(("e-mail", "email", "mail", "instruction"), (_RETURN, _EXCHANGE)),
)
