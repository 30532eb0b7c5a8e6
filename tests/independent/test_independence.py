"""The second reading is one: it knows nothing of how tasks are made."""

from __future__ import annotations

import ast
from pathlib import Path

READING = Path(__file__).resolve().parents[2] / "tools" / "rereading"
DRAWS = "sample.py"
"""The one file that draws tasks, by the registry."""


def test_it_imports_no_domain_and_nothing_that_makes_or_proves_tasks() -> None:
    found = []
    for path in sorted(READING.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
            banned = ("writ_domains", "writ_engines") + (() if path.name == DRAWS else ("writ_async.synthesis",))
            found += [(path.name, name) for name in names if name.startswith(banned)]
    assert found == []


def test_it_reads_no_goals_and_no_pins() -> None:
    words = {
        (path.name, node.attr)
        for path in sorted(READING.glob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
    }
    assert {(name, word) for name, word in words if word in ("goals", "params", "pins", "certificates")} == set()
