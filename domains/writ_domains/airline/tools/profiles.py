"""The tool that changes a user's profile: it hands out a certificate."""

from __future__ import annotations

from typing import Final

import msgspec

from writ_async.core.state import State
from writ_async.core.tool import ToolError, write
from writ_domains.airline import lookups
from writ_domains.airline.schema import TravelCertificate
from writ_domains.airline.tools.arguments import decimal

CERTIFICATE_IDS: Final = ("certificate_3221322", "certificate_3221323", "certificate_3221324")
"""The ids of certificates that can be handed out, in this order; an id that was used up is free again."""


@write
def send_certificate(state: State, user_id: str, amount: int) -> str:
    """Give a user a travel certificate as compensation. It cannot be taken back.

    Args:
        user_id: Id of the user who gets it, such as 'ines_okafor_2741'.
        amount: What the certificate is worth, in dollars.
    """
    user = lookups.user(state, user_id)
    for certificate_id in CERTIFICATE_IDS:
        if certificate_id not in user.payment_methods:
            certificate = TravelCertificate(certificate_id, decimal(amount))
            methods = {**user.payment_methods, certificate_id: certificate}
            state.put("users", user_id, msgspec.structs.replace(user, payment_methods=methods))
            return f"Certificate {certificate_id} added to user {user_id} with amount {amount}."
    raise ToolError("this user cannot be sent a further certificate")
