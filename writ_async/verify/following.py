"""What follows from what was said and shown, though it was never put that way.

An argument that is not seen (`provenance.py`) is right all the same where a person would say that the agent could
know it: a day beside one that was told, an address put together from its parts, a country from the state, a constant
that stands for a reason in the user's words, a sentence of the agent's own about things that were seen, an amount that
is reckoned (`reckoning.py`). What stands for a reason has to be the user's: that a tool showed the words somewhere is
not enough.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from writ_async.core.domain import Domain
from writ_async.core.tool import Tool
from writ_async.language.spoken_forms import (
    address_words,
    implies,
    is_between,
    read_day,
    read_time,
)
from writ_async.verify.knowledge import Knowledge
from writ_async.verify.provenance import SMALL, atoms, is_seen, leaves
from writ_async.verify.reckoning import Reckoning
from writ_async.verify.spoken import words_in

_SENTENCE = 8
"""From so many words on a text is the agent's own; its figures and ids are judged, not its wording."""
_MOST_PIECES = 3
# From where no letter stands before: a run of letters without a figure is gone through once.
_WITH_DIGIT = re.compile(r"(?:#|(?<![^\W_]))[^\W_]*\d[\w.-]*")
_CONSTANT = re.compile(r"[a-z]+(?:[ _-][a-z]+){0,4}")
_IN_QUOTES = re.compile(rf"(?<![^\W_])['\"`‘“]({_CONSTANT.pattern})['\"`’”](?![^\W_])")
_SQUEEZED = re.compile(r"[\W_]+")
_SHORTEST_SPELLED = 6
_LONGEST_NUMBER = 10
_NONE: frozenset[str] = frozenset()
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::\d\d)?(?:Z|[+-]\d\d:\d\d)?")
_AMOUNT = re.compile(r"[€$£]? ?(\d[\d,]{0,11}(?:\.\d{1,4})?) ?(?:[€$£%]|usd|eur|gbp|dollars|euros?)?", re.IGNORECASE)


def unknown_arguments(name: str, arguments: Mapping[str, Any], know: Knowledge, domain: Domain) -> list[str]:
    """The paths of the atoms that nobody said or showed and that follow from nothing, with their values."""
    allowed = domain.tools[name].words
    fixed = name in know.tools_of_amounts
    for value in leaves(arguments):
        if not _is_known(value, know, allowed, domain, fixed):
            break
    else:  # Where a value stands is told only of calls that have one which was not seen.
        return []
    reckoning: Reckoning | None = None
    found: list[str] = []
    for path, value in atoms(dict(arguments)):
        if _is_known(value, know, allowed, domain, fixed):
            continue
        if isinstance(value, str):
            known = value not in domain.telling.meanings and (
                _is_choice(value, domain.tools[name]) or follows(value, arguments, know, domain)
            )
        else:
            reckoning = reckoning or Reckoning(name, arguments, know, domain)
            known = reckoning.is_due(value) if fixed else reckoning.gives(path, value)
        if not known:
            found.append(f"{path}={value!r}")
    return found


def _is_known(value: Any, know: Knowledge, allowed: frozenset[str], domain: Domain, fixed: bool) -> bool:
    """Whether a value was said, shown or agreed to; of a constant that stands for a reason whether the reason was."""
    if isinstance(value, str):
        if value in domain.telling.meanings:
            return means(value, know, domain)
        return value in allowed or know.seen.tells(value) or know.accepted.tells(value)
    if fixed and isinstance(value, int | float) and not isinstance(value, bool):
        return False
    return is_seen(value, know.seen, allowed) or is_seen(value, know.accepted, allowed)


def _is_choice(value: str, tool: Tool) -> bool:
    """Whether a constant is one that a tool offers in words, in quotes in its description; ids with figures are none.

    Of a tool whose schema nobody knows, every such word is taken for one.
    """
    if _CONSTANT.fullmatch(value) is None:
        return False
    schema = tool.schema["function"]
    if not schema.get("parameters") and not schema.get("description"):
        return True
    return value in _quoted(tool.name, str(schema))


@lru_cache(maxsize=256)
def _quoted(name: str, schema: str) -> frozenset[str]:
    """The constants that stand in quotes in a schema. `name` is that of the tool."""
    return frozenset(_IN_QUOTES.findall(schema))


def means(value: str, know: Knowledge, domain: Domain) -> bool:
    """Whether the user gave the reason that a constant stands for, in these or in other words."""
    meanings = domain.telling.meanings
    pattern = _meaning(value, meanings[value])
    if know.has_said(pattern):
        return True
    # Who agrees to a question that names several reasons has chosen none.
    others = [_meaning(other, ()) for other in meanings if other != value]
    agreed = (text.words for text in know.agreed)
    return any(pattern.search(text) and not any(other.search(text) for other in others) for text in agreed)


