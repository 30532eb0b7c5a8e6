"""How long a server asks to wait, in the forms in use.

`retry-after-ms: 1500`, `Retry-After: 2`, `2.5`, `1m30s` or a date; in words, "try again in 500ms"; in the body, a
`retryDelay` or `retry_after`; and headers of limits, `x-ratelimit-reset-requests: 6m0s` and their relatives. Dates are
read by the answer's own `Date`, where there is one, so that neither clock has to be right.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any, Literal

import msgspec

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_NUMBER = r"\d{1,15}(?:\.\d{1,15})?"
_PART = rf"{_NUMBER} ?(?:ms|milliseconds?|s(?:ec(?:ond)?s?)?|m(?:in(?:ute)?s?)?|h(?:(?:ou)?rs?)?|d(?:ays?)?)(?![a-z])"
_PARTS = re.compile(_PART, re.IGNORECASE)
_DURATION = re.compile(rf"(?:{_PART}[ ,]{{0,2}}){{1,5}}", re.IGNORECASE)
_SPLIT = re.compile(rf"({_NUMBER}) ?([a-z]+)", re.IGNORECASE)
_IN_WORDS = re.compile(
    rf"(?:again|retry|retried|wait|resets?)\b[ :]{{0,2}}(?:[a-z]{{2,9}} ){{0,3}}~?((?:{_PART}[ ,]{{0,2}}){{1,5}})",
    re.IGNORECASE,
)
_BARE = re.compile(_NUMBER)
_LIMIT_HEADER = re.compile(
    r"(?:x-|anthropic-)?ratelimit-(?:([a-z0-9-]{1,40})-)?(limit|remaining|reset)(?:-([a-z0-9-]{1,40}))?"
)
_STRUCTURED = re.compile(r"\b(r|t|remaining|reset|limit|q) ?= ?(\d{1,15})")
_IN_BODY = ("retry_after_ms", "retry_after", "retryDelay", "retry_delay", "retryAfter")
_EPOCH, _EPOCH_MS = 1e9, 1e12  # numbers so large are moments, no durations
_DEEPEST = 6


class Allowance(msgspec.Struct, frozen=True):
    """What a server says of one of its limits; None for what it does not say. `reset` is in seconds from now.

    `resource` is what is counted, as the header names it: "requests", "tokens", "" where it does not.
    """

    resource: str
    limit: float | None = None
    remaining: float | None = None
    reset: float | None = None


def read_seconds(text: str, now: float) -> float | None:
    """A duration, or the seconds until a moment, `now` being the time since the epoch; None for what is neither."""
    text = text.strip()
    if _BARE.fullmatch(text):
        number = float(text)
        if number >= _EPOCH_MS:
            number /= 1000.0
        return max(0.0, number - now) if number >= _EPOCH else number
    if _DURATION.fullmatch(text):
        return sum(_part_seconds(part) for part in _PARTS.findall(text))
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            return max(0.0, read(text).timestamp() - now)
        except (ValueError, TypeError, OverflowError, OSError, IndexError):
            continue
    return None


@lru_cache(maxsize=256)
def tell_limits(names: tuple[str, ...]) -> bool:
    """Whether headers of these names may say something of limits: a server gives the same ones with every answer."""
    return any("ratelimit" in name.lower() for name in names)


def read_allowances(headers: Mapping[str, str], clock: Callable[[], float] = time.time) -> list[Allowance]:
    """What the headers of an answer say of the server's limits."""
    found: dict[str, dict[str, float]] = {}
    limits = [(lowered, value) for name, value in headers.items() if "ratelimit" in (lowered := name.lower())]
    now = _server_time({name.lower(): value for name, value in headers.items()}, clock) if limits else 0.0
    for lowered, value in limits:
        if lowered == "ratelimit":
            for word, number in _STRUCTURED.findall(value):
                key = {"r": "remaining", "t": "reset", "q": "limit"}.get(word, word)
                found.setdefault("", {}).setdefault(key, float(number))
            continue
        match = _LIMIT_HEADER.fullmatch(lowered)
        if match is None:
            continue
        seconds = read_seconds(value.partition(",")[0] if match[2] != "reset" else value, now)
        if seconds is not None:
            found.setdefault(match[1] or match[3] or "", {})[match[2]] = seconds
    return [Allowance(resource, **values) for resource, values in found.items()]


def told_wait(
    headers: Mapping[str, str], body: bytes, *, of_limits: bool = True, clock: Callable[[], float] = time.time
) -> float:
    """The seconds that a refusal asks to wait; 0 where it does not say.

    The header says it best, then the words and the body, then, where the refusal is `of_limits`, when the limit that is
    used up is there again: of several that may be meant, the first to come back.
    """
    lowered = {name.lower(): value for name, value in headers.items()}
    now = _server_time(lowered, clock)
    for name, unit in (("retry-after-ms", 0.001), ("x-ms-retry-after-ms", 0.001), ("retry-after", 1.0)):
        seconds = read_seconds(lowered[name], now) if name in lowered else None
        if seconds is not None:
            return seconds * unit
    told = _told_in_body(body, now)
    if told is not None:
        return told
    if not of_limits:
        return 0.0
    allowances = [allowance for allowance in read_allowances(headers, clock) if allowance.reset is not None]
    used_up = [allowance for allowance in allowances if allowance.remaining == 0]
    return min((allowance.reset or 0.0 for allowance in used_up or allowances), default=0.0)


def _server_time(headers: Mapping[str, str], clock: Callable[[], float]) -> float:
    try:
        return parsedate_to_datetime(headers["date"]).timestamp()
    except (KeyError, ValueError, TypeError, OverflowError, IndexError):
        return clock()


def _part_seconds(part: str) -> float:
    match = _SPLIT.match(part)
    assert match is not None
    unit = match[2].lower()
    name: Literal["ms"] | str = "ms" if unit.startswith(("ms", "mil")) else unit[0]
    return float(match[1]) * _UNITS[name]


def _told_in_body(body: bytes, now: float) -> float | None:
    if not body:
        return None
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _told_in_words(body[:2000].decode("utf-8", "replace"))
    texts: list[str] = []
    for name, found in _fields(value, _DEEPEST):
        if name in _IN_BODY and not isinstance(found, bool):
            seconds = read_seconds(str(found), now)
            if seconds is not None:
                return seconds / 1000.0 if name.endswith("_ms") else seconds
        if isinstance(found, str):
            texts.append(found[:2000])
    return next((told for told in map(_told_in_words, texts) if told is not None), None)


def _told_in_words(text: str) -> float | None:
    match = _IN_WORDS.search(text)
    return None if match is None else sum(_part_seconds(part) for part in _PARTS.findall(match[1]))


def _fields(value: Any, depth: int) -> Iterator[tuple[str, Any]]:
    """The names and values in a JSON value, the outer ones first, not too deep and not too many."""
    if depth and isinstance(value, dict):
        yield from value.items()
        for inner in value.values():
            yield from _fields(inner, depth - 1)
    elif depth and isinstance(value, list):
        for inner in value[:20]:
            yield from _fields(inner, depth - 1)
