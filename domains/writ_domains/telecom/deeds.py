"""What the carrier's agent may say it has done, by the words for it, and the tools that do it."""

from __future__ import annotations

from typing import Final

from writ_async.core.domain import Deed

_SUSPEND: Final = "suspend_line"
_RESUME: Final = "resume_line"
_REQUEST: Final = "send_payment_request"
_REFUEL: Final = "refuel_data"
_ROAM: Final = "enable_roaming"
_STAY: Final = "disable_roaming"

DEEDS: Final = (
    Deed(("suspend", "paus"), (_SUSPEND,), ("suspended",)),
    Deed(("resum", "reactivat", "unsuspend", "lift", "restor", "reinstat"), (_RESUME,), ("active",)),
    Deed(("payment request", "sent", "send"), (_REQUEST,), ("awaiting payment",)),
    Deed(("refuel", "top up", "topped up", "add", "charg", "bill"), (_REFUEL,), ("refueling",)),
    Deed(("enabl", "allow", "activat", "turned on", "switched on"), (_ROAM, _RESUME)),
    Deed(("disabl", "deactivat", "turned off", "switched off"), (_STAY, _SUSPEND)),
)
