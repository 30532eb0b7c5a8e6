"""An agent that says what the scripted agent says in other words, with pauses and offers of a hand-over in between."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from random import Random

import msgspec

from tests.support.agent_sayings import KINDS, LAY_OUT, pattern_of, text_of
from writ_async.core.engine import Completion, Engine, Request, end_session
from writ_async.core.message import AssistantMessage, Message, UserMessage

Forms = Mapping[str, Sequence[str]]

_AS = {LAY_OUT: "LAYOUT", "DONE_ONE": "DONE", "LOOKED_AND_FORBIDDEN": "FORBIDDEN"}
"""Sayings that are put in the words of another kind."""


def read_forms(path: Path) -> Forms:
    """The forms of each kind of line."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


@cache
def _own_lines(kinds: frozenset[str]) -> re.Pattern[str]:
    """Whatever the scripted agent says of these kinds; the group that is found is the kind."""
    return re.compile("|".join(f"(?P<{kind}>{text_of(kind)})" for kind in KINDS if _AS.get(kind, kind) in kinds))


class ParaphrasedAgent:
    """Wraps an engine. `pauses`: how often a message of its own begs for patience or offers a hand-over."""

    def __init__(self, inner: Engine, forms: Forms, pauses: float = 0.15) -> None:
        self._inner = inner
        self._forms = forms
        self._pauses = pauses
        self._inserted: dict[str, list[str]] = {}
        self._asked: dict[str, bool] = {}
        self._said: dict[str, set[str]] = {}

    async def complete(self, request: Request) -> Completion:
        """The wrapped engine's completion in other words, or a pause."""
        if request.seat != "agent":
            return await self._inner.complete(request)
        rng = Random(f"{request.task_id}/{request.turn}")
        if (pause := self._pause(request, rng)) is not None:
            return Completion(message=AssistantMessage(pause))
        inserted = self._inserted.get(request.session, [])
        messages = _without_pauses(request.messages, inserted)
        completion = await self._inner.complete(
            msgspec.structs.replace(request, messages=messages, turn=request.turn - len(inserted))
        )
        said = completion.message
        if not said.content or said.tool_calls:
            return completion
        self._asked[request.session] = pattern_of(LAY_OUT).match(said.content) is not None
        text = self._in_other_words(said.content, rng, self._said.setdefault(request.session, set()))
        if rng.random() < self._pauses and not completion.notes:
            text = f"{self._draw('FILL', rng, self._said[request.session])} {text}"
        return msgspec.structs.replace(completion, message=AssistantMessage(text))

    def end_session(self, session: str) -> None:
        """Forget a conversation."""
        for kept in (self._inserted, self._asked, self._said):
            kept.pop(session, None)
        end_session(self._inner, session)

    async def aclose(self) -> None:
        """Nothing to close."""

    def _pause(self, request: Request, rng: Random) -> str | None:
        """A message that the wrapped agent does not say; never after a yes, which has to stand before its write."""
        last = request.messages[-1]
        inserted = self._inserted.setdefault(request.session, [])
        if not isinstance(last, UserMessage) or "?" in (last.content or "") or not request.turn or len(inserted) > 1:
            return None
        if self._asked.get(request.session) or rng.random() >= self._pauses:
            return None
        kind = "OFFER" if inserted else "FILL"
        pause = self._draw(kind, rng, self._said.setdefault(request.session, set()))
        inserted.append(pause)
        return pause

    def _draw(self, kind: str, rng: Random, said: set[str]) -> str:
        """A form of a kind, and one that was not said yet as long as there is one."""
        fresh = [form for form in self._forms[kind] if form not in said]
        form = rng.choice(fresh or self._forms[kind])
        said.add(form)
        return form

    def _in_other_words(self, text: str, rng: Random, said: set[str]) -> str:
        def other(found: re.Match[str]) -> str:
            groups = found.groupdict()
            kind = next(kind for kind, line in groups.items() if line is not None)
            gap = next((group for group in found.groups() if group not in (None, groups[kind])), "")
            blank = " " if kind == LAY_OUT else ""
            return self._draw(_AS.get(kind, kind), rng, said).replace("{}", gap) + blank

        return _own_lines(frozenset(self._forms)).sub(other, text)


def _without_pauses(messages: Sequence[Message], inserted: Sequence[str]) -> list[Message]:
    """The messages without the pauses; what the user says to one is added to what they had said before."""
    kept: list[Message] = []
    after_pause = False
    for message in messages:
        if isinstance(message, AssistantMessage) and message.content in inserted:
            after_pause = True
            continue
        if after_pause and isinstance(message, UserMessage) and kept and isinstance(kept[-1], UserMessage):
            kept[-1] = UserMessage(f"{kept[-1].content} {message.content}")
        else:
            kept.append(message)
        after_pause = False
    return kept
