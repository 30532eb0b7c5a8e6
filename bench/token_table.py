"""A sampler that answers at once, from a table of what the script said to each prompt of some tasks' trials.

    table = await write_table(chat, tasks, trials=4)
    rows = await play([*tasks] * 4, TokenEngine(table.generate, chat), "scripted")    # the rows of `table.rows` again

So a training loop can be measured, and its masks be held against what was sampled, without a model.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from writ_async import (
    AssistantMessage,
    Completion,
    Engine,
    FamilyFormat,
    Request,
    Setting,
    Task,
    TokenSequence,
    Trajectory,
    load_domain,
)
from writ_async.registry import make_engine
from writ_async.rl import Generation, Sampling, TokenEngine, play

LOGPROB = -0.5
"""What every sampled token is said to have."""


def make_script(tasks: Sequence[Task], seed: int = 0) -> Engine:
    """The scripted engine for these tasks, whose words a table is written from."""
    domains = {task.domain: load_domain(task.domain) for task in tasks}
    return make_engine("scripted", {}, Setting(tasks={task.id: task for task in tasks}, domains=domains, seed=seed))


class TokenTable:
    """`said` has the ids of each answer by the ids of its prompt, `rows` the conversations that it was written from.

    `sampled` has what was given since, by session, in order; clear it between two plays. `messages` has what the agent
    said in each conversation, by its id, its greeting left out.
    """

    def __init__(self) -> None:
        self.said: dict[tuple[int, ...], tuple[int, ...]] = {}
        self.rows: list[Trajectory] = []
        self.sampled: dict[str, list[tuple[int, ...]]] = defaultdict(list)
        self.messages: dict[str, list[AssistantMessage]] = {}

    async def generate(self, ids: list[int], sampling: Sampling) -> Generation:
        """The answer to a prompt. Raises `KeyError` for a prompt that the script was never shown."""
        return self.answer(ids, sampling)

    def answer(self, ids: Sequence[int], sampling: Sampling) -> Generation:
        """The same without a coroutine."""
        said = self.said[tuple(ids)]
        self.sampled[sampling.session].append(said)
        return Generation(ids=said, logprobs=[LOGPROB] * len(said))


class _Writing:
    """An agent whose words are the script's, and whose ids are kept in a table."""

    def __init__(self, chat: FamilyFormat, script: Engine, table: TokenTable) -> None:
        self._chat = chat
        self._script = script
        self._table = table
        self._end = chat.tokenizer.added[chat.family.end]
        self._said: dict[str, tuple[int, ...]] = {}
        self._engine = TokenEngine(self._generate, chat)

    async def complete(self, request: Request) -> Completion:
        said = (await self._script.complete(request)).message
        self._said[request.session] = (*self._chat.tokenizer.encode_parts(self._chat.write(said)), self._end)
        return await self._engine.complete(request)

    def end_session(self, session: str) -> TokenSequence | None:
        return self._engine.end_session(session)

    async def _generate(self, ids: list[int], sampling: Sampling) -> Generation:
        said = self._table.said.setdefault(tuple(ids), self._said[sampling.session])
        return Generation(ids=said, logprobs=[LOGPROB] * len(said))


async def write_table(chat: FamilyFormat, tasks: Sequence[Task], trials: int = 1, seed: int = 0) -> TokenTable:
    """Have the script play all trials of these tasks; what it has said to a prompt once it says to it again."""
    table = TokenTable()
    writing = _Writing(chat, make_script(tasks, seed), table)
    table.rows = await play([*tasks] * trials, writing, "scripted", seed=seed)
    for row in table.rows:
        said = [message for message in row.messages if isinstance(message, AssistantMessage)]
        table.messages[row.id] = said[1:]
    return table
