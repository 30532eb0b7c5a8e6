"""Compares a finished session with a rendering of its whole conversation by the model folder's own template."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from writ_async.chat.errors import TemplateRefusedError
from writ_async.chat.family import Tools
from writ_async.chat.format import ChatFormat, FamilyFormat
from writ_async.chat.hide_token_names import TokenNameHider
from writ_async.chat.rendered_parts import Parts, parts_of, split_marks, splitter
from writ_async.chat.session import Session
from writ_async.core.message import AssistantMessage, Message


class Audit(msgspec.Struct, frozen=True):
    """`difference` is the place of the first id that is not the template's, or None. `canonical` counts those of
    `completions` whose ids are also those of their own messages: a model that writes its format exactly, in the
    tokenizer's own pieces, makes all of them so.
    """

    difference: int | None
    completions: int
    canonical: int


def audit(chat: ChatFormat, session: Session, messages: Sequence[Message], tools: Tools) -> Audit:
    """Render the messages that a session has seen in one go, and compare all ids that the model did not generate.

    What the model generated stands in the rendering as a placeholder, since no template can be expected to give back
    what a model sampled; `canonical` says where it would. `messages` is the view last shown to the session.
    """
    if not session.waiting and session.seen > len(messages):
        messages = [*messages, AssistantMessage("")]
    shown = list(messages[: session.seen])
    names = [f"\U0010fffd{index}\U0010fffd" for index in range(len(session.spans))]
    for name, span in zip(names, session.spans, strict=True):
        shown[span.message] = AssistantMessage(name)
    rendered = _render(chat, shown, tools, session.waiting)
    pieces = _cut(rendered, names)
    place = 0
    for index, piece in enumerate(pieces):
        last = index == len(pieces) - 1
        if last and names and not session.waiting:
            break  # what follows the last completion is rendered with the next turn
        stop = len(session.ids) if last else session.spans[index].start
        if index and place and session.ids[place - 1] in _ends(chat, piece):
            piece = parts_of(piece.items[2:])  # the model has ended its turn itself
        wanted = chat.tokenizer.encode_parts(piece)
        got = session.ids[place:stop]
        if wanted != got:
            same = next((at for at, (a, b) in enumerate(zip(wanted, got, strict=False)) if a != b), None)
            return Audit(place + (min(len(wanted), len(got)) if same is None else same), len(names), 0)
        place = stop if last else session.spans[index].stop
    return Audit(None, len(names), sum(_canonical(chat, session, index) for index in range(len(names))))


def _render(chat: ChatFormat, messages: Sequence[Message], tools: Tools, generation: bool) -> Parts:
    if not isinstance(chat, FamilyFormat) or chat.template is None:
        return chat.render(messages, tools, generation=generation)
    hider = TokenNameHider(chat.tokenizer.added)
    prepared = hider.messages(chat.family.prepare(messages, tools))
    text = chat.template.render(prepared, hider.tools(tools) if tools else tools, generation=generation)
    return hider.parts(text)


def _cut(parts: Parts, names: Sequence[str]) -> list[Parts]:
    """The rendering cut at the placeholders."""
    pattern = splitter(names)
    pieces = [Parts()]
    for index, item in enumerate(parts.items):
        if index % 2:
            pieces[-1].mark(item)
            continue
        for place, text in enumerate(split_marks(item, pattern).items):
            if place % 2:
                pieces.append(Parts())
            else:
                pieces[-1].say(text)
    return pieces


def _ends(chat: ChatFormat, piece: Parts) -> frozenset[int]:
    """The ids that stand for the mark with which a piece begins."""
    if len(piece.items) < 2 or piece.items[0]:
        return frozenset()
    mark = piece.items[1]
    marks = chat.family.ends if isinstance(chat, FamilyFormat) and mark == chat.family.end else {mark}
    return frozenset(chat.tokenizer.added[name] for name in marks if name in chat.tokenizer.added)


def _canonical(chat: ChatFormat, session: Session, index: int) -> bool:
    span = session.spans[index]
    ids = session.ids[span.start : span.stop]
    if not ids or ids[-1] not in chat.stop_ids:
        return False
    message = chat.parse(chat.tokenizer.decode(ids[:-1]), index).message
    try:
        written = chat.write(message)
    except TemplateRefusedError:
        return False
    return written is not None and chat.tokenizer.encode_parts(written) == ids[:-1]
