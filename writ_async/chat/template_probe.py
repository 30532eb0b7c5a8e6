"""At start-up: which renderer speaks to a model, proved on the model folder's own files.

Our renderer of a family is used when it gives the same bytes, and refuses the same conversations, as the folder's
template on all of `CASES`. Otherwise the folder's template is used, and whoever starts the run is told. Every renderer
must also give the ids that the tokenizer gives for the whole text at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from writ_async.chat.errors import TemplateRefusedError
from writ_async.chat.family import Family, Tools, render
from writ_async.chat.format import FAMILIES, ChatFormat, FamilyFormat, TemplateFormat, TemplateNeeds
from writ_async.chat.reading import THINK_OPEN
from writ_async.chat.rendered_parts import Parts
from writ_async.chat.template import Template, load_template
from writ_async.chat.tokenizer import Tokenizer, load_reference, load_tokenizer
from writ_async.core.message import (
    AssistantMessage,
    FunctionCall,
    Message,
    SystemMessage,
    ToolCall,
    ToolMessage,
    UserMessage,
)
from writ_async.errors import InputError
from writ_async.files import PathLike


class Case(msgspec.Struct, frozen=True):
    """One probing conversation."""

    name: str
    messages: tuple[Message, ...]
    tools: tuple[dict[str, Any], ...] = ()


def _call(identity: str, name: str, arguments: str) -> ToolCall:
    return ToolCall(identity, FunctionCall(name, arguments))


_TOOLS: tuple[dict[str, Any], ...] = (
    {
        "type": "function",
        "function": {
            "name": "look_up",
            "description": "Look an order up: naïve <quotes> & 'signs'.\nTwo lines.",
            "parameters": {
                "type": "object",
                "properties": {
                    "order": {"type": "string", "description": 'such as "#A1"'},
                    "deep": {"type": "boolean"},
                },
                "required": ["order"],
            },
        },
    },
    {"type": "function", "function": {"name": "now", "description": "", "parameters": {"type": "object"}}},
)
_SYSTEM = SystemMessage("You help customers.\n<policy>\nBe exact & kind.\n</policy>")
_ASK = UserMessage("Where is order #A1? — Zoë 😀")
_HELLO = AssistantMessage("Hello! What can I do for you?")
_LOOK = AssistantMessage(None, (_call("a", "look_up", '{"order":"#A1","deep":true,"n":[1,2.50,null,"ü"]}'),))
_FOUND = ToolMessage("a", '{"status": "sent", "note": "a<b & \\"c\\""}')
_SENT = AssistantMessage("It was sent.")
_TWO = AssistantMessage("", (_call("b", "look_up", '{"order": "#A1"}'), _call("c", "now", "{}")))
_PLAIN: tuple[Message, ...] = (_SYSTEM, _ASK, _HELLO, UserMessage("Thanks\n\nbye"), _SENT)
_ROUNDS: tuple[Message, ...] = (
    *(_SYSTEM, _ASK, _LOOK, _FOUND, AssistantMessage("", (_call("d", "now", "{}"),)), ToolMessage("d", "noon")),
    *(_SENT, UserMessage("And #A2?"), _LOOK, _FOUND, _SENT, UserMessage("Thanks")),
)

CASES: tuple[Case, ...] = (
    Case("text alone", _PLAIN),
    Case("text alone, with tools", _PLAIN, _TOOLS),
    Case("no system prompt", (_ASK, _SENT)),
    Case("no system prompt, with tools", (_ASK, _SENT), _TOOLS),
    Case("an empty system prompt", (SystemMessage(""), _ASK, _SENT)),
    Case("the assistant begins", (_SYSTEM, _HELLO, _ASK, _SENT)),
    Case("the assistant begins, with tools", (_SYSTEM, _HELLO, _ASK, _SENT), _TOOLS),
    Case("a call and its result", (_SYSTEM, _ASK, _LOOK, _FOUND, _SENT), _TOOLS),
    Case("rounds of calls", _ROUNDS, _TOOLS),
    Case("rounds of calls, without tools", _ROUNDS),
    Case("text beside a call", (_SYSTEM, _ASK, replace(_LOOK, content="Let me see."), _FOUND), _TOOLS),
    Case("two calls and their results", (_SYSTEM, _ASK, _TWO, _FOUND, ToolMessage("c", "noon"), _SENT), _TOOLS),
    Case("arguments that are not JSON", (_SYSTEM, _ASK, AssistantMessage("", (_call("e", "now", "{oops"),))), _TOOLS),
    Case("a result that is a JSON string", (_SYSTEM, _ASK, _LOOK, ToolMessage("a", '"done"'), _SENT), _TOOLS),
    Case("white space around text", (_SYSTEM, UserMessage("  \n hi \n"), AssistantMessage(" well \n"), _ASK), _TOOLS),
    Case("no message but the system prompt", (_SYSTEM,), _TOOLS),
    Case("no message but the system prompt, without tools", (_SYSTEM,)),
    Case("a second system prompt", (_SYSTEM, _ASK, _HELLO, SystemMessage("Be brief."), _ASK)),
)
"""Conversations in which known templates differ. None has the name of an added token in it."""


def open_chat_format(folder: PathLike, family: str | None = None) -> ChatFormat:
    """How to speak to the model in a folder.

    With `family` that family's renderer is used whatever the folder's template says; a folder without a template needs
    it. Raises `InputError` for a folder that lacks what is needed, and for a tokenizer whose ids depend on what stands
    across a mark, for which no prompt can be appended to.
    """
    path = Path(folder)
    if family is not None and family not in FAMILIES:
        raise InputError(f"there is no chat family {family!r}; known are {', '.join(FAMILIES)}")
    tokenizer = load_tokenizer(path)
    template = load_template(path)
    chat = _choose(path, tokenizer, template, family)
    _prove_separable(chat, path)
    return chat


def difference(family: Family, template: Template) -> str | None:
    """The first case that a family and a template render differently; None when there is none."""
    for case in CASES:
        for generation in (True, False):
            if _ours(family, case, generation) != _theirs(template, case.messages, case.tools, generation):
                return case.name
    return None


def needs_of(template: Template) -> TemplateNeeds:
    """What a template must be given otherwise, tried out on small conversations."""
    greeted, asked = (_theirs(template, said, (), True) for said in ((_SYSTEM, _HELLO, _ASK), (_SYSTEM, _ASK)))
    silent, empty = ((_SYSTEM, _ASK, replace(_LOOK, content=content), _FOUND) for content in (None, ""))
    without, blank = _theirs(template, silent, _TOOLS, True), _theirs(template, empty, _TOOLS, True)
    spells = without is not None and blank is not None and "None" in without and "None" not in blank
    opening = asked or _theirs(template, (_ASK,), (), True) or ""
    return TemplateNeeds(
        user_begins=greeted is None and asked is not None,
        empty_content=blank is not None and (without is None or spells),
        thinks=opening.rstrip().endswith(THINK_OPEN),
    )


def drops_thinking(template: Template, needs: TemplateNeeds) -> bool:
    """Whether a template renders what was thought, and no longer once the user has spoken again."""
    thought = "It is to be looked up."
    turn = (_SYSTEM, _ASK, replace(_LOOK, reasoning=thought), _FOUND)
    now = _theirs(template, needs.prepare(turn), _TOOLS, True)
    later = _theirs(template, needs.prepare((*turn, _SENT, UserMessage("Thanks"))), _TOOLS, True)
    return now is not None and later is not None and thought in now and thought not in later


def unstable_case(template: Template, needs: TemplateNeeds | None = None) -> str | None:
    """The first case in which a later message changes how an earlier one is rendered; None when there is none.

    That is: a prompt that ends with the opening of an assistant's turn is not what the rendering of that turn begins
    with, or a rendering that ends with an assistant's turn is not what a longer one begins with.
    """
    for case in CASES:
        shorter = ""
        messages = case.messages if needs is None else needs.prepare(case.messages)
        for index, message in enumerate(messages):
            if not isinstance(message, AssistantMessage):
                continue
            prompt = _theirs(template, messages[:index], case.tools, True)
            turn = _theirs(template, messages[: index + 1], case.tools, False)
            if prompt is None or turn is None:
                break  # what a template refuses it cannot change
            if not prompt.startswith(shorter) or not turn.startswith(prompt):
                return case.name
            shorter = turn
    return None


def closing_of(template: Template, needs: TemplateNeeds | None = None) -> str | None:
    """What a template writes behind an assistant's words; None when that depends on the turn."""
    said = _after_turn(template, (_ASK, _SENT), ())
    if said is None:
        return None
    words, closing = said[: len(_SENT.content or "")], said[len(_SENT.content or "") :]
    call = replace(_LOOK, content="") if needs is not None and needs.empty_content else _LOOK
    called = _after_turn(template, (_ASK, call), _TOOLS)
    if words != _SENT.content or not closing or (called is not None and not called.endswith(closing)):
        return None
    return closing


