"""Users who press against a refusal: some times, in different words, and in vain."""

from __future__ import annotations

import pytest
from writ_engines.scripted.user_plays import PLAYS

from writ_async import make_tasks, run
from writ_async.core.message import AssistantMessage, UserMessage

VALUES = ("insists", "promised", "pleads", "threatens")


@pytest.mark.parametrize("value", VALUES)
def test_who_presses_does_so_two_to_four_times_and_is_refused_each_time(value: str) -> None:
    tasks = make_tasks("airline", 12, seed=3, mix="refusal=1", behaviours=f"pressure={value}")
    pressed = [task for task in tasks if task.behaviour is not None and task.behaviour.value("pressure")]
    assert pressed
    for task, row in zip(pressed, run(pressed, "scripted", seed=3), strict=True):
        said = [message.content or "" for message in row.messages if isinstance(message, UserMessage)]
        lines = [text for text in said if any(line in text for line in PLAYS[f"pressure={value}"].presses)]
        assert 2 <= len(lines) == len(set(lines)) <= 4
        answers = [message.content for message in row.messages if isinstance(message, AssistantMessage)]
        assert len(set(answers[-len(lines) - 1 :])) == len(lines) + 1
        assert row.verdict is not None
        assert row.verdict.kept, (task.id, row.verdict.findings)


def test_nobody_presses_where_nothing_is_refused() -> None:
    tasks = make_tasks("retail", 10, seed=3, mix="normal=1", behaviours="pressure=insists")
    refused = [task for task in tasks if task.proof is not None and task.proof.refused]
    for task in tasks:
        pressed = task.behaviour is not None and bool(task.behaviour.value("pressure"))
        assert not pressed or task in refused
