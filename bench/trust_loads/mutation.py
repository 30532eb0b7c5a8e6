"""Inputs that are nearly right: texts and JSON values out of real ones, by a few small changes each, fast."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

import msgspec

from bench.trust_loads.hostile import NESTED, NUMBERS, TEXTS

_LONGEST = 6_000
_RARE = 0.0002
"""How often a text becomes a long one: by a part of it that is there thousands of times."""

_LONG = 30_000
_SPECIAL = "²٣½Ⅷ𝟙9०.,:/-$#%@ \n\t\x00\x1b'\"()[]{}<>|=\\ßİéa\ud800\u2028\u0300🦊"

_SHORT_TEXTS = tuple(text for text in TEXTS if len(text) < 200)
_JSON_NUMBERS = tuple(
    msgspec.Raw(number.encode())
    for number in NUMBERS
    if number.lstrip("-")[:1].isdigit() and "_" not in number and "x" not in number and not number.startswith("00")
)
_ENCODABLE = tuple(text for text in _SHORT_TEXTS if text.isascii() or text.encode(errors="replace").decode() == text)
_LEAVES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, 2**53, [], {}, [[]], [None], {"": 0}, {"a": {"b": []}}, "x", [1, "x"], *_ENCODABLE,
    *_JSON_NUMBERS, *(msgspec.Raw(text.encode()) for text in (NESTED[0], NESTED[3], "NaN", "1e999", '"\\ud800"')),
)  # fmt: skip
"""What may stand in the place of any value, as JSON can say it, and as it cannot."""

_FINITE: tuple[Any, ...] = tuple(leaf for leaf in _LEAVES if not isinstance(leaf, msgspec.Raw))


def mutated_text(rng: Random, text: str, words: Sequence[str], other: str) -> str:
    """A text with one to four changes; `words` are those that mean something in it, `other` is a second text."""
    draw = rng.random
    for _ in range(1 + int(draw() * 4)):
        size = len(text)
        first = int(draw() * (size + 1))
        last = min(size, first + int(draw() * 24))
        deed = int(draw() * 10)
        if deed < 3:
            text = text[:first] + words[int(draw() * len(words))] + text[first:]
        elif deed == 3:
            text = text[:first] + text[last:]
        elif deed == 4:
            text = text[:last] + text[first:last] * (1 + int(draw() * 3)) + text[last:]
        elif deed == 5:
            text = text[:first] + _SPECIAL[int(draw() * len(_SPECIAL))] + text[last:]
        elif deed == 6:
            text = text[:first] + other[int(draw() * (len(other) + 1)) :]
        elif deed == 7:
            text = text[:first] + (NUMBERS if draw() < 0.5 else _SHORT_TEXTS)[int(draw() * 20)] + text[last:]
        elif deed == 8:
            text = text[:first]
        else:
            text = text[first:last] + text[:first] + text[last:]
    if draw() < _RARE:
        part = text[first:last] or "."
        return (text[:first] + part * (_LONG // len(part)) + text[last:])[: _LONG + 200]
    return text[:_LONGEST]


def mutated_value(rng: Random, value: Any, other: Any, *, json: bool = True, changes: int = 3) -> Any:
    """A JSON value with a few changes at any depth; nothing of the one that is given is changed.

    `other` is a value out of which parts are taken. What is to be made `json` of gets numbers, too, that no reader of
    JSON takes (`msgspec.Raw`).
    """
    for _ in range(1 + int(rng.random() * changes)):
        value = _spoiled(rng, value, other, _LEAVES if json else _FINITE)
    return value


def _spoiled(rng: Random, value: Any, other: Any, leaves: Sequence[Any]) -> Any:
    draw = rng.random
    if isinstance(value, dict) and value and draw() < 0.95:
        keys = list(value)
        key = keys[int(draw() * len(keys))]
        new = dict(value)
        if draw() < 0.7 and isinstance(value[key], dict | list | str):
            new[key] = _spoiled(rng, value[key], other, leaves)
        else:
            _change(rng, new, key, other, leaves)
        return new
    if isinstance(value, list) and value and draw() < 0.95:
        place = int(draw() * len(value))
        items = list(value)
        if draw() < 0.8:
            items[place] = _spoiled(rng, items[place], other, leaves)
        elif draw() < 0.5:
            del items[place]
        else:
            items[place:place] = [items[int(draw() * len(items))]] * (1 + int(draw() * 3))
        return items
    if isinstance(value, str) and draw() < 0.4:
        return mutated_text(rng, value, _ENCODABLE, "").encode(errors="replace").decode()
    return _part(rng, other) if draw() < 0.2 else leaves[int(draw() * len(leaves))]


def _change(rng: Random, value: dict[str, Any], key: str, other: Any, leaves: Sequence[Any]) -> None:
    deed = rng.random()
    if deed < 0.25:
        del value[key]
    elif deed < 0.35:
        value[rng.choice(_ENCODABLE)] = value.pop(key)
    elif deed < 0.5:
        value[key] = _part(rng, other)
    elif deed < 0.6 and isinstance(other, dict) and other:
        name = rng.choice(list(other))
        value[name] = other[name]
    else:
        value[key] = leaves[int(rng.random() * len(leaves))]


def _part(rng: Random, value: Any) -> Any:
    """A part of a value."""
    while isinstance(value, dict | list) and value and rng.random() < 0.8:
        value = rng.choice(list(value.values())) if isinstance(value, dict) else rng.choice(value)
    return value


def mutated_json(rng: Random, value: Any, other: Any) -> bytes:
    """JSON that is nearly a value; in one of eight it breaks off, or has bytes in it that are none."""
    text = msgspec.json.encode(mutated_value(rng, value, other))
    if rng.random() < 0.125:
        place = int(rng.random() * (len(text) + 1))
        junk = (b"", b"\xff", b"\x00", b"{", b"}", b'"', b"\\", b",", b"9" * 400)[int(rng.random() * 9)]
        text = text[:place] + junk + text[place + int(rng.random() * 3) :] * (rng.random() < 0.7)
    return text
