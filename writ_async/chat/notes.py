"""What an engine notes about a completion that was read: every engine alike."""

from __future__ import annotations

import re

from writ_async.chat.parsed import HARMLESS, Defect, Parsed
from writ_async.core.trajectory import Note, Seat

FORMAT_TOKEN = "format_token"
"""The kind of note of a text that holds a token which begins or ends a turn or a tool's result."""

CUT = "cut_at_length"
"""The kind of note of a completion that ended at a limit on its length."""

_FORMAT_TOKEN = re.compile(
    r"<\|(?:im_start|im_end|eot_id|eom_id|start_header_id|end_header_id|begin_of_text|start|end|user|assistant|system"
    r"|observation|endoftext)\|>|</?tool_response>|<｜(?:User|Assistant|end▁of▁sentence|tool▁output▁begin)｜>"
    r"|<(?:start|end)_of_turn>|\[/?INST\]|\[TOOL_RESULTS\]"
)


def notes_on(parsed: Parsed, seat: Seat, turn: int, cut_after: int | None = None) -> list[Note]:
    """A note for each defect, one for tokens of the format in what was said, and one for a completion that was cut.

    What an agent has written in another form than its family's, or said beside a call, matters: nobody should learn it.
    `cut_after` is the number of tokens after which a limit on length cut the completion; then the cut is what matters.
    """
    agent = seat == "agent" and cut_after is None
    where = f"in the {seat}'s words"
    notes = [Note(str(defect), turn, where, agent and defect not in HARMLESS) for defect in parsed.defects]
    token = _FORMAT_TOKEN.search(parsed.message.content or "")
    if token is not None:
        notes.append(Note(FORMAT_TOKEN, turn, f"{token.group()} {where}", agent))
    if cut_after is not None:
        notes.append(Note(CUT, turn, f"the {seat}, after {cut_after} tokens", seat == "agent"))
    return notes


def note_of_call_as_text(parsed: Parsed, seat: Seat, turn: int) -> Note | None:
    """The note of a text in which calls were found that were left there; None without any."""
    names = ", ".join(call.function.name for call in parsed.message.tool_calls)
    if not names and Defect.CALL_AS_TEXT not in parsed.defects:
        return None
    return Note(str(Defect.CALL_AS_TEXT), turn, f"{names or 'a call'} in the {seat}'s words", seat == "agent")
