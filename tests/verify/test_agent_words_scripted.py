"""What the scripted agent says is never named, with users of every behaviour.

`test_claims.py` has a thousand rows of each domain, which are named for nothing at all.
"""

from __future__ import annotations

import pytest

from tests.support.agent_texts import MARRED
from writ_async.api import make_tasks, run

REASONS = {str(reason) for reason, _ in MARRED} | {"early_claim", "repeated_message", "defective_completion"}


COUNT = 40


@pytest.mark.parametrize("domain", ["retail", "airline"])
def test_no_clean_row_is_named(domain: str) -> None:
    rows = run(make_tasks(domain, COUNT, seed=11, world_size=300), "scripted", seed=11)
    assert len(rows) == COUNT
    named = [
        (row.id, finding)
        for row in rows
        for finding in (row.verdict.findings if row.verdict is not None else ())
        if finding.reason in REASONS
    ]
    assert named == []
