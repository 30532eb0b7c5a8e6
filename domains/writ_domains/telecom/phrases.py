"""How customers of the carrier say things: tables of forms, of which one is drawn; `{}` is filled in.

Remarks are about the customer, in the first person; what follows "I want to ..." is a verb phrase.
"""

from __future__ import annotations

from typing import Final

from writ_async.files import load_phrases

_PHRASES: Final = load_phrases(__package__ or "", "phrases.toml")

COMPLAINT: Final = _PHRASES.tables["COMPLAINT"]


def __getattr__(name: str) -> tuple[str, ...]:
    """The forms of a name in the file."""
    forms = globals()[name] = _PHRASES.find_forms(name)
    return forms