def _choose(path: Path, tokenizer: Tokenizer, template: Template | None, family: str | None) -> ChatFormat:
    if family is not None:
        chosen = FAMILIES[family]
        lacking = _lacking(chosen, tokenizer)
        if lacking:
            raise InputError(f"{path}: the tokenizer has no token {lacking!r}, which the family {family} needs")
        differs = difference(chosen, template) if template else None
        notice = (f"{path}: {family} was asked for; the model's own template differs ({differs})",) if differs else ()
        return FamilyFormat(chosen, tokenizer, template, notice)
    if template is None:
        raise InputError(f"{path}: has no chat template; name the family that the model was trained as")
    found: list[str] = []
    for candidate in FAMILIES.values():
        if _lacking(candidate, tokenizer):
            continue
        differs = difference(candidate, template)
        if differs is None:
            return FamilyFormat(candidate, tokenizer, template)
        found.append(f"{candidate.name}: {differs}")
    return _with_own_template(path, tokenizer, template, found)


def _with_own_template(path: Path, tokenizer: Tokenizer, template: Template, differs: Sequence[str]) -> TemplateFormat:
    why = f" (it differs from ours in: {'; '.join(differs)})" if differs else ""
    notices = [f"{path}: the folder's own chat template is used{why}; each turn renders the whole conversation"]
    needs = needs_of(template)
    if needs.user_begins:
        notices.append(f"{path}: the template refuses an assistant that speaks first; its greeting is left out")
    if needs.empty_content:
        notices.append(f"{path}: the template fails on calls without a text beside them; they get an empty one")
    unstable = unstable_case(template, needs)
    closing = closing_of(template, needs) if unstable is None else None
    if drops_thinking(template, needs):
        notices.append(
            f"{path}: the template drops what was thought once the user has spoken again; those turns are rendered "
            "anew, noted, and out of the loss mask"
        )
    if unstable is not None:
        notices.append(
            f"{path}: the template is not prefix-stable ({unstable}): earlier turns are rendered anew, the server's "
            "prefix cache misses behind the first change, and only the last completion keeps its loss mask"
        )
    elif closing is None:
        notices.append(
            f"{path}: how the template ends an assistant's turn cannot be told; it counts as not prefix-stable"
        )
    chat = TemplateFormat(template, tokenizer, closing, tuple(notices), needs)
    if not chat.reads_calls:
        line = f"{path}: how this model writes tool calls is not known; its completions are taken for text"
        chat.notices = (*chat.notices, line)
    return chat


