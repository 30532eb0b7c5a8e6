"""How customers of the airline say things: tables of forms, of which one is drawn; `{}` and `{name}` are filled in.

Sentences are in the customer's first person; what follows "I want to ..." is a verb phrase.
"""

from __future__ import annotations

from typing import Final

from writ_async.files import load_phrases
from writ_domains.kit.payment import MethodForms

_PHRASES: Final = load_phrases(__package__ or "", "phrases.toml")

_VOUCHERS: Final = {"gift_card": "gift card", "certificate": "travel certificate"}
NO_IDS: Final = "You do not remember any reservation id or flight number."
REASONS: Final = _PHRASES.tables["REASONS"]
CABINS: Final = _PHRASES.tables["CABINS"]
METHODS: Final = MethodForms(
    card=(
        "my {brand} [|card ][ending|that ends] [in|with] {last}",
        "[my|the] credit card [ending|that ends] [in|with] {last}",
        "[my|the] card [ending|that ends] [in|with] {last}",
        "the {brand} card with the last digits {last}",
    ),
    only_card=("my credit card", "my credit card", "the credit card [in my profile|on file|I have]"),
    only={
        source: (f"my {word}", f"[the|my] {word} [in my profile|on file]", f"[the|my] only {word}[| I have]")
        for source, word in _VOUCHERS.items()
    },
    worth={
        source: (f"[my|the] {word} worth ${{worth}}", f"[my|the] {word} with ${{worth}} on it", f"my ${{worth}} {word}")
        for source, word in _VOUCHERS.items()
    },
    id={source: f"my {word} {{id}}" for source, word in _VOUCHERS.items()},
)
BOOK_RANKED: Final = _PHRASES.tables["BOOK_RANKED"]
ONLY_RANK: Final = _PHRASES.tables["ONLY_RANK"]
REBOOK_RANKED: Final = _PHRASES.tables["REBOOK_RANKED"]
ASK_ABOUT: Final = _PHRASES.tables["ASK_ABOUT"]
ASK_OF_VOUCHERS: Final = _PHRASES.tables["ASK_OF_VOUCHERS"]
INSURED: Final = _PHRASES.tables["INSURED"]


def __getattr__(name: str) -> tuple[str, ...]:
    """The forms of a name in the file."""
    forms = globals()[name] = _PHRASES.find_forms(name)
    return forms
