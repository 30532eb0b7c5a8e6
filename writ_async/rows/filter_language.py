"""The language in which rows are filtered: `kind == refusal and reward < 1 and messages ~ "sorry"`.

    filter     = either
    either     = both { "or" both }
    both       = one { "and" one }
    one        = "not" one | "(" either ")" | FIELD [ ("==" | "!=" | "<" | "<=" | ">" | ">=" | "~") VALUE ]
    VALUE      = a word, or any text in "double" or 'single' quotes, in which \\ takes the next character as it is

A field alone asks whether there is anything: a flag that is set, a number but 0, a text, one of several. `==` of
several texts asks for one of them, `!=` for none. `~` looks for a part, in any case of letters. What is not known
equals nothing and is below and above nothing, so only `!=` finds it. An empty filter lets every row pass.

`static/filter.js` of the viewer is the same for files that are looked at without a server; tests/viewer/filters.json
holds both to the same answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import msgspec

from writ_async.errors import InputError
from writ_async.rows.fields import FIELDS, FieldKind

LONGEST: Final = 2_000
"""Most characters of a filter."""
DEEPEST: Final = 50
"""Most parentheses and `not` around one comparison."""

_TOKEN: Final = re.compile(
    r"""(?P<blank>[ \t\r\n]+)|(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<sign>==|!=|<=|>=|<|>|~|\(|\))"""
    r"""|(?P<word>[^ \t\r\n()<>=!~"']+)""",
    re.DOTALL,
)
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_FLAGS: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_SIGNS: Final = ("==", "!=", "<=", ">=", "<", ">", "~")
_FITTING: Final[dict[FieldKind, tuple[str, ...]]] = {
    "text": ("==", "!=", "~"),
    "texts": ("==", "!=", "~"),
    "number": ("==", "!=", "<", "<=", ">", ">="),
    "flag": ("==", "!="),
    "words": ("~",),
}
_CALLED: Final[dict[FieldKind, str]] = {
    "text": "a text",
    "texts": "a list of texts",
    "number": "a number",
    "flag": "true or false",
    "words": "searched",
}


class Comparison(msgspec.Struct, frozen=True):
    """A field held against a value; without a `sign` the question is whether it has one."""

    field: str
    sign: str = ""
    value: str | float | bool = ""


class Not(msgspec.Struct, frozen=True):
    """The rows that do not pass."""

    one: Filter


class All(msgspec.Struct, frozen=True):
    """The rows that pass each; all rows where there is none."""

    parts: tuple[Filter, ...] = ()


class Either(msgspec.Struct, frozen=True):
    """The rows that pass one of them."""

    parts: tuple[Filter, ...]


Filter = Comparison | Not | All | Either


class _Token(msgspec.Struct, frozen=True):
    """A piece of a filter: what it is, what it says, and which character it begins with, from 1."""

    kind: str
    text: str
    place: int


def parse_filter(text: str) -> Filter:
    """Read a filter. Raises `InputError` of one line that says at which character it cannot be understood.

    >>> parse_filter("reward < 1 and not kept")
    All(parts=(Comparison(field='reward', sign='<', value=1.0), Not(one=Comparison(field='kept', sign='', value=''))))
    """
    if len(text) > LONGEST:
        raise InputError(f"filter: is {len(text)} characters long, and may have {LONGEST}; shorten it")
    reader = _Reader(list(_tokens(text)), len(text) + 1)
    if reader.at_end:
        return All()
    found = reader.either(0)
    if not reader.at_end:
        raise reader.problem("'and' or 'or' is missing before", reader.next())
    return found


def _tokens(text: str) -> Iterator[_Token]:
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            if text[place] in "\"'":
                raise _error(place + 1, "a quote is opened and never closed")
            raise _error(place + 1, f"{text[place]} alone means nothing; write == or !=")
        kind, said = str(match.lastgroup), match[0]
        if kind == "text":
            yield _Token(kind, re.sub(r"\\(.)", r"\1", said[1:-1], flags=re.DOTALL), place + 1)
        elif kind != "blank":
            yield _Token(kind, said, place + 1)
        place = match.end()


def _error(place: int, what: str) -> InputError:
    return InputError(f"filter, character {place}: {what}")


class _Reader:
    """Reads tokens from the left."""

    def __init__(self, tokens: list[_Token], end: int) -> None:
        self._tokens = tokens
        self._end = end
        self._position = 0

    @property
    def at_end(self) -> bool:
        return self._position == len(self._tokens)

    def next(self) -> _Token:
        return _Token("end", "", self._end) if self.at_end else self._tokens[self._position]

    def problem(self, what: str, token: _Token) -> InputError:
        return _error(token.place, what + (f' "{token.text}"' if token.kind != "end" else " the end"))

    def either(self, depth: int) -> Filter:
        parts = [self.both(depth)]
        while self._takes("or"):
            parts.append(self.both(depth))
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def both(self, depth: int) -> Filter:
        parts = [self.one(depth)]
        while self._takes("and"):
            parts.append(self.one(depth))
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def one(self, depth: int) -> Filter:
        token = self.next()
        if depth > DEEPEST:
            raise _error(token.place, f"more than {DEEPEST} parentheses and 'not' stand in each other")
        if self._takes("not"):
            return Not(self.one(depth + 1))
        if token.kind == "sign" and token.text == "(":
            self._position += 1
            found = self.either(depth + 1)
            if self.next().text != ")" or self.next().kind != "sign":
                raise self.problem("a ) is missing before", self.next())
            self._position += 1
            return found
        if token.kind != "word" or token.text.lower() in ("and", "or"):
            raise self.problem("a field is missing before", token)
        return self._comparison(token)

    def _takes(self, word: str) -> bool:
        token = self.next()
        if token.kind == "word" and token.text.lower() == word:
            self._position += 1
            return True
        return False

    def _comparison(self, name: _Token) -> Comparison:
        if name.text not in FIELDS:
            raise _error(name.place, f'there is no field "{name.text}"; there are: {", ".join(FIELDS)}')
        kind = FIELDS[name.text].kind
        self._position += 1
        sign = self.next()
        if sign.kind != "sign" or sign.text not in _SIGNS:
            return Comparison(name.text)
        if sign.text not in _FITTING[kind]:
            raise _error(sign.place, f"{name.text} is {_CALLED[kind]}; it takes {' '.join(_FITTING[kind])}")
        self._position += 1
        value = self.next()
        if value.kind not in ("word", "text") or (value.kind == "word" and value.text.lower() in ("and", "or", "not")):
            raise self.problem("a value is missing before", value)
        self._position += 1
        return Comparison(name.text, sign.text, _value(name.text, kind, value))


def _value(name: str, kind: FieldKind, token: _Token) -> str | float | bool:
    if kind == "number":
        if not _NUMBER.fullmatch(token.text):
            raise _error(token.place, f'{name} is a number, not "{token.text}"')
        return float(token.text)
    if kind == "flag":
        if token.text.lower() not in _FLAGS:
            raise _error(token.place, f'{name} is true or false, not "{token.text}"')
        return _FLAGS[token.text.lower()]
    return token.text
