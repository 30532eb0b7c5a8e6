"""Which domain a conversation of somebody else belongs to, and what its tools do."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import msgspec

from writ_async.core.domain import Domain
from writ_async.core.message import AssistantMessage
from writ_async.core.tool import Tool, ToolKind
from writ_async.formats.foreign.conversation import Foreign

_READS = re.compile(
    r"^(get|find|search|list|look|lookup|show|read|check|fetch|query|view|describe|count|verify|validate|is|has|can|"
    r"calculate|compute|convert)(_|$|[A-Z])"
)
_GENERIC = re.compile(r"^(think|calculate|transfer|handoff|escalate)")
"""What neither reads nor writes, whatever the domain."""


def guess_domain(row: Foreign, domains: Iterable[Domain]) -> Domain | None:
    """The domain whose tools the row names, in its schemas or its calls; None when less than four in five fit.

    What every domain may have, as a tool to think, tells nothing. A row whose agent called nothing is of the domain of
    what its own task would have called.
    """
    called = tool_names(row)
    names = {name for name in called if not _GENERIC.match(name)} or gold_names(row.task or {}) or called
    best = max(domains, key=lambda domain: len(names & domain.tools.keys()), default=None)
    if best is None or not names or len(names & best.tools.keys()) < 0.8 * len(names):
        return None
    return best


def tool_names(row: Foreign) -> set[str]:
    """The names of all tools that a row declares, else of those that it calls."""
    declared = {tool["function"]["name"] for tool in row.tools}
    called = {
        call.function.name
        for message in row.messages
        if isinstance(message, AssistantMessage)
        for call in message.tool_calls
    }
    return declared or called


def gold_names(task: Mapping[str, Any]) -> set[str]:
    """The names of the calls that a file's own task has as its gold answer, in either version of the benchmark."""
    criteria = task.get("evaluation_criteria")
    actions = criteria.get("actions") if isinstance(criteria, dict) else task.get("actions")
    named = [action.get("name") for action in actions if isinstance(action, dict)] if isinstance(actions, list) else []
    return {name for name in named if isinstance(name, str)}


def domain_for(row: Foreign, known: Domain | None, writes: Collection[str]) -> tuple[Domain, str]:
    """A domain to judge a row by, and where its kinds of tools come from.

    A known one is given the tools that the row has beside its own. Otherwise the tools are those that the row declares
    or calls, and `writes`, or their names, say which of them write.
    """
    schemas = {tool["function"]["name"]: tool for tool in row.tools}
    names = sorted(tool_names(row) | schemas.keys())
    if known is not None:
        extra = {name: _tool(name, schemas.get(name), kind_by_name(name)) for name in names if name not in known.tools}
        return (msgspec.structs.replace(known, tools={**known.tools, **extra}) if extra else known), "domain"
    if writes:
        tools = {
            name: _tool(name, schemas.get(name), "write" if name in writes else _reading_kind(name)) for name in names
        }
        return _bare_domain(row.domain, tools), "flags"
    return _bare_domain(row.domain, {n: _tool(n, schemas.get(n), kind_by_name(n)) for n in names}), "names"


def without_bare_tools(domain: Domain) -> Domain:
    """The domain with the tools alone that can be called: those that only a row knows have no function."""
    tools = {name: tool for name, tool in domain.tools.items() if tool.function is not _never}
    return domain if len(tools) == len(domain.tools) else msgspec.structs.replace(domain, tools=tools)


def kind_by_name(name: str) -> ToolKind:
    """What a tool does by its name: those that get, find or list read, those that think or hand over do neither."""
    if _GENERIC.match(name):
        return "generic"
    return "read" if _READS.match(name) else "write"


def _reading_kind(name: str) -> ToolKind:
    return "generic" if _GENERIC.match(name) else "read"


def _tool(name: str, schema: Mapping[str, Any] | None, kind: ToolKind) -> Tool:
    bare = {"type": "function", "function": {"name": name, "parameters": {}}}
    return Tool(name, kind, dict(schema or bare), _never, frozenset(), frozenset())


def _bare_domain(name: str, tools: Mapping[str, Tool]) -> Domain:
    return Domain(name=name or "unknown", policy="", tools=tools, generate=_never, load=_never, dump=_never)


def _never(*_: Any) -> Any:
    raise RuntimeError("a conversation of an unknown domain has no world")
