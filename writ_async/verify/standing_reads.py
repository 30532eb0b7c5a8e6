"""Reads that a policy asks for before a write, whatever the task: who the customer is, the order, the product."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from writ_async.core.domain import Domain
from writ_async.core.evidence_rules import StandingRead
from writ_async.verify.knowledge import Knowledge, Result
from writ_async.verify.provenance import atoms

_INDEX = re.compile(r"\[\d+\]")


def missing_reads(
    name: str, arguments: Mapping[str, Any], know: Knowledge, domain: Domain
) -> Iterator[tuple[StandingRead, Any]]:
    """The standing reads that had not come before a write, each with the value that was to be read, or None.

    A write that succeeded shows what it wrote to, and so do tools that the domain does not know.
    """
    for rule in domain.evidence.standing_reads:
        if rule.writes and name not in rule.writes:
            continue
        if not any(tool in domain.tools for tool in rule.tools):
            continue
        results = [result for result in know.results if _shows(result, rule, domain)]
        if not rule.argument:
            if not any(result.name in rule.tools for result in results):
                yield rule, None
            continue
        for value in values_at(arguments, rule.argument):
            if not any(_is_about(result, value) for result in results):
                yield rule, value


def text_of(rule: StandingRead, value: Any) -> str:
    """A missing read in words."""
    return f"reading {rule.what}{'' if value is None else f' {value!r}'} ({' or '.join(rule.tools)})"


def _shows(result: Result, rule: StandingRead, domain: Domain) -> bool:
    tool = domain.tools.get(result.name)
    return (
        result.name in rule.tools
        or tool is None
        or tool.kind == "write"
        or (tool.shape is None and tool.kind == "read")
    )


def _is_about(result: Result, value: Any) -> bool:
    text = str(value)
    return text in result.text or any(str(given) == text for _, given in atoms(dict(result.arguments)))


def values_at(arguments: Mapping[str, Any], name: str) -> Sequence[Any]:
    """The atoms of an argument of that name, or of fields of that name in it, each once."""
    found = (
        value
        for path, value in atoms(dict(arguments))
        if value not in (None, "") and name in (part.partition("[")[0] for part in path.split("."))
    )
    return list(dict.fromkeys(found))
