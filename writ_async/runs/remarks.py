"""What is said at the end of a run: what stands out in its rows and would else have to be looked for.

Counted from the summary alone, so that it is the same for a run that was resumed or shared out among workers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from writ_async.chat.notes import CUT, FORMAT_TOKEN
from writ_async.chat.parsed import Defect
from writ_async.core.trajectory import Termination
from writ_async.runs.summary import Group, Summary
from writ_async.verify.benchmark_slips import BENCHMARK_SLIPS

_SHARE: Final = 0.05
"""What part of the conversations must have ended in some way before that is remarked upon."""

_MOST_REASONS = 3

_NOTED: Final[Mapping[str, tuple[str, str]]] = {
    Defect.CALL_AS_TEXT: (
        "message holds a tool call as text: is the server's tool parser on?",
        "messages hold a tool call as text: is the server's tool parser on?",
    ),
    FORMAT_TOKEN: (
        "message holds a token of the chat format: does the server stop at the end of a turn?",
        "messages hold a token of the chat format: does the server stop at the end of a turn?",
    ),
    CUT: (
        "answer was cut at its length limit: give the engine more tokens for one",
        "answers were cut at their length limit: give the engine more tokens for one",
    ),
    Defect.BROKEN_JSON: ("tool call is no JSON", "tool calls are no JSON"),
    Defect.UNCLOSED_REASONING: (
        "answer ended inside its reasoning: give the engine more tokens for one",
        "answers ended inside their reasoning: give the engine more tokens for one",
    ),
}
"""What an engine notes about a message, in words for one and for several."""

_ENDED: Final[Mapping[Termination, str]] = {
    Termination.MAX_STEPS: "reached the limit of steps (--max-steps)",
    Termination.TOO_MANY_ERRORS: "reached the limit of failed tool calls (--max-errors)",
    Termination.AGENT_ERROR: "ended at an agent's message that was empty or called what it must not",
    Termination.USER_ERROR: "ended at a user's message that was empty or called what it must not",
    Termination.CONTEXT_WINDOW_EXCEEDED: "outgrew the model's context",
}


def remarks_on(summary: Summary) -> list[str]:
    """Lines for whoever looks at the end of a run; none where nothing stands out.

    A run of which no row is left says what speaks against most of them.
    """
    total = summary.total()
    return [line for remark in _REMARKS for line in remark(summary, total)]


def _noted(_: Summary, total: Group) -> list[str]:
    """What engines noted about messages."""
    return [
        f"{count:,} {words[count != 1]}" for kind, words in _NOTED.items() if (count := total.notes.get(str(kind), 0))
    ]


def _ended(_: Summary, total: Group) -> list[str]:
    """Ends that no speaker had in mind, where they are more than a few."""
    return [
        f"{count:,} of {total.conversations:,} conversations {words}"
        for ending, words in _ENDED.items()
        if (count := total.terminations.get(ending.value, 0)) and count >= _SHARE * total.conversations
    ]


def _tools(_: Summary, total: Group) -> list[str]:
    """Agents that use no tools, or whose calls are refused."""
    if total.conversations and not total.tool_calls:
        return [
            f"no tool was called in {total.conversations:,} conversations: is the model told of its tools, and are its "
            "calls read? (`writ doctor` tries one)"
        ]
    if total.tool_errors * 2 > total.tool_calls:
        return [f"{total.tool_errors:,} of {total.tool_calls:,} tool calls were refused"]
    return []


def _nothing_left(summary: Summary, total: Group) -> list[str]:
    """Why a run has no row to train on."""
    funnel = summary.funnel
    if not total.judged or (total.kept if funnel is None else funnel.total.left):
        return []
    reasons = _most_frequent(funnel.total.fell if total.kept and funnel is not None else _against(summary))
    return [f"none of {total.judged:,} rows is kept; most often: {reasons or 'no reason is known'}"]


def _against(summary: Summary) -> dict[str, int]:
    """How many rows each reason speaks against; slips of a benchmark's user speak against none."""
    counts: dict[str, int] = {}
    for _, kind, group in summary.rows():
        for reason, count in group.findings.items():
            if kind != "benchmark" or reason not in BENCHMARK_SLIPS:
                counts[reason] = counts.get(reason, 0) + count
    return counts


def _most_frequent(counts: Mapping[str, int]) -> str:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_MOST_REASONS]
    return ", ".join(f"{name} {count:,}" for name, count in ordered)


_REMARKS: Final[tuple[Callable[[Summary, Group], list[str]], ...]] = (_noted, _ended, _tools, _nothing_left)
