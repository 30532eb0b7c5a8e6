"""Kept rows as token sequences: what a model would have written, had it held the conversation."""

from __future__ import annotations

from writ_async import (
    AssistantMessage,
    ChatFormat,
    Domain,
    FamilyFormat,
    InputError,
    Message,
    TokenSequence,
    Trajectory,
    UserMessage,
    agent_system_prompt,
)


def row_tokens(row: Trajectory, domain: Domain, chat: ChatFormat) -> TokenSequence:
    """The agent's seat of a row in a model's own format, as if its words had been generated.

    The row may come from any engine, or from a run folder. The same session makes the prompts of rollouts, so what is
    learnt here is met again there, token by token. The opening line of `Rules.greeting` is given, not learnt. Raises
    `InputError` for a model whose family nobody has written a renderer for, and `TemplateRefusedError` for a row that
    the family's template cannot render, such as several calls at once for Llama's.
    """
    if not isinstance(chat, FamilyFormat):
        raise InputError("rows can be written only in the format of a family that writ_async knows")
    end = chat.tokenizer.added[chat.family.end]
    session = chat.session(domain.schemas)
    view: list[Message] = [agent_system_prompt(domain.policy)]
    for place, message in enumerate(row.messages):
        if isinstance(message, UserMessage):
            view.append(UserMessage(message.content))  # a user's own tool calls are not for the agent's eyes
        elif isinstance(message, AssistantMessage) and place > 0:
            session.prompt(view)
            written = chat.tokenizer.encode_parts(chat.write(message))
            view.append(session.receive([*written, end]).message)
        else:
            view.append(message)
    spans = tuple((span.start, span.stop) for span in session.spans)
    return TokenSequence(ids=tuple(session.ids), generated=spans)
