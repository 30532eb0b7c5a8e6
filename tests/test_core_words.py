"""The core speaks of no domain's things and of no engine: their words stand in their own packages."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
from writ_domains.airline import schema as airline
from writ_domains.retail import schema as retail

import writ_async
from writ_async.registry import load_domain, registered_names

CORE = Path(writ_async.__file__).parent
EVERYDAY = {"users", "orders", "calculate", "email", "scripted", "recorded", "simulated"}
"""Names of theirs that are words of everybody's."""
MORE = {
    *("order_id", "flight", "reservation", "passenger", "refund", "zip_code", "parcel", "baggage", "delivered"),
    *("airport", "membership", "cabin", "shop", "insurance", "gift card", "credit card", "zip code", "telecom"),
}
ALLOWED = {
    "__init__.py": {"retail"},
    "api.py": {"retail"},
    "cli/epilogs.py": {"retail", "airline", "openai"},
    "cli/parser.py": {"retail"},
    "cli/parser_of_making.py": {"retail", "airline"},
    "cli/parser_of_reading.py": {"openai"},
    "cli/parser_of_servers.py": {"retail", "openai", "airline"},
    "cli/select.py": {"openai"},
    "cli/synth.py": {"openai"},
    "runs/seats.py": {"openai"},
    "integrations/areal.py": {"openai"},
    "integrations/verifiers.py": {"openai"},
    "chat/template_probe.py": {"openai"},
    "core/message.py": {"openai"},
    "core/tool.py": {"openai"},
    "formats/export/__init__.py": {"openai"},
    "formats/export/chat.py": {"openai"},
    "formats/export/card.py": {"openai"},
    "formats/foreign/__init__.py": {"openai"},
    "formats/foreign/chat.py": {"openai"},
    "formats/foreign/rows.py": {"openai"},
}
"""Examples of what is typed, and the shape of chat completions, which is named after who made it."""


def words_of_domains() -> set[str]:
    """Names of tools and tables, and of arguments and fields where they have two words or more."""
    words: set[str] = set()
    for name in ("retail", "airline"):
        domain = load_domain(name)
        words |= {name, *domain.tools, *domain.generate(1, 10).tables}
        for tool in domain.tools.values():
            words |= tool.accepted
    structs = [kind for module in (retail, airline) for kind in vars(module).values() if isinstance(kind, type)]
    words |= {field for kind in structs if issubclass(kind, msgspec.Struct) for field in kind.__struct_fields__}
    own = {word for word in words if "_" in word or word in {"retail", "airline", "products", "flights"}}
    return own | MORE | {f"{word}s" for word in MORE}


def found_words(words: set[str]) -> dict[str, set[str]]:
    """Which of the words each file of the core has, upper and lower case aside."""
    pattern = re.compile(rf"(?<![\w-])({'|'.join(map(re.escape, sorted(words)))})(?!\w)", re.IGNORECASE)
    found: dict[str, set[str]] = {}
    for path in sorted(CORE.rglob("*.py")):
        text = path.read_text(encoding="utf-8").replace("in flight", "")
        if hits := {hit.lower() for hit in pattern.findall(text)}:
            found[path.relative_to(CORE).as_posix()] = hits
    return found


def test_the_core_names_no_domain_and_no_engine() -> None:
    words = (words_of_domains() | set(registered_names("engines"))) - EVERYDAY
    assert {"get_order_details", "payment_methods", "sglang", "airline"} <= words
    strange = {file: hits - ALLOWED.get(file, set()) for file, hits in found_words(words).items()}
    assert {file: hits for file, hits in strange.items() if hits} == {}


def test_what_is_allowed_is_still_there() -> None:
    found = found_words({word for words in ALLOWED.values() for word in words})
    assert {file: gone for file, words in ALLOWED.items() if (gone := words - found.get(file, set()))} == {}
