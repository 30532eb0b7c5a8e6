"""What a user's tools showed, as the agent comes to know it: by being told.

A reading of the user's tools is known once the user has said, in a text that the agent heard, the value that was shown;
a result once all of its readings were said that the domain does not put aside. Where the domain has no words for what a
tool shows, its result is known once the user has said every value in it, of a text every word.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from writ_async.behaviour.pieces import words_of
from writ_async.conversation.calls import ExecutedCall, call_key, executed_calls
from writ_async.core.domain import Domain
from writ_async.core.message import Message, UserMessage
from writ_async.core.user_actions import readings_in
from writ_async.language.said_values import says
from writ_async.language.steps import readings_told
from writ_async.verify.decoding import decoded
from writ_async.verify.provenance import atoms


class ToldCells:
    """The readings of one conversation's user, walked through along with what the user says."""

    def __init__(self, messages: Sequence[Message], domain: Domain) -> None:
        self._messages = messages
        self._actions = domain.user_actions
        self._in_words = {action.tool: action for action in domain.user_actions}
        self._calls = _calls_by_message(messages, domain)
        self._open: list[tuple[ExecutedCall, dict[str, str], list[str]]] = []
        self._position = 0

    def until(self, place: int) -> Iterator[tuple[bytes, str]]:
        """The cells that became known before a message, each by its key and what it showed. O(words said)."""
        if not self._calls:
            return
        for at in range(self._position, place):
            for call in self._calls.get(at, ()):
                self._add(call)
            message = self._messages[at]
            if type(message) is UserMessage and message.content and not message.tool_calls and self._open:
                yield from self._hear(message.content)
        self._position = max(self._position, place)

    def _add(self, call: ExecutedCall) -> None:
        name, content = call.call.function.name, call.result.content
        action = self._in_words.get(name)
        if action is not None and action.readings:
            aside = {reading.name for reading in action.readings if reading.aside}
            shown = readings_in(action, content)
            wanted = {key: value for key, value in shown.items() if key not in aside}
            self._open.append((call, wanted or shown, []))
        else:
            self._open.append((call, {}, _values_in(content)))

    def _hear(self, text: str) -> Iterator[tuple[bytes, str]]:
        told: dict[str, set[str]] = {}
        for one in readings_told(text, self._actions):
            told.setdefault(one.name, set()).update(one.values)
        words = words_of(text)
        left = []
        for call, wanted, values in self._open:
            untold = {key: value for key, value in wanted.items() if value not in told.get(key, ())}
            unsaid = [value for value in values if value not in words and not says(value, text)]
            if untold or unsaid:
                left.append((call, untold, unsaid))
            else:
                yield call_key(call.call.function.name, call.arguments or {}), call.result.content
        self._open = left


def _calls_by_message(messages: Sequence[Message], domain: Domain) -> dict[int, list[ExecutedCall]]:
    found: dict[int, list[ExecutedCall]] = {}
    if not domain.user_tools:
        return found
    for call in executed_calls(messages, domain.user_tools, by_user=True):
        if call.succeeded and call.arguments is not None:
            found.setdefault(call.message, []).append(call)
    return found


def _values_in(content: str) -> list[str]:
    """The values of a result that nothing is known of: the texts and numbers of JSON, the words of any other text."""
    value = decoded(content)
    if isinstance(value, dict | list):
        return [text for text in dict.fromkeys(str(item) for _, item in atoms(value)) if text.strip()]
    return sorted(words_of(content))
