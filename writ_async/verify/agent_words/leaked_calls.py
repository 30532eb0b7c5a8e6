"""Calls that an agent told as text instead of making them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from writ_async.chat.completion import read_completion
from writ_async.chat.parsed import MALFORMED, Defect, KnownTools
from writ_async.chat.reading import Form
from writ_async.verify.agent_words.lexicon import alternatives, contains_any, shown

_CALL_TAG: Final = re.compile(
    r"</?(?:tool_call|tool_calls|function_call|function_calls|tool_code|tool_use|invoke|use_tool)[ >]|<function="
    r"|<\|python_tag\|>|<｜tool▁call|<\|tool_call|\[TOOL_CALLS\]|<parameter[ =]"
)
_NO_FORM: Final[frozenset[Form]] = frozenset()


class ToolNames:
    """The tools that an agent has, as readers of calls and patterns want them."""

    __slots__ = ("_joined", "_words", "answered", "known", "written")

    def __init__(self, tools: Iterable[str]) -> None:
        self.known: KnownTools = {name: {} for name in tools}
        lower = [name.casefold() for name in self.known]
        self._joined = tuple(name for name in lower if "_" in name)
        # A name that is a word of everybody's says nothing by itself.
        self._words = tuple(
            form
            for name in lower
            if "_" not in name
            for form in (f"{name}(", f'"{name}"', f"`{name}", f"<{name}", f"action: {name}")
        )
        names = alternatives(sorted(self.known, key=len, reverse=True)) if self.known else "(?!)"
        key = r"[A-Za-z_]\w{0,60}\s{0,3}[=:]"
        self.written = re.compile(
            rf"(?<!\w){names}\s{{0,2}}\((?=\s{{0,8}}(?:\)|{key}|[\"'{{\[\d#]))|<{names}[\s>]|<tool(?:_name)?>\s{{0,4}}{names}"
            rf"|(?:^|\n)[ \t`*]{{0,4}}{names}[ \t`]{{0,3}}[:=]?[ \t]{{0,3}}\n?[ \t]{{0,3}}\{{"
            r"(?:[^\n]{0,4000}\}[ \t`]{0,4})?(?:\n|$)"
            rf"|to=(?:functions\.)?{names}|(?:[Ff]unction|[Tt]ool)[ _]?[Cc]all(?:ed)?[ \t*:`]{{1,5}}{names}(?!\w)"
            rf"|Action:\s{{0,4}}`?{names}(?!\w)"
            rf"|\"(?:name|function|tool|tool_name)\"\s{{0,4}}:\s{{0,4}}\"{names}\""
            rf"|\"action\"\s{{0,4}}:\s{{0,4}}\"{names}\"\s{{0,4}},\s{{0,4}}\"(?:action_)?(?:input|args|arguments|parameters)\""
        )
        self.answered = re.compile(
            rf"[Rr]esults? (?:of|from) (?:the )?`?{names}(?!\w)[^\n:]{{0,30}}:"
            rf"|(?<!\w){names}[`()\w ]{{0,12}} (?:returned|returns|result|response|output|responded)\b[^\n:]{{0,20}}:"
        )

    def any_in(self, lower: str) -> bool:
        """Whether a text in lower case names any of the tools, perhaps as a part of a longer word."""
        return ("_" in lower and contains_any(lower, self._joined)) or contains_any(lower, self._words)


@lru_cache(maxsize=64)
def tool_names(tools: tuple[str, ...]) -> ToolNames:
    """The patterns of tools of these names, made once."""
    return ToolNames(tools)


def leaked_call(text: str, names: ToolNames, mentioned: bool) -> str:
    """Where a text tells a call of one of the tools, in whichever form; empty where it tells none.

    `mentioned` says whether it has the name of any tool.
    """
    tagged = "<" in text or "[" in text
    found = _CALL_TAG.search(text) if tagged else None
    if found is None and mentioned:
        found = names.written.search(text)
    if found is not None:
        return shown(text, found.start())
    if not tagged and "{" not in text:
        return ""
    parsed = read_completion(text, 0, names.known, _NO_FORM)
    for call in parsed.message.tool_calls:
        if call.function.name in names.known or call.function.name == MALFORMED:
            return shown(f"{call.function.name} {call.function.arguments}")
    return shown(text) if Defect.CALL_AS_TEXT in parsed.defects else ""