def _prove_separable(chat: ChatFormat, path: Path) -> None:
    """Compare the ids of the pieces with the ids of the whole, as transformers would encode it."""
    reference = load_reference(path)
    for case in CASES:
        parts = _parts(chat, case)
        if parts is not None and chat.tokenizer.encode_parts(parts) != reference.encode(str(parts)):
            raise InputError(
                f"{path}: its tokenizer gives other ids for a text than for its pieces ({case.name}), so prompts "
                "cannot be kept as token ids; use the openai engine with this model"
            )


def _parts(chat: ChatFormat, case: Case) -> Parts | None:
    try:
        return chat.render(case.messages, case.tools)
    except TemplateRefusedError:
        return None


def _lacking(family: Family, tokenizer: Tokenizer) -> str | None:
    return next((mark for mark in family.required if mark not in tokenizer.added), None)


def _ours(family: Family, case: Case, generation: bool) -> str | None:
    """A rendering, or None for a refusal: two refusals are alike whatever they say."""
    try:
        return str(render(family, case.messages, case.tools, generation=generation))
    except TemplateRefusedError:
        return None


def _theirs(template: Template, messages: Sequence[Message], tools: Tools, generation: bool) -> str | None:
    try:
        return template.render(messages, tools, generation=generation)
    except TemplateRefusedError:
        return None


def _after_turn(template: Template, messages: tuple[Message, ...], tools: Tools) -> str | None:
    """What stands behind the opening of the last message's turn."""
    prompt = _theirs(template, messages[:-1], tools, True)
    whole = _theirs(template, messages, tools, False)
    return whole[len(prompt) :] if prompt is not None and whole is not None and whole.startswith(prompt) else None
