"""What the scripted agent says is never named: a count over many rows of both domains, users of every behaviour."""

from __future__ import annotations

import pytest

from tests.support.agent_texts import MARRED
from writ_async.api import make_tasks, run

REASONS = {str(reason) for reason, _ in MARRED} | {"early_claim", "repeated_message", "defective_completion"}


@pytest.mark.parametrize("count", [40, pytest.param(1000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("domain", ["retail", "airline"])
def test_no_clean_row_is_named(domain: str, count: int) -> None:
    rows = run(make_tasks(domain, count, seed=11, world_size=300), "scripted", seed=11)
    assert len(rows) == count
    named = [
        (row.id, finding)
        for row in rows
        for finding in (row.verdict.findings if row.verdict is not None else ())
        if finding.reason in REASONS
    ]
    assert named == []
