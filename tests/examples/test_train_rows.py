"""Kept rows become the tokens that a rollout of the same conversation would have, in every family."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import msgspec
import pytest

from bench.models.folders import open_family
from examples.train.rows import row_tokens
from writ_async import (
    AssistantMessage,
    FamilyFormat,
    Message,
    ToolMessage,
    Trajectory,
    agent_system_prompt,
    load_domain,
    make_tasks,
    run,
)
from writ_async.chat import FAMILIES, TemplateRefusedError

DOMAIN = load_domain("retail")


@pytest.fixture(scope="module")
def kept() -> list[Trajectory]:
    """Kept rows of the oracle."""
    trajectories = run(make_tasks("retail", 16, seed=4, world_size=60))
    return [row for row in trajectories if row.verdict is not None and row.verdict.kept]


def parallel(row: Trajectory) -> bool:
    """Whether the agent made several calls at once."""
    return any(isinstance(message, AssistantMessage) and len(message.tool_calls) > 1 for message in row.messages)


@pytest.fixture
def rows(kept: list[Trajectory], chat: FamilyFormat) -> list[Trajectory]:
    """Those that the family can write: Llama's template has one call a turn."""
    found = [row for row in kept if "llama" not in chat.name or not parallel(row)]
    assert found
    return found


@pytest.fixture(scope="module", params=list(FAMILIES))
def chat(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> FamilyFormat:
    path: Path = tmp_path_factory.mktemp("model")
    return open_family(path / request.param, request.param)


def test_the_ids_are_those_of_the_whole_conversation_rendered_at_once(
    rows: list[Trajectory], chat: FamilyFormat
) -> None:
    for row in rows:
        view: list[Message] = [agent_system_prompt(DOMAIN.policy), *row.messages]
        while not isinstance(view[-1], AssistantMessage):
            view.pop()  # what nobody answers is in no prompt
        whole = chat.tokenizer.encode_parts(chat.render(view, DOMAIN.schemas, generation=False))
        ids = row_tokens(row, DOMAIN, chat).ids
        assert tuple(whole[: len(ids)]) == ids
        assert chat.tokenizer.decode(whole[len(ids) :]).strip() == "", "no more than the line end after the last turn"


def test_the_loss_is_on_every_word_of_the_agent_but_the_greeting(rows: list[Trajectory], chat: FamilyFormat) -> None:
    for row in rows:
        tokens = row_tokens(row, DOMAIN, chat)
        mask = tokens.loss_mask()
        learnt = [
            [token for token, _ in group]
            for written, group in groupby(zip(tokens.ids, mask, strict=True), key=lambda pair: pair[1])
            if written
        ]
        said = [message for message in row.messages[1:] if isinstance(message, AssistantMessage)]
        assert len(learnt) == len(said) == len(tokens.generated)
        for ids, message in zip(learnt, said, strict=True):
            assert ids[-1] in chat.stop_ids
            assert chat.tokenizer.decode(ids[:-1]) == str(chat.write(message))


def joined(row: Trajectory) -> Trajectory:
    """The row with its first two messages in a row that call in one: the agents of our domains make one call each."""
    messages = list(row.messages)
    place = next(
        index
        for index in range(len(messages) - 3)
        if all(isinstance(messages[index + step], AssistantMessage) for step in (0, 2))
        and all(isinstance(messages[index + step], ToolMessage) for step in (1, 3))
    )
    first, second = messages[place], messages[place + 2]
    assert isinstance(first, AssistantMessage)
    assert isinstance(second, AssistantMessage)
    both = AssistantMessage(None, (*first.tool_calls, *second.tool_calls))
    results = [messages[place + 1], messages[place + 3]]
    return msgspec.structs.replace(row, messages=(*messages[:place], both, *results, *messages[place + 4 :]))


def test_a_row_that_the_familys_template_refuses_is_refused(kept: list[Trajectory], chat: FamilyFormat) -> None:
    row = joined(next(row for row in kept if not parallel(row)))
    assert parallel(row)
    if "llama" in chat.name:
        with pytest.raises(TemplateRefusedError, match="one tool call"):
            row_tokens(row, DOMAIN, chat)
    else:
        assert row_tokens(row, DOMAIN, chat).complete
