"""A sampler of token ids with a script behind it: what the script says is written in the ids of a family.

    oracle = OracleSampler(chat, tasks)
    engine = TokenEngine(oracle.generate, chat)
    ... agent=oracle.shown(engine)

The script wants messages and the sampler gets ids, so the engine is shown to conversations through a shell that looks
at each request on its way.
"""

from collections.abc import Sequence

from bench.token_table import LOGPROB, make_script
from writ_async import Completion, Engine, FamilyFormat, Request, Task, TokenSequence
from writ_async.rl import Generation, Sampling, TokenEngine


class OracleSampler:
    """`prompts` has the ids of each call, by session; `version` names its weights."""

    def __init__(self, chat: FamilyFormat, tasks: Sequence[Task]) -> None:
        self._script = make_script(tasks)
        self._chat = chat
        self._end = chat.tokenizer.added[chat.family.end]
        self._said: dict[str, list[int]] = {}
        self.prompts: dict[str, list[list[int]]] = {}
        self.version = "0"

    async def look_at(self, request: Request) -> None:
        """Have the script decide what is to be said to a request."""
        said = (await self._script.complete(request)).message
        self._said[request.session] = [*self._chat.tokenizer.encode_parts(self._chat.write(said)), self._end]

    async def generate(self, ids: list[int], sampling: Sampling) -> Generation:
        """The ids of what the script says."""
        self.prompts.setdefault(sampling.session, []).append(ids)
        said = self._said[sampling.session]
        return Generation(ids=said, logprobs=[LOGPROB] * len(said), version=self.version)

    def shown(self, engine: TokenEngine) -> Engine:
        """The engine, as a seat is given it."""
        return _Shown(self, engine)


class _Shown:
    def __init__(self, oracle: OracleSampler, engine: TokenEngine) -> None:
        self._oracle = oracle
        self._engine = engine

    async def complete(self, request: Request) -> Completion:
        await self._oracle.look_at(request)
        return await self._engine.complete(request)

    def end_session(self, session: str) -> TokenSequence | None:
        return self._engine.end_session(session)
