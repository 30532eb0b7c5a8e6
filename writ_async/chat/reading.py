"""The state of one pass over one completion, and what the forms of calls begin with."""

from __future__ import annotations

import re
from typing import Literal

from writ_async.chat.json_calls import scan_json
from writ_async.chat.parsed import Defect, KnownTools
from writ_async.core.message import FunctionCall

Form = Literal["tags", "function", "keys", "invoke", "deepseek", "kimi", "mistral", "bare", "python", "harmony"]
"""How a family writes calls; see `docs/completions.md`."""

THINK_OPEN, THINK_CLOSE = "<think>", "</think>"
CALL_OPEN, CALL_CLOSE = "<tool_call>", "</tool_call>"
PYTHON = "<|python_tag|>"

OPENING = re.compile(r"[<\[{`]")
"""What `OPENER`, and a tag that stands alone, may begin with: most completions have none of these, and are words."""

OPENER = re.compile(
    r"(?P<think><think>)|(?P<stray></think>)|(?P<tags><tool_call>)|(?P<function><function=(?P<name>[^>\s]{1,64})>)"
    r'|(?P<invoke><(?:｜DSML｜)?invoke\s+name="(?P<invoked>[^"\n]{1,64})"\s*>)'
    r"|(?P<deepseek><｜tool▁call▁begin｜>)|(?P<kimi><\|tool_call_begin\|>)|(?P<mistral>\[TOOL_CALLS\])"
    r"|(?P<python><\|python_tag\|>)|(?P<fence>```(?:json|tool_call|tool_code)?[ \t]*\n?\s*(?=[\[{]))"
    r'|(?P<bare>\{(?=\s*["}])|\[(?=\s*\{\s*"))|(?P<pythonic>\[(?=\s*[A-Za-z_][\w.]*\())'
    r"|(?P<frame><｜tool▁calls▁(?:begin|end)｜>|<\|tool_calls_section_(?:begin|end)\|>"
    r"|</?(?:｜DSML｜|minimax:)?(?:function_calls|tool_calls)>|</?minimax:tool_call>)"
)
"""What a thought or a call may begin with, by the name of the reader."""

_STRAY = re.compile(
    r"</(?:think|tool_call|function|parameter|arg_value|(?:｜DSML｜)?invoke)>|<｜tool▁call▁end｜>|<\|tool_call_end\|>"
)
SEPARATORS = " \t\r\n;,"  # what models put between calls
MOST_SCANS = 200  # of texts that begin like JSON and are none: a completion of braces alone costs no more


class Reading:
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

    def said(self) -> tuple[str, list[str]]:
        """What was said before the first call, and the pieces after it."""
        first = len(self.pieces) if self.first is None else self.first
        before = self.pieces[:first]
        if len(before) > 1:
            before = [piece.strip("\r\n") for piece in before if piece.strip()]
        return "\n".join(before), self.pieces[first:]

    def say(self, piece: str, calls: int, kind: str) -> None:
        """Keep a piece that stands before the thing of a kind; `calls` were read before it."""
        if calls and not piece.strip(SEPARATORS):
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

    def note(self) -> None:
        """Note what the calls together and the words are."""
        if len(self.calls) > 1 and "bare" in self.own:
            self.defects.append(Defect.SEVERAL_CALLS)
        for piece in self.pieces:
            if _STRAY.search(piece):
                self.defects.append(Defect.STRAY_TAG)

    def add(self, calls: list[FunctionCall], form: Form) -> None:
        """Take the calls that are written in a form."""
        self.calls += calls
        if form not in self.own:
            self.defects.append(Defect.OTHER_FORM)

    def skip_space(self, position: int) -> int:
        """The place behind white space."""
        while position < len(self.text) and self.text[position] in " \t\r\n":
            position += 1
        return position

    def scan(self, start: int) -> int | None:
        """Where the JSON value that begins here ends; None when there is none, or too many were none."""
        if self.scans > MOST_SCANS:
            return None
        stop = scan_json(self.text, start)
        self.scans += stop is None
        return stop
