"""What the people of several domains are asked for and wish for, as data for `Domain`."""

from __future__ import annotations

from typing import Final

from writ_async.core.domain import Slot, UnavailableWish

USER_ID: Final = Slot(
    "user_id",
    mistyped=True,
    spelled=True,
    other_words=(
        *("userid", "username", "user name", "user identifier", "account id", "account number", "account identifier"),
        *("customer id", "customer number", "profile id", "login", "member id", "membership number", "user number"),
    ),
)
NAME: Final = Slot(
    "name",
    "full name",
    spelled=True,
    other_words=("first and last", "surname", "what you are called", "you're called", "whom am i", "who am i"),
)
EMAIL: Final = Slot("email", mistyped=True, spelled=True, other_words=("e mail", "mail address", "electronic mail"))
ZIP: Final = Slot(
    "zip", "zip code", mistyped=True, other_words=("zipcode", "postal code", "postcode", "post code", "zip-code")
)
USER_IDS: Final = r"\b[a-z]+_[a-z]+_\d{4}\b"
"""Ids of the form that `people.draw_people` gives."""
NAME_AND_CARD: Final = frozenset({"name", "source", "brand", "last_four"})
"""Fields by which a person or a product is called, and a payment method."""
UNAVAILABLE: Final = (
    UnavailableWish("change the password of my login", "password"),
    UnavailableWish("get the newsletter in another language", "newsletter"),
    UnavailableWish("have a paper copy of my bill sent by post", "bill"),
    UnavailableWish("be called back on the phone by a manager", "manager"),
    UnavailableWish("have my photo in my profile replaced", "photo"),
    UnavailableWish("get a discount for being loyal", "loyal"),
    UnavailableWish("put in a good word for my friend who applied for a job with you", "job"),
    UnavailableWish("see what other people bought last month", "month"),
    UnavailableWish("have my username changed", "username"),
    UnavailableWish("get a souvenir from your company", "souvenir"),
)
"""Wishes that no company's service desk fulfils with its tools."""
