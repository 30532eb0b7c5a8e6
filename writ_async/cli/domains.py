"""`writ domains`: where tasks can be made, and what there is in them."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Mapping
from typing import Any

from rich.table import Table

from writ_async.cli.output import print_json, print_tables
from writ_async.cli.tables import new_table
from writ_async.cli.terminal import say
from writ_async.core.domain import Domain
from writ_async.core.tool import Tool
from writ_async.registry import load_domain, registered_names


def run_command(arguments: argparse.Namespace) -> int:
    """Run the command; returns its exit code."""
    names = registered_names("domains") if arguments.name is None else [arguments.name]
    domains = [load_domain(name) for name in names]
    if arguments.json:
        print_json({domain.name: _shown(domain) for domain in domains})
    elif arguments.name is None:
        table = new_table(("domain",), ("reads", "writes", "others", "recipes", "words of policy"))
        for domain in domains:
            kinds = Counter(tool.kind for tool in domain.tools.values())
            counts = (kinds["read"], kinds["write"], kinds["generic"], len(domain.recipes), len(domain.policy.split()))
            table.add_row(domain.name, *(f"{count:,}" for count in counts))
        print_tables(table)
        say("writ domains NAME lists a domain's tools and recipes; writ new-domain NAME makes one to start from")
    else:
        _print_domain(domains[0])
    return 0


def _print_domain(domain: Domain) -> None:
    tools: list[Table | str] = [_tool_table("tool", domain.tools)]
    if domain.user_tools:
        tools += ["", _tool_table("tool of the user", domain.user_tools)]
    kinds = list(dict.fromkeys(recipe.kind for recipe in domain.recipes))
    recipes = new_table(("kind", "recipes"), ())
    recipes.columns[1].no_wrap = False
    for kind in kinds:
        recipes.add_row(kind, ", ".join(recipe.name for recipe in domain.recipes if recipe.kind == kind))
    print_tables(*tools, "", recipes)


def _tool_table(heading: str, tools: Mapping[str, Tool]) -> Table:
    table = new_table((heading, "kind", ""), ())
    table.columns[2].no_wrap = False
    for name, tool in tools.items():
        table.add_row(name, tool.kind, _summary(tool))
    return table


def _summary(tool: Tool) -> str:
    text: str = tool.schema["function"].get("description", "")
    return " ".join(text.partition("\n\n")[0].split())


def _described(tools: Mapping[str, Tool]) -> dict[str, Any]:
    return {name: {"kind": tool.kind, "description": _summary(tool)} for name, tool in tools.items()}


def _shown(domain: Domain) -> dict[str, Any]:
    shown = {"tools": _described(domain.tools)}
    if domain.user_tools:
        shown["user_tools"] = _described(domain.user_tools)
    return {
        **shown,
        "recipes": [{"name": recipe.name, "kind": recipe.kind} for recipe in domain.recipes],
        "slots": [slot.name for slot in domain.slots],
        "policy": domain.policy,
    }