@lru_cache(maxsize=64)
def _meaning(value: str, forms: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join([re.escape(words_in(value)), *forms]))


def follows(value: str, arguments: Mapping[str, Any], know: Knowledge, domain: Domain) -> bool:
    """Whether a text that was not seen follows from what was."""
    day = read_day(value)
    if day is not None:
        return _follows_day(day, know, domain)
    plain = value.strip()
    if "T" in plain and (moment := _MOMENT.fullmatch(plain)):
        return all(
            follows(part, arguments, know, domain) or is_seen(part, know.seen, _NONE) for part in moment.groups()
        )
    clock = read_time(plain)
    if clock is not None:
        return any(clock in text.times for text in know.heard)
    amount = _AMOUNT.fullmatch(plain)
    if amount is not None and _is_number_known(amount[1].replace(",", ""), know):
        return True
    if know.seen.has_text(plain.replace("_", " ").replace("-", " ")):
        return True
    states = (item for path, item in atoms(dict(arguments)) if path.rpartition(".")[2] in ("state", "province"))
    if any(isinstance(state, str) and state and implies(state, plain) for state in states):
        return True
    return _is_spelled(plain, know) or _is_put_together(plain, know) or _is_own_sentence(plain, know)


def _follows_day(wanted: date, know: Knowledge, domain: Domain) -> bool:
    """Whether a day was told beside another one: the next day, Friday, the 23rd, between the 20th and the 25th."""
    today = read_day(domain.evidence.today)
    days = know.days()
    for text in know.heard:
        if len(text.days) > 1 and is_between(wanted, text.days):
            return True
        if wanted.day in text.bare_days and any(
            month == wanted.month and year in (0, wanted.year) for year, month, _ in days
        ):
            return True
        if today is not None and 0 <= (wanted - today).days <= 14 and wanted.weekday() in text.weekdays:
            return True
        for offset in text.days_away:
            base = wanted - timedelta(days=offset)
            if base == today or not {(base.year, base.month, base.day), (0, base.month, base.day)}.isdisjoint(days):
                return True
    return False


def _is_spelled(value: str, know: Knowledge) -> bool:
    """Whether the user said a word letter by letter, or with other marks between its parts."""
    wanted = _SQUEEZED.sub("", value.casefold())
    return len(wanted) >= _SHORTEST_SPELLED and any(wanted in text.squeezed for text in know.heard)


def _is_put_together(value: str, know: Knowledge) -> bool:
    """Whether a text of several words is made of a few pieces that were said or shown, as an address with its suite.

    A piece of one word must be the user's, or all words must stand in one text.
    """
    words = address_words(value)
    if not 1 < len(words) <= _SENTENCE + 2:
        return _is_one_word_said(words, know)
    said = [text.line for text in know.heard]
    shown = [*said, *know.lines_shown()]
    if any(all(f" {word} " in text for word in words) for text in said):
        return True
    left = words
    for _ in range(_MOST_PIECES):
        size = next((n for n in range(len(left), 0, -1) if _has_piece(left[:n], said if n == 1 else shown)), 0)
        left = left[size:]
        if not size or not left:
            return bool(size)
    return False


def _is_one_word_said(words: list[str], know: Knowledge) -> bool:
    return len(words) == 1 and any(f" {words[0]} " in text.line for text in know.heard)


def _has_piece(words: list[str], texts: list[str]) -> bool:
    piece = f" {' '.join(words)} "
    return any(piece in text for text in texts)


def _is_own_sentence(value: str, know: Knowledge) -> bool:
    """Whether a text is long enough to be the agent's own words, and all figures and ids in it were seen."""
    if len(value.split()) < _SENTENCE:
        return False
    return all(_is_figure_known(token.rstrip(".-"), know) for token in _WITH_DIGIT.findall(value))


def _is_figure_known(token: str, know: Knowledge) -> bool:
    """Whether a figure or an id in the agent's own sentence is a small count or was seen."""
    if token.isdecimal() and len(token) < _LONGEST_NUMBER and int(token) <= SMALL:
        return True
    return is_seen(token, know.seen, _NONE) or is_seen(token, know.accepted, _NONE) or _is_number_known(token, know)


def _is_number_known(token: str, know: Knowledge) -> bool:
    """Whether a number that stands in a text was seen as a number."""
    if len(token) > _LONGEST_NUMBER or not token.replace(".", "", 1).isdecimal():
        return False
    return know.seen.has_number(float(token)) or know.accepted.has_number(float(token))
