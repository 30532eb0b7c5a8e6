"""The text of a seat's ids, which grows where it stands and goes to the server without a copy."""

import json
from pathlib import Path

import pytest
from writ_engines.sglang.seats import SeatTokens
from writ_engines.sglang.wire import Answer, FinishReason, MetaInfo

from bench.models.folders import small_model
from writ_async.chat import open_chat_format
from writ_async.core.message import Message, SystemMessage, UserMessage


@pytest.mark.parametrize("held", [False, True])
def test_a_prompt_that_is_still_being_sent_stays_as_it_is_when_the_next_is_made(tmp_path: Path, held: bool) -> None:
    chat = open_chat_format(small_model(str(tmp_path)))
    seat = SeatTokens(chat.session(()))
    view: list[Message] = [SystemMessage("Be brief."), UserMessage("hello")]
    first = seat.prompt(view)
    sent = bytes(first)
    held_back = memoryview(first) if held else None
    ids = [*chat.tokenizer.encode("hi"), min(chat.stop_ids)]
    view += [seat.receive(Answer(ids, MetaInfo(finish_reason=FinishReason("stop")))).message, UserMessage("more")]
    second = seat.prompt(view)
    if held_back is not None:
        assert held_back == sent
    assert second.startswith(sent)
    assert json.loads(b"[%b]" % bytes(second)) == list(seat.sequence().ids)
