"""How customers of the shop say things: tables of forms, of which one is drawn; `{}` and `{name}` are filled in.

Remarks are about the customer, in the first person; what follows "I want to ..." is a verb phrase.
"""

from __future__ import annotations

from typing import Final

from writ_async.files import load_phrases
from writ_domains.kit.payment import CARD_FORMS, MethodForms

_PHRASES: Final = load_phrases(__package__ or "", "phrases.toml")

METHODS: Final = MethodForms(
    card=CARD_FORMS.card,
    only_card=CARD_FORMS.only_card,
    only={
        "paypal": ("my PayPal account", "PayPal", "my PayPal", "the PayPal account [on file|I have]"),
        "gift_card": ("my gift card", "the gift card [on my account|on file|I have]", "my gift card [balance|on file]"),
    },
)
REASON_IT: Final = _PHRASES.tables["REASON_IT"]
CATEGORY: Final = _PHRASES.tables["CATEGORY"]
ALONG: Final = _PHRASES.tables["ALONG"]
ASK_ABOUT: Final = _PHRASES.tables["ASK_ABOUT"]


def __getattr__(name: str) -> tuple[str, ...]:
    """The forms of a name in the file."""
    forms = globals()[name] = _PHRASES.find_forms(name)
    return forms
