"""Reads that a policy asks for before a write, whatever the task: who the customer is, the order, the product."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from writ_async.conversation.calls import ExecutedCall
from writ_async.core.domain import Domain
from writ_async.core.evidence_rules import StandingRead
from writ_async.verify.knowledge import Knowledge
from writ_async.verify.provenance import leaves

_HOLDS: Final = (dict, list, tuple)


class StandingReads:
    """The standing reads of a domain over one conversation: each result is held against each rule once."""

    def __init__(self, know: Knowledge, domain: Domain) -> None:
        self._know = know
        self._domain = domain
        self._rules = [
            _Followed(rule)
            for rule in domain.evidence.standing_reads
            if any(tool in domain.tools for tool in rule.tools)
        ]
        self._taken = 0
        self._by_tool: dict[str, list[_Followed]] = {}

    def missing(self, name: str, arguments: Mapping[str, Any]) -> list[tuple[StandingRead, Any]]:
        """The reads that had not come before a write, each with the value that was to be read, or None.

        A write that succeeded shows what it wrote to, and so do tools that the domain does not know.
        """
        self._take()
        found: list[tuple[StandingRead, Any]] = []
        for followed in self._rules:
            rule = followed.rule
            if rule.writes and name not in rule.writes:
                continue
            if not rule.argument:
                if not followed.done:
                    found.append((rule, None))
                continue
            for value in _values_under(rule.argument, arguments):
                if not followed.has_read(str(value)):
                    found.append((rule, value))
        return found

    def _take(self) -> None:
        """Hold the results that are new against the rules."""
        for result in self._know.results[self._taken :]:
            name = result.call.function.name
            if name not in self._by_tool:
                shows_all = _shows_all(name, self._domain)
                self._by_tool[name] = [one for one in self._rules if shows_all or name in one.rule.tools]
            for followed in self._by_tool[name]:
                followed.results.append(result)
                followed.done = followed.done or name in followed.rule.tools
        self._taken = len(self._know.results)


class _Followed:
    """A rule with the results so far that may do for it."""

    __slots__ = ("_asked", "_asked_by", "_read", "done", "results", "rule")

    def __init__(self, rule: StandingRead) -> None:
        self.rule = rule
        self.results: list[ExecutedCall] = []
        self.done = False
        self._read: set[str] = set()
        self._asked: set[str] = set()
        self._asked_by = 0

    def has_read(self, value: str) -> bool:
        """Whether a result shows a value, or was asked for by it; what was read once stays read."""
        if value in self._read:
            return True
        for result in reversed(self.results):
            if value in result.result.content:
                self._read.add(value)
                return True
        if value not in self._values_asked():
            return False
        self._read.add(value)
        return True

    def _values_asked(self) -> set[str]:
        """The values that the results were asked with."""
        for result in self.results[self._asked_by :]:
            self._asked.update(map(str, leaves(result.arguments or {})))
        self._asked_by = len(self.results)
        return self._asked


def text_of(rule: StandingRead, value: Any) -> str:
    """A missing read in words."""
    return f"reading {rule.what}{'' if value is None else f' {value!r}'} ({' or '.join(rule.tools)})"


def _shows_all(name: str, domain: Domain) -> bool:
    """Whether the results of a tool may do for any read."""
    tool = domain.tools.get(name)
    return tool is None or tool.kind == "write" or (tool.shape is None and tool.kind == "read")


def _values_under(name: str, arguments: Mapping[str, Any]) -> dict[Any, None]:
    """The atoms of the argument or the field of that name, wherever in a call it stands, each once and in order."""
    found: dict[Any, None] = {}
    for key, item in arguments.items():
        # Most values are texts under other names, and need no call of their own.
        if key == name or (type(item) is not str and isinstance(item, _HOLDS)):
            _add_values(name, item, key == name, found)
    return found


def _add_values(name: str, value: Any, is_under: bool, found: dict[Any, None]) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            # Most values are plain, and need no call of their own.
            if is_under or key == name or isinstance(item, _HOLDS):
                _add_values(name, item, is_under or key == name, found)
    elif isinstance(value, list | tuple):
        for item in value:
            _add_values(name, item, is_under, found)
    elif is_under and value is not None and value != "":
        found[value] = None
