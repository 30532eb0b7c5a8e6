"""Gold writes that the user makes with tools of their own: what the agent knew when it asked for them.

The user only does as told, so what has to be known before is held against the agent's words: at the last message before
the call in which it asked for the tool, or at its last words where none is heard to. Whether a reading is out of date
is not judged: whoever holds the thing in hand sees it change.
"""

from __future__ import annotations

from collections.abc import Sequence

from writ_async.conversation.calls import ExecutedCall, executed_calls
from writ_async.core.domain import Domain
from writ_async.core.message import AssistantMessage, Message
from writ_async.core.task import Task
from writ_async.core.trajectory import Evidence, WriteEvidence
from writ_async.language.steps import instructions_in
from writ_async.verify.evidence import cell_text, cells_by_write, match_gold
from writ_async.verify.knowledge import Knowledge


def asked_write_evidence(
    task: Task, messages: Sequence[Message], domain: Domain, calls: Sequence[ExecutedCall] | None = None
) -> list[WriteEvidence]:
    """What each successful write of the user's that has a certificate rested on, in order. `calls` are the agent's."""
    proved = {write: cells for write, cells in cells_by_write(task).items() if write is not None}
    if not domain.user_tools or not any(action.requestor == "user" for action in task.actions or ()):
        return []
    by_user = executed_calls(messages, domain.user_tools, by_user=True)
    made = [call for call in by_user if call.kind == "write" and call.succeeded]
    gold = match_gold(task.actions or (), made, domain, "user")
    made = [call for call in made if gold.get((call.message, call.number), -1) in proved]
    know = Knowledge(messages, domain, calls or executed_calls(messages, domain.tools))
    found: list[WriteEvidence] = []
    for call in made:
        asked = _asked_at(messages, call, domain)
        know.until(asked)
        index = gold[call.message, call.number]
        missing = tuple(cell_text(cell) for cell in proved[index] if not know.has_read(cell))
        label: Evidence = "lucky" if missing else "evidence_complete"
        name = call.call.function.name
        found.append(WriteEvidence(call.message, name, label, index, missing=missing, call=call.number))
    return found


def _asked_at(messages: Sequence[Message], call: ExecutedCall, domain: Domain) -> int:
    """The message in which the agent asked for a call of the user's; the place of the call where it never spoke."""
    name, last = call.call.function.name, -1
    for place in range(call.message - 1, -1, -1):
        message = messages[place]
        if type(message) is not AssistantMessage or message.tool_calls or not message.content:
            continue
        last = place if last < 0 else last
        if any(one.action.tool == name for one in instructions_in(message.content, domain.user_actions)):
            return place
    return last if last >= 0 else call.message
