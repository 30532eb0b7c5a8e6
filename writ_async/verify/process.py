"""How an agent came to its outcome: what it read, and what its writes rested on. Counts of one conversation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from writ_async.conversation.calls import ExecutedCall, call_key, executed_calls
from writ_async.core.message import Message
from writ_async.core.task import Action
from writ_async.core.tool import Tool
from writ_async.core.trajectory import WriteEvidence
from writ_async.verify.evidence import unordered_key


class Process(msgspec.Struct, frozen=True):
    """Counts of one conversation, over the agent's calls that were answered.

    `reads` are all calls of tools that read, `distinct_reads` those with a name and arguments of their own. `writes`
    succeeded; of these `complete`, `unproved`, `lucky` and `blind` say what they rested on
    (`writ_async.core.trajectory.Evidence`), and `unconfirmed` wanted something in their confirmation.

    `first_wrong` is the place among the writes, from 1, of the first that is no gold write, be it in the order of its
    lists alone; 0 where all are gold writes, None where no gold is known.
    """

    reads: int
    distinct_reads: int
    writes: int
    complete: int
    unproved: int
    lucky: int
    blind: int
    unconfirmed: int
    first_wrong: int | None
    first_wrong_name: str = ""


def process_of(
    messages: Sequence[Message],
    writes: Sequence[WriteEvidence],
    tools: Mapping[str, Tool],
    actions: Sequence[Action] | None,
) -> Process:
    """The counts of a conversation and of what its verdict says of the writes; `actions` are the gold. O(calls)."""
    calls = executed_calls(messages, tools)
    reads = [call for call in calls if call.kind == "read"]
    made = [call for call in calls if call.kind == "write" and call.succeeded]
    labelled = [write for write in writes if write.name]  # one without a name stands for what was rightly not written
    labels = [write.label for write in labelled]
    wrong = None if actions is None else _first_wrong(made, actions)
    return Process(
        reads=len(reads),
        distinct_reads=len({call_key(call.call.function.name, call.arguments or {}) for call in reads}),
        writes=len(made),
        complete=labels.count("evidence_complete"),
        unproved=labels.count("unproved"),
        lucky=labels.count("lucky"),
        blind=labels.count("blind"),
        unconfirmed=sum(bool(write.unconfirmed) for write in labelled),
        first_wrong=wrong,
        first_wrong_name=made[wrong - 1].call.function.name if wrong else "",
    )


def _first_wrong(made: Sequence[ExecutedCall], actions: Sequence[Action]) -> int:
    gold = Counter(unordered_key(action.name, action.arguments) for action in actions)
    for place, call in enumerate(made, 1):
        key = unordered_key(call.call.function.name, call.arguments or {})
        if not gold[key]:
            return place
        gold[key] -= 1
    return 0
