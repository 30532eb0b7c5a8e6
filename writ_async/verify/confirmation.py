"""Confirmation: before a write the agent lists what it is about to do, and the user's next turn says yes.

Details count as listed when the agent's text has an argument's value, the date in words, or a plain description: what
tool results showed beside the value, such as the name of what an id stands for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from writ_async.conversation.calls import ExecutedCall
from writ_async.core.domain import Domain
from writ_async.core.message import AssistantMessage, Message, ToolMessage, UserMessage
from writ_async.verify.provenance import SMALL, Seen, atoms

LISTED = 0.5
"""The share of a write's details that the agent must have listed. Not all, for people describe in many ways."""

_ASKS = re.compile(
    r"\?|\b(confirm|proceed|go ahead|yes/no|yes or no|let me know|is that (right|correct|ok)|would you like|shall i|"
    r"should i|agree)\b"
)
_REFUSES = re.compile(
    r"^\W*(no(?! (problem|worries|rush))|nope|nah|not yet|wait|hold on|stop|don'?t|do not|never ?mind|actually,? no)\b"
)
_AFFIRMS = re.compile(
    r"\b(yes|yea|yeah|yep|yup|ya|aye|y|sure|ok|okay|okey|k|correct|right|confirm(ed|s)?|i do|agreed?|approved?|"
    r"go (ahead|for it|on)|proceed|please do|do (it|that|so|both|all)|sounds? (good|great|right|fine|perfect)|"
    r"(that|this|it|which) (works|is (fine|good|great|perfect|ok|okay|it|what i want|all))|works for me|"
    r"that'?s (fine|good|great|perfect|ok|okay|it|all right|what i want|the one)|looks? (good|right|great|fine|ok)|"
    r"perfect|fine|great|good|absolutely|of course|certainly|definitely|exactly|indeed|by all means|all good|"
    r"let'?s (do|go)|make it so|si|sí|oui|ja|gracias|please)\b|👍|✅"
)
_WORD = re.compile(r"[^\W_]+")


class Dialogue:
    """What was said around the writes of one conversation, indexed once."""

    def __init__(self, messages: Sequence[Message], writes: Sequence[ExecutedCall], domain: Domain) -> None:
        self._messages = messages
        self._domain = domain
        self._writes = [write for write in writes if write.succeeded]

    def unconfirmed(self, write: ExecutedCall) -> str:
        """What is wanting in the confirmation of a write, or an empty text.

        One yes may confirm several writes: each needs something of its own in what was listed before that yes.
        """
        answer = self._answer_before(write.message)
        if answer < 0:
            return "the user had said nothing"
        before = max((other.message for other in self._writes if other.message < answer), default=-1)
        texts = [
            message.content.casefold()
            for message in self._messages[before + 1 : answer]
            if isinstance(message, AssistantMessage) and message.content and message.content.strip()
        ]
        if not texts or not _ASKS.search(texts[-1]):
            return "the agent had not asked"
        reply = _text(self._messages[answer]).casefold()
        if _REFUSES.search(reply) or not _AFFIRMS.search(reply):
            return "the user had not said yes"
        earlier = [other for other in self._writes if answer < other.message < write.message]
        return self._unlisted(write, earlier, " ".join(texts), answer)

    def _answer_before(self, place: int) -> int:
        """The index of the user's last words before a message, or -1."""
        for index in range(place - 1, -1, -1):
            if isinstance(self._messages[index], UserMessage) and _text(self._messages[index]).strip():
                return index
        return -1

    def _unlisted(self, write: ExecutedCall, earlier: Sequence[ExecutedCall], text: str, until: int) -> str:
        said = Seen()
        said.add(text)
        details = _details(write.arguments or {}, self._domain.user_argument)
        name = write.call.function.name
        own = name.split("_")
        if earlier:
            taken = {str(value) for other in earlier for _, value in atoms(other.arguments or {})}
            details = [value for value in details if str(value) not in taken]
            names = {word for other in earlier for word in other.call.function.name.split("_")}
            own = [word for word in own if word not in names]
            if not details and not own:
                return "the yes was given to an earlier write"
        if own and (earlier or not details) and not _names(own, text):
            return f"the agent had not named {name.replace('_', ' ')}"
        missing = [value for value in details if not _mentioned(value, said)]
        if missing:
            wanted = {str(value) for value in missing}
            shown = _descriptions(self._messages[:until], wanted, self._domain.describing_fields)
            missing = [value for value in missing if not any(map(said.has_text, shown.get(str(value), ())))]
        if len(missing) > len(details) * (1 - LISTED):
            return f"the agent had not listed {', '.join(map(str, missing))}"
        return ""


def _names(words: Sequence[str], text: str) -> bool:
    """Whether a text has one of the words of a tool's name, by its first letters."""
    return any(heard.startswith(word[:3]) for word in words for heard in _WORD.findall(text))


def _text(message: Message) -> str:
    return message.content or ""


def _details(arguments: Mapping[str, Any], user_argument: str) -> list[Any]:
    """What must be listed of a write: every atom but who the user is, constants and small counts."""
    found: list[Any] = []
    for path, value in atoms(dict(arguments)):
        if path == user_argument or value is None or isinstance(value, bool) or value == "":
            continue
        if isinstance(value, int) and abs(value) <= SMALL:
            continue
        if value not in found:
            found.append(value)
    return found


def _mentioned(value: Any, said: Seen) -> bool:
    if isinstance(value, int | float):
        return said.has_number(value)
    return said.has_text(value) or said.has_text(value.replace("_", " ")) or said.has_date(value)


def _descriptions(messages: Sequence[Message], wanted: set[str], fields: frozenset[str]) -> dict[str, list[str]]:
    """For each wanted value, the texts that tool results showed in those fields of the same record."""
    found: dict[str, list[str]] = {}
    for message in messages:
        if isinstance(message, ToolMessage) and not message.error and any(value in message.content for value in wanted):
            try:
                shown = msgspec.json.decode(message.content)
            except (msgspec.DecodeError, RecursionError):
                continue
            for key, record in _records(shown, ""):
                values = [str(value) for _, value in atoms(record)]
                for value in [key, *values]:
                    if value in wanted:
                        found.setdefault(value, []).extend(_words_of(record, fields))
    return found


def _records(value: Any, key: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every record that holds plain values, with the key that it stands under; lists and tables in it are apart."""
    if isinstance(value, dict):
        flat = {name: item for name, item in value.items() if not isinstance(item, list) and not _is_table(item)}
        if any(not isinstance(item, dict) for item in flat.values()):
            yield key, flat
        for name, item in value.items():
            yield from _records(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from _records(item, "")


def _is_table(value: Any) -> bool:
    return isinstance(value, dict) and any(isinstance(item, dict | list) for item in value.values())


def _words_of(record: Mapping[str, Any], fields: frozenset[str]) -> list[str]:
    """Texts by which a person may call what a record is about."""
    found = (str(value) for path, value in atoms(dict(record)) if path.split(".")[0] in fields)
    return [text.replace("_", " ") for text in found if len(text) > 1]
