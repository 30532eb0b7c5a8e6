"""The tool that changes a customer's profile."""

from __future__ import annotations

import msgspec

from writ_async.core.state import State
from writ_async.core.tool import ToolError, write
from writ_domains.kit.people import Address
from writ_domains.retail import lookups
from writ_domains.retail.schema import User


def make_address(address1: str, address2: str, city: str, country: str, state: str, zip: str) -> Address:
    """An address from what a model wrote. Raises `ToolError` when a part is no string."""
    parts = (address1, address2, city, country, state, zip)
    if not all(isinstance(part, str) for part in parts):
        raise ToolError("every part of an address has to be a string")
    return Address(*parts)


@write
def modify_user_address(
    db: State, user_id: str, address1: str, address2: str, city: str, state: str, country: str, zip: str
) -> User:
    """Replace the default address on a customer's profile.

    List the new address and get an explicit yes from the customer before you call it. Orders keep their own address.

    Args:
        user_id: The id of the customer, for instance 'maria_silva_1234'.
        address1: Street and number, for instance '12 Oak Street'.
        address2: Apartment, suite or unit, for instance 'Apt 4', or '' when there is none.
        city: The city, for instance 'Chicago'.
        state: The two-letter code of the state, for instance 'IL'.
        country: The country, for instance 'USA'.
        zip: The zip code, for instance '60601'.
    """
    user = lookups.get_user(db, user_id)
    user = msgspec.structs.replace(user, address=make_address(address1, address2, city, country, state, zip))
    db.put("users", user_id, user)
    return user
