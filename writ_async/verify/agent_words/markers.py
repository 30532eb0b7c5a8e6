"""What stands in an agent's text and is none of its words: tokens of templates, turns of others, answers of tools."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from writ_async.core.trajectory import CLOSING_TOKENS
from writ_async.verify.agent_words.leaked_calls import ToolNames
from writ_async.verify.agent_words.lexicon import WORDS, contains_any, patterns, shown

_SPECIAL: Final = patterns("SPECIAL_TOKEN_PATTERN")
_RESULT_TAG: Final = patterns("RESULT_TAG_PATTERN")
_STRUCK: Final = re.compile(r"<s>[^<>\n]{1,200}</s>")
_KINDS: Final = {
    **dict.fromkeys(WORDS.forms["RESULT_LABEL"], "result"),
    **dict.fromkeys(WORDS.forms["THOUGHT_LABEL"], "thought"),
    **dict.fromkeys(WORDS.forms["USER_ROLE"], "user"),
    **dict.fromkeys(WORDS.forms["AGENT_ROLE"], "agent"),
    **dict.fromkeys(WORDS.forms["OTHER_ROLE"], "other"),
}
_MOST_LABEL: Final = max(map(len, _KINDS)) + 12
_DECORATION: Final = " \t*#>_-•`[(])"
_BARE_ROLES: Final = ("user\n", "assistant\n", "system\n", "ipython\n")
_BARE_ROLE: Final = re.compile(r"(?:^|[\n.!?\"')])(?:user|assistant|system|ipython)\n{1,3}[ \t]{0,4}\S")
_OBJECT: Final = re.compile(r"(?:^|\n|```(?:json)?[ \t]{0,4}\n?)[ \t]{0,8}\{")
_WORD: Final = re.compile(r"[\w'’]+")
_SPOKEN: Final = frozenset(WORDS.forms["SPOKEN"])
_RESULT_KEYS: Final = frozenset(WORDS.forms["RESULT_KEY"])
_RESULT_STATES: Final = frozenset(WORDS.forms["RESULT_STATUS"])
_MOST_OBJECTS = 3
_LOOKED_AT = 4000
_ADDRESSING: Final = frozenset({"you", "your", "please", "i", "i'll", "we"})
_DATA_ONLY: Final = frozenset(WORDS.forms["RESULT_LABEL_OF_DATA"])
_SPEAKING_KEYS: Final = frozenset(WORDS.forms["SPEAKING_KEY"])
_decoder = json.JSONDecoder()


def special_token(text: str) -> str:
    """The first token of a template in a text, or an empty text."""
    if "<" not in text and "[" not in text:
        return ""
    found = _SPECIAL.search(text)
    if found is not None:
        return found.group()
    for token in ("</s>", "<s>"):
        if token in text and token in _STRUCK.sub("", text):
            return token
    return ""


def closing_token(text: str) -> str:
    """The token in a text with which a user ends the conversation, or an empty text."""
    return next((token for token in CLOSING_TOKENS.values() if token in text), "") if "###" in text else ""


def labels_of(text: str) -> list[tuple[str, str, str, int]]:
    """The labels that lines begin with and that mean something here: kind, label, what follows it, and which line."""
    return list(_labels_in(text.split("\n"))) if ":" in text or "\n" in text else []


def _labels_in(lines: list[str]) -> Iterator[tuple[str, str, str, int]]:
    for number, line in enumerate(lines):
        label, colon, said = line[:_MOST_LABEL].partition(":")
        if not colon and len(line) > _MOST_LABEL:
            continue
        name = label.strip(_DECORATION).casefold()
        kind = _KINDS.get(name) or _KINDS.get(name.partition(" (")[0])
        if kind is None or not (colon or (kind in ("thought", "result") and "**" in label)):
            continue
        said = said + line[_MOST_LABEL:]
        if not said.strip(_DECORATION):
            said = next((below for below in lines[number + 1 : number + 4] if below.strip(_DECORATION)), "")
        yield kind, name, said.strip(), number


def foreign_role(text: str, labels: Iterable[tuple[str, str, str, int]]) -> str:
    """The line with which a text goes on as somebody else, or writes a label before its own turn; or an empty text.

    A label counts where a spoken sentence follows it: `Customer: Ann Lee` is a field of a record.
    """
    for kind, name, said, number in labels:
        if kind in ("user", "other") or (kind == "agent" and number == 0):
            least = 4 if kind == "other" else 1
            if _is_spoken(said, least):
                return shown(f"{name}: {said}")
    found = _BARE_ROLE.search(text) if contains_any(text, _BARE_ROLES) else None
    return "" if found is None else shown(text, found.start())


def _is_spoken(said: str, least: int) -> bool:
    """Whether what follows a label is speech: it has one of the words that people address each other with."""
    words = [word.casefold().replace("’", "'") for word in _WORD.findall(said[:300])]
    return len(words) >= least and (not _SPOKEN.isdisjoint(words[:12]) or (said.endswith("?") and bool(words)))


def invented_result(
    text: str,
    labels: Iterable[tuple[str, str, str, int]],
    results: Sequence[str],
    answered: bool,
    names: ToolNames | None = None,
) -> str:
    """Where a text tells a tool's answer as if a tool gave it; empty where it does not, or where one of `results` is.

    An object that tells how a call went is a report where calls were `answered` just before, and made up otherwise. So
    is a record that is told before any result. `names` are those of the tools, None where the text has none of them.
    """
    if ("<" in text or "[" in text) and (found := _RESULT_TAG.search(text)) is not None:
        return shown(text, found.start())
    for kind, name, said, _ in labels:
        if kind == "result" and said and (name not in _DATA_ONLY or said.lstrip("`*_ ").startswith(("{", "["))):
            return shown(f"{name}: {said}")
    if names is not None and (found := names.answered.search(text)) is not None:
        return shown(text, found.start())
    place = _lone_result(text, results) if "{" in text and not answered else -1
    return "" if place < 0 else shown(text, place)


def _lone_result(text: str, results: Sequence[str]) -> int:
    """Where an object begins that tells how a call went, or -1."""
    position = 0
    for _ in range(_MOST_OBJECTS):
        found = _OBJECT.search(text, position)
        if found is None:
            break
        start = found.end() - 1
        try:
            value, position = _decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            position = found.end()
            continue
        told = _tells_how_it_went(value) or (not results and not text[:start].strip("` \njson") and _is_record(value))
        if told and not any(text[start:position] in result for result in results):
            return start
    return -1


def _is_record(value: Any) -> bool:
    """Whether an object is data about a thing, not words to the customer in a form of their own."""
    if not isinstance(value, dict) or len(value) < 2 or not _SPEAKING_KEYS.isdisjoint(value):
        return False
    words = {word.casefold() for word in _WORD.findall(json.dumps(value)[:_LOOKED_AT])}
    return words.isdisjoint(_ADDRESSING)


def _tells_how_it_went(value: Any) -> bool:
    if not isinstance(value, dict) or not value:
        return False
    state = value.get("status")
    return next(iter(value)) in _RESULT_KEYS or (isinstance(state, str) and state.casefold() in _RESULT_STATES)
