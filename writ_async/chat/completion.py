"""Reads a completion: what was said, what was thought, and the calls, whichever published form they are written in.

One pass from left to right looks for what a thought or a call may begin with; all else is said. A form that is not the
family's own is read too, and noted. `docs/completions.md` lists the forms.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Literal

from writ_async.chat.harmony import HARMONY_MESSAGE, split_harmony
from writ_async.chat.json_calls import find_calls, read_calls, scan_json
from writ_async.chat.parsed import Defect, KnownTools, Parsed, Parser, build, call_id
from writ_async.chat.tagged_calls import (
    read_function_tag,
    read_invoke_tag,
    read_keys_and_values,
    read_named_json,
    read_python_call,
)
from writ_async.core.message import FunctionCall, ToolCall

Form = Literal["tags", "function", "keys", "invoke", "deepseek", "kimi", "mistral", "bare", "python", "harmony"]
"""How a family writes calls; see `docs/completions.md`."""

THINK_OPEN, THINK_CLOSE = "<think>", "</think>"
CALL_OPEN, CALL_CLOSE = "<tool_call>", "</tool_call>"
PYTHON = "<|python_tag|>"

_OPENER = re.compile(
    r"(?P<think><think>)|(?P<stray></think>)|(?P<tags><tool_call>)|(?P<function><function=(?P<name>[^>\s]{1,64})>)"
    r'|(?P<invoke><(?:｜DSML｜)?invoke\s+name="(?P<invoked>[^"\n]{1,64})"\s*>)'
    r"|(?P<deepseek><｜tool▁call▁begin｜>)|(?P<kimi><\|tool_call_begin\|>)|(?P<mistral>\[TOOL_CALLS\])"
    r"|(?P<python><\|python_tag\|>)|(?P<fence>```(?:json|tool_call|tool_code)?[ \t]*\n?\s*(?=[\[{]))"
    r'|(?P<bare>\{(?=\s*["}])|\[(?=\s*\{\s*"))|(?P<pythonic>\[(?=\s*[A-Za-z_][\w.]*\())'
    r"|(?P<frame><｜tool▁calls▁(?:begin|end)｜>|<\|tool_calls_section_(?:begin|end)\|>"
    r"|</?(?:｜DSML｜|minimax:)?(?:function_calls|tool_calls)>|</?minimax:tool_call>)"
)
_ATTEMPT = re.compile(
    r'\{\s*"(?:type"\s*:\s*"function"\s*,\s*")?name"\s*:\s*"([A-Za-z0-9_.\-]{1,64})"\s*(,\s*"(?:parameters|arguments)"\s*(?::\s*(?:[{"\[]|\Z)|\Z))?'
)
_STRAY = re.compile(
    r"</(?:think|tool_call|function|parameter|arg_value|(?:｜DSML｜)?invoke)>|<｜tool▁call▁end｜>|<\|tool_call_end\|>"
)
_MISTRAL = re.compile(r"\s*([A-Za-z_][\w.\-]{0,63})(?:\[CALL_ID\][^\[\s]*)?(?:\[ARGS\]|\s*(?=\{))")
_KIMI = re.compile(r"\s*(?:functions\.)?([A-Za-z0-9_.\-]{1,64}?)(?::\d+)?\s*<\|tool_call_argument_begin\|>")
_DEEPSEEK = re.compile(r"\s*(?:function<｜tool▁sep｜>)?([A-Za-z0-9_.\-]{1,64})\s*(?:<｜tool▁sep｜>|\n)")
_NAME_BEFORE_JSON = re.compile(r"([A-Za-z_][\w.\-]{0,63})\s*(?=```|\{)")
_SEPARATORS = " \t\r\n;,"  # what models put between calls
_MOST_SCANS = 200  # of texts that begin like JSON and are none: a completion of braces alone costs no more

NO_TOOLS: KnownTools = {}


def parser_of(*own: Form) -> Parser:
    """The reader of a family that writes its calls in these forms."""
    forms = frozenset(own)

    def parse(text: str, turn: int, tools: KnownTools = NO_TOOLS) -> Parsed:
        return read_completion(text, turn, tools, forms)

    return parse


def read_completion(text: str, turn: int, tools: KnownTools, own: frozenset[Form]) -> Parsed:
    """A completion's text as a message. Raises nothing.

    Text before the first call is the content; what stands between or after calls is put behind it.
    """
    if "<|message|>" in text and ("harmony" in own or HARMONY_MESSAGE.search(text)):
        return _read_harmony(text, turn, tools, own)
    reading = _Reading(text, tools, own)
    reading.read()
    calls = [ToolCall(call_id(turn, place), call) for place, call in enumerate(reading.calls)]
    return build(*reading.said(), calls, reading.defects, "\n\n".join(reading.thoughts))


def split_thinking(text: str) -> Parsed:
    """What was said in a text without calls, and what was thought."""
    reading = _Reading(text, NO_TOOLS, frozenset(), thoughts_only=True)
    reading.read()
    return build(*reading.said(), [], reading.defects, "\n\n".join(reading.thoughts))


def _read_harmony(text: str, turn: int, tools: KnownTools, own: frozenset[Form]) -> Parsed:
    defects: list[Defect] = []
    parts = split_harmony(text, tools, defects)
    if parts.calls and "harmony" not in own:
        defects.append(Defect.OTHER_FORM)
    calls = [ToolCall(call_id(turn, place), call) for place, call in enumerate(parts.calls)]
    return build("\n".join(parts.before), parts.after, calls, defects, "\n\n".join(parts.thoughts))


class _Reading:
    """One pass over one completion.

    `pieces` are what was said, in order; `first` is the number of them before the first call. A reader of a form says
    where the text behind it begins, or None where it is no call after all.
    """

    def __init__(self, text: str, tools: KnownTools, own: frozenset[Form], *, thoughts_only: bool = False) -> None:
        self.text = text
        self.tools = tools
        self.own = own
        self.thoughts_only = thoughts_only
        self.calls: list[FunctionCall] = []
        self.thoughts: list[str] = []
        self.defects: list[Defect] = []
        self.pieces: list[str] = []
        self.first: int | None = None
        self.scans = 0

    def read(self) -> None:
        """Fill the lists."""
        text = self.text
        start = position = self._take_unopened_thought()
        while (found := _OPENER.search(text, position)) is not None:
            kind = found.lastgroup or ""
            kind = {"name": "function", "invoked": "invoke"}.get(kind, kind)
            if self.thoughts_only and kind != "think":
                position = found.end()
                continue
            calls = len(self.calls)
            stop = _READERS[kind](self, found)
            if stop is None:
                position = found.end()
                continue
            self._say(text[start : found.start()], calls, kind)
            start = position = stop
        self._say(text[start:], len(self.calls), "")
        self._note()

    def said(self) -> tuple[str, list[str]]:
        """What was said before the first call, and the pieces after it."""
        first = len(self.pieces) if self.first is None else self.first
        before = self.pieces[:first]
        if len(before) > 1:
            before = [piece.strip("\r\n") for piece in before if piece.strip()]
        return "\n".join(before), self.pieces[first:]

    def _say(self, piece: str, calls: int, kind: str) -> None:
        """Keep a piece that stands before the thing of a kind; `calls` were read before it."""
        if calls and not piece.strip(_SEPARATORS):
            piece = ""
        if kind == "think":
            piece = piece.rstrip()
        elif kind in ("bare", "python", "fence", "pythonic") and not calls:
            piece = piece.strip()
        elif kind and not calls:
            piece = piece.removesuffix("\n")
        if piece:
            self.pieces.append(piece)
        if len(self.calls) > calls and self.first is None:
            self.first = len(self.pieces)

    def _note(self) -> None:
        if len(self.calls) > 1 and "bare" in self.own:
            self.defects.append(Defect.SEVERAL_CALLS)
        for piece in self.pieces:
            if _STRAY.search(piece):
                self.defects.append(Defect.STRAY_TAG)

    def _add(self, calls: list[FunctionCall], form: Form) -> None:
        self.calls += calls
        if form not in self.own:
            self.defects.append(Defect.OTHER_FORM)

    def _skip_space(self, position: int) -> int:
        while position < len(self.text) and self.text[position] in " \t\r\n":
            position += 1
        return position

    def _skip_breaks(self, position: int) -> int:
        while position < len(self.text) and self.text[position] in "\r\n":
            position += 1
        return position

    # Thoughts

    def _take_unopened_thought(self) -> int:
        """Where the rest begins after a thought whose opening tag stood in the prompt, as some templates have it.

        A closing tag counts so only before the first call, whose arguments may hold anything.
        """
        text = self.text
        close = text.find(THINK_CLOSE)
        if close < 0 or THINK_OPEN in text[:close]:
            return 0
        for found in _OPENER.finditer(text, 0, close):
            if found.lastgroup in ("think", "fence", "frame", "mistral", "pythonic"):
                continue
            if found.lastgroup != "bare" or (scan_json(text, found.start()) or 0) > close:
                return 0
        if thought := text[:close].strip():
            self.thoughts.append(thought)
        return self._skip_breaks(close + len(THINK_CLOSE))

    def _thought(self, found: re.Match[str]) -> int | None:
        """A block of reasoning. One without an end counts where nothing stands before it on its line."""
        text = self.text
        before = text[: found.start()]
        close = text.find(THINK_CLOSE, found.end())
        opening = not before.strip()
        if close < 0 and not opening and not before.rstrip(" \t").endswith("\n"):
            return None
        if not opening:
            self.defects.append(Defect.SEVERAL_THOUGHTS)
        if close < 0:
            self.defects.append(Defect.UNCLOSED_REASONING)
            close = len(text)
        if thought := text[found.end() : close].strip():
            self.thoughts.append(thought)
        return self._skip_breaks(min(len(text), close + len(THINK_CLOSE)))

    def _stay(self, found: re.Match[str]) -> int | None:
        return None

    def _frame(self, found: re.Match[str]) -> int | None:
        """A tag around calls, which says nothing itself."""
        return found.end()

    # Calls between tags

    def _tags(self, found: re.Match[str]) -> int | None:
        start = found.end()
        body = self._skip_space(start)
        if self.text.startswith("<function=", body):
            return self._functions(body)
        defects: list[Defect] = []
        keys = read_keys_and_values(self.text, start, self.tools, "keys" in self.own, defects)
        if keys is not None:
            self.defects += defects
            self._add([keys[0]], "keys")
            return self._closed(keys[1])
        name = _NAME_BEFORE_JSON.match(self.text, body)
        if name is not None and scan_json(self.text, self.text.find("{", name.end())) is not None:
            call, stop = read_named_json(self.text, name[1], name.end(), (CALL_CLOSE,), self.defects)
            self._add([call], "keys")
            return self._closed(stop)
        return self._json_tag(start)

    def _closed(self, position: int) -> int:
        """Where the text behind a tag's end begins, if the tag ends here."""
        position = self._skip_space(position)
        if self.text.startswith(CALL_CLOSE, position):
            return position + len(CALL_CLOSE)
        self.defects.append(Defect.UNCLOSED_CALL)
        return position

    def _functions(self, start: int) -> int:
        """The calls between tags of their own that stand in one `<tool_call>`."""
        position, count = start, 0
        while (found := _OPENER.match(self.text, position)) is not None and found["function"]:
            call, stop = read_function_tag(self.text, found["name"], found.end(), self.tools, self.defects)
            self._add([call], "function")
            count += 1
            position = self._skip_space(stop)
        if count > 1:
            self.defects.append(Defect.SHARED_TAG)
        if Defect.BROKEN_JSON in self.defects and not self.text.startswith(CALL_CLOSE, position):
            return position
        return self._closed(position)

    def _json_tag(self, start: int) -> int | None:
        """The calls of one tag that holds JSON.

        The end is looked for behind whole JSON values, because a string in them may hold the tag.
        """
        text = self.text
        position = self._skip_space(start)
        calls: list[FunctionCall] = []
        values = 0
        while (stop := scan_json(text, position)) is not None:
            behind = self._skip_space(stop)
            if behind < len(text) and not text.startswith((CALL_CLOSE, CALL_OPEN, "{"), behind):
                break
            calls += read_calls(text[position:stop], self.defects, self.tools)
            values += 1
            position = behind
            if not text.startswith("{", position):
                break
        if values > 1:
            self.defects.append(Defect.SHARED_TAG)
        if values:
            self._add(calls, "tags")
            if text.startswith(CALL_CLOSE, position):
                return position + len(CALL_CLOSE)
            if position == len(text) or text.startswith(CALL_OPEN, position):
                self.defects.append(Defect.UNCLOSED_CALL)
                return position
        return self._broken_tag(position)

    def _broken_tag(self, start: int) -> int:
        """Take all up to the tag's end, the next tag or the end of the text for one malformed call."""
        text = self.text
        stop = text.find(CALL_CLOSE, start)
        following = text.find(CALL_OPEN, start)
        if stop < 0 or 0 <= following < stop:
            self.defects.append(Defect.UNCLOSED_CALL)
            stop = end = following if following >= 0 else len(text)
        else:
            end = stop + len(CALL_CLOSE)
        self._add(read_calls(text[start:stop], self.defects, self.tools), "tags")
        return end

    def _function(self, found: re.Match[str]) -> int | None:
        call, stop = read_function_tag(self.text, found["name"], found.end(), self.tools, self.defects)
        self._add([call], "function")
        behind = self._skip_space(stop)
        if self.text.startswith(CALL_CLOSE, behind):  # the opening tag was forgotten
            self.defects.append(Defect.STRAY_TAG)
            return behind + len(CALL_CLOSE)
        return stop

    def _invoke(self, found: re.Match[str]) -> int | None:
        call, stop = read_invoke_tag(self.text, found["invoked"], found.end(), self.tools, self.defects)
        self._add([call], "invoke")
        return stop

    def _deepseek(self, found: re.Match[str]) -> int | None:
        return self._named(_DEEPSEEK, found.end(), "<｜tool▁call▁end｜>", "deepseek")

    def _kimi(self, found: re.Match[str]) -> int | None:
        return self._named(_KIMI, found.end(), "<|tool_call_end|>", "kimi")

    def _named(self, head: re.Pattern[str], start: int, closing: str, form: Form) -> int:
        """A call between marks: a name and JSON."""
        text = self.text
        name = head.match(text, start)
        if name is None:
            stop = text.find(closing, start)
            end = len(text) if stop < 0 else stop
            self._add(read_calls(text[start:end], self.defects, self.tools), form)
        else:
            call, end = read_named_json(text, name[1], name.end(), (closing,), self.defects)
            self._add([call], form)
        end = self._skip_space(end)
        if text.startswith(closing, end):
            return end + len(closing)
        self.defects.append(Defect.UNCLOSED_CALL)
        return end

    def _mistral(self, found: re.Match[str]) -> int | None:
        position = self._skip_space(found.end())
        if self.text.startswith(("[", "{"), position):
            stop = scan_json(self.text, position)
            end = len(self.text) if stop is None else stop
            noted: list[Defect] = []
            calls = read_calls(self.text[position:end], noted, self.tools)
            lists = {Defect.WRAPPED_CALL, Defect.SHARED_TAG} if "mistral" in self.own else set()
            self.defects += (defect for defect in noted if defect not in lists)
            self._add(calls, "mistral")
            return end
        name = _MISTRAL.match(self.text, position)
        if name is None:
            return None
        call, end = read_named_json(self.text, name[1], name.end(), ("[TOOL_CALLS]",), self.defects)
        self._add([call], "mistral")
        return end

    # Calls without tags

    def _python(self, found: re.Match[str]) -> int | None:
        """What follows Llama's tag is a call whatever it looks like."""
        text = self.text
        position = found.end()
        while position < len(text) and text[position] in _SEPARATORS:
            position += 1
        if text.startswith(("{", "["), position):
            stop = scan_json(text, position)
            if stop is not None:
                self._add(read_calls(text[position:stop], self.defects, self.tools), "python")
                return self._more(stop)
        elif (call := read_python_call(text, position, self.tools, self.defects)) is not None:
            self._add([call[0]], "python")
            return self._more(call[1])
        stop = self._next_attempt(position)
        self._add(read_calls(text[position:stop], self.defects, self.tools), "python")
        return stop

    def _more(self, position: int) -> int:
        """Behind a call: separators are left out where another call follows them."""
        behind = position
        while behind < len(self.text) and self.text[behind] in _SEPARATORS:
            behind += 1
        return behind if behind == len(self.text) or _ATTEMPT.match(self.text, behind) else position

    def _next_attempt(self, position: int) -> int:
        """Where the next call may begin behind one that is broken; what stands before it belongs to that."""
        places = [place for mark in (PYTHON, CALL_OPEN) if (place := self.text.find(mark, position)) >= 0]
        attempt = next((found for found in _ATTEMPT.finditer(self.text, position + 1) if self._counts(found)), None)
        return min([*places, attempt.start()] if attempt else places, default=len(self.text))

    def _counts(self, attempt: re.Match[str]) -> bool:
        return attempt[1] in self.tools or ("bare" in self.own and attempt[2] is not None)

    def _bare(self, found: re.Match[str]) -> int | None:
        text, start = self.text, found.start()
        stop = self._scan(start)
        if stop is None:
            attempt = _ATTEMPT.match(text, start)
            if attempt is None or not self._counts(attempt) or self.scans > _MOST_SCANS:
                return None
            stop = self._next_attempt(start)
            self._add(read_calls(text[start:stop], self.defects, self.tools), "bare")
            return stop
        alone = not text[:start].strip() and not text[stop:].strip()
        calls = find_calls(text[start:stop], self.defects, self.tools, "bare" in self.own, alone)
        if not calls:
            return None
        self._add(calls, "bare")
        return self._more(stop)

    def _fence(self, found: re.Match[str]) -> int | None:
        """A fenced block of JSON that is calls and nothing else."""
        position = found.end()
        calls: list[FunctionCall] = []
        noted: list[Defect] = []
        while (stop := self._scan(position)) is not None:
            made = find_calls(self.text[position:stop], noted, self.tools, "bare" in self.own, False)
            if not made:
                return None
            calls += made
            position = self._skip_space(stop)
            if not self.text.startswith("{", position):
                break
        closed = self.text.startswith("```", position)
        if not calls or (not closed and position < len(self.text)):
            return None
        self.defects += noted
        self._add(calls, "bare")
        if "bare" in self.own:
            self.defects.append(Defect.OTHER_FORM)
        return position + 3 if closed else position

    def _pythonic(self, found: re.Match[str]) -> int | None:
        """A list of Python calls, as Llama 3.2 and 4 write them; only of known tools."""
        position = self._skip_space(found.end())
        calls: list[FunctionCall] = []
        noted: list[Defect] = []
        while (call := read_python_call(self.text, position, self.tools, noted)) is not None:
            if call[0].name not in self.tools:
                return None
            calls.append(call[0])
            position = self._skip_space(call[1])
            if not self.text.startswith(",", position):
                break
            position = self._skip_space(position + 1)
        if not calls or not self.text.startswith("]", position):
            return None
        self.defects += noted
        self._add(calls, "python")
        return position + 1

    def _scan(self, start: int) -> int | None:
        if self.scans > _MOST_SCANS:
            return None
        stop = scan_json(self.text, start)
        self.scans += stop is None
        return stop


_READERS: Mapping[str, Callable[[_Reading, re.Match[str]], int | None]] = {
    "think": _Reading._thought,
    "stray": _Reading._stay,
    "tags": _Reading._tags,
    "function": _Reading._function,
    "invoke": _Reading._invoke,
    "deepseek": _Reading._deepseek,
    "kimi": _Reading._kimi,
    "mistral": _Reading._mistral,
    "python": _Reading._python,
    "fence": _Reading._fence,
    "bare": _Reading._bare,
    "pythonic": _Reading._pythonic,
    "frame": _Reading._frame,
}
