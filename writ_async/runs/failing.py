"""A run whose first conversations nearly all fail by its set-up, not by what the model decides, is not gone on with.

A server without its tool parser, a template that ends no turn, too few tokens for an answer: each costs every
conversation, shows in the first of them, and is put right in a minute by whoever hears of it.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from writ_async.chat.notes import CUT, FORMAT_TOKEN
from writ_async.chat.parsed import Defect
from writ_async.core.message import AssistantMessage
from writ_async.core.trajectory import Termination, Trajectory
from writ_async.runs.model_judge import JUDGE_ERROR

FIRST = 20
"""So many conversations are looked at, those that end first."""

_NOTED: Final = {
    str(Defect.CALL_AS_TEXT): "hold a tool call as text: is the server's tool parser on?",
    str(Defect.BROKEN_JSON): "hold a tool call that is no JSON: does the server's tool parser fit the model?",
    str(Defect.UNCLOSED_CALL): "hold a tool call without an end: give the engine more tokens for an answer",
    str(Defect.UNCLOSED_REASONING): "hold an answer that ended in its reasoning: give the engine more tokens for one",
    CUT: "hold an answer that was cut at its length limit: give the engine more tokens for one",
    FORMAT_TOKEN: "hold a token of the chat format: does the server stop at the end of a turn?",
}
_ENDED: Final = {
    Termination.INFRASTRUCTURE_ERROR: "were ended by their server (failures.log says how)",
    Termination.UNEXPECTED_ERROR: "met an error of this program, an engine or a domain (failures.log says which)",
    Termination.TIMEOUT: "came to a deadline: is the server too slow for so many at once?",
    Termination.CONTEXT_WINDOW_EXCEEDED: "outgrew the model's context: start the server with a longer one",
    Termination.AGENT_ERROR: "ended at an agent's message that was empty or called what it must not",
    Termination.USER_ERROR: "ended at a user's message that was empty or called what it must not",
}
_UNJUDGED: Final = "were not judged: their judge gave no answer that could be used (failures.log says how)"
_NO_CALL: Final = "have no tool call: is the model told of its tools, and are its calls read? (writ doctor tries one)"


class FailingWatch:
    """Says, once, why the first conversations of a run fail, where at least the given share of them does."""

    def __init__(self, share: float) -> None:
        self._share = share
        self._seen = 0
        self._failing = 0
        self._why: Counter[str] = Counter()

    def add(self, row: Trajectory) -> str:
        """Look at one more conversation that has ended; the diagnosis, or an empty text while there is none."""
        if not self._share or self._seen == FIRST:
            return ""
        if row.termination in (Termination.CANCELLED, Termination.STOPPED_EARLY):
            return ""
        self._seen += 1
        found = why_failing(row)
        self._failing += bool(found)
        self._why.update(found)
        if self._seen < FIRST or self._failing < self._share * FIRST:
            return ""
        why, count = self._why.most_common(1)[0]
        return f"{count} of the first {FIRST} conversations {why}"


def why_failing(row: Trajectory) -> list[str]:
    """What of a conversation speaks of a set-up that is wrong; nothing where all is as it should be."""
    kinds = {note.kind for note in row.notes}
    found = [words for kind, words in _NOTED.items() if kind in kinds]
    if row.error.startswith(f"{JUDGE_ERROR}:"):
        found.append(_UNJUDGED)
    elif row.termination in _ENDED:
        found.append(_ENDED[row.termination])
    elif not any(isinstance(message, AssistantMessage) and message.tool_calls for message in row.messages):
        found.append(_NO_CALL)
    return found
