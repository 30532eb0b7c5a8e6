"""Groups are whole: members that failed, or whose weights are too old, are replaced by further trials."""

from collections import Counter

import anyio
import pytest

from tests.support.oracle_sampler import OracleSampler
from writ_async import (
    AssistantMessage,
    Completion,
    EngineError,
    FamilyFormat,
    InputError,
    Limits,
    OutOfServiceError,
    Request,
    Task,
    Termination,
    TokenSequence,
)
from writ_async.rl import Generation, Group, Sampling, TokenEngine, groups, play
from writ_async.rl.sampling import Generate

pytestmark = pytest.mark.asyncio


class Failing:
    """Says goodbye, and fails in the trials that are named."""

    def __init__(self, *trials: int) -> None:
        self._trials = trials

    async def complete(self, request: Request) -> Completion:
        await anyio.lowlevel.checkpoint()
        if request.trial in self._trials:
            raise EngineError("the line is dead")
        return Completion(message=AssistantMessage("Goodbye."))


class Oracled(TokenEngine):
    """An engine whose sampler is told by a script what to say; its first weights are "0"."""

    def __init__(self, oracle: OracleSampler, generate: Generate, chat: FamilyFormat) -> None:
        super().__init__(generate, chat, version="0")
        self._oracle = oracle

    async def complete(self, request: Request) -> Completion:
        await self._oracle.look_at(request)
        return await super().complete(request)


async def test_members_that_failed_are_replaced_until_each_group_is_whole(tasks: list[Task]) -> None:
    async with groups(tasks, Failing(0, 2), "scripted", size=3, limits=Limits(concurrency=2)) as stream:
        found = [group async for group in stream]
    assert sorted(group.place for group in found) == list(range(len(tasks)))
    for group in found:
        assert group.complete
        assert group.task is tasks[group.place]
        assert [row.trial for row in group.members] == [1, 3, 4]
        assert [row.trial for row in group.failed] == [0, 2]


async def test_a_group_without_replacements_left_is_handed_over_as_it_is(tasks: list[Task]) -> None:
    async with groups(tasks[:2], Failing(0, 1, 2, 3, 4, 5), "scripted", size=2, replacements=1) as stream:
        found = [group async for group in stream]
    assert [(group.complete, len(group.members), len(group.failed)) for group in found] == [(False, 0, 3)] * 2


async def test_a_task_that_is_given_twice_has_two_groups_of_trials_of_their_own(tasks: list[Task]) -> None:
    async with groups([tasks[0], tasks[1], tasks[0]], Failing(), "scripted", size=2) as stream:
        found = {group.place: group async for group in stream}
    assert [row.trial for row in (*found[0].members, *found[2].members)] == [0, 2, 1, 3]
    assert found[2].task is tasks[0]


async def test_what_is_usable_may_be_said_and_a_run_that_is_ended_hands_over_what_there_is(tasks: list[Task]) -> None:
    found: list[Group] = []
    limits = Limits(concurrency=3)
    async with groups(tasks, "scripted", size=2, usable=lambda row: bool(row.steps), limits=limits) as stream:
        async for group in stream:
            found.append(group)
            stream.cancel()
    assert found[0].complete
    assert len({group.place for group in found}) == len(found)
    assert all(0 < len(group.members) <= 2 for group in found)


async def test_trajectories_of_weights_that_are_too_old_are_ended_and_replaced(
    tasks: list[Task], chat: FamilyFormat
) -> None:
    oracle = OracleSampler(chat, tasks)
    calls: Counter[str] = Counter()

    async def generate(ids: list[int], sampling: Sampling) -> Generation:
        calls[sampling.session] += 1
        if sampling.session == f"{tasks[0].id}#0/agent" and calls[sampling.session] == 2:
            engine.advance("1")
            engine.advance("2")
            oracle.version = "2"
        return await oracle.generate(ids, sampling)

    engine = Oracled(oracle, generate, chat)
    async with groups(tasks[:1], engine, "scripted", size=2, max_staleness=1, limits=Limits(concurrency=1)) as stream:
        (group,) = [group async for group in stream]
    assert group.complete
    assert [row.trial for row in group.failed] == [0]
    assert group.failed[0].termination is Termination.STOPPED_EARLY
    assert calls[f"{tasks[0].id}#0/agent"] == 2
    assert all(engine.staleness(row.tokens["agent"]) == 0 for row in group.members)


async def test_a_group_that_has_waited_is_looked_at_again_when_it_is_handed_over_and_whenever_asked(
    tasks: list[Task], chat: FamilyFormat
) -> None:
    oracle = OracleSampler(chat, tasks)
    agent = Oracled(oracle, oracle.generate, chat)
    found: list[Group] = []
    async with groups(
        tasks[:3], agent, "scripted", size=2, replacements=0, max_staleness=1, limits=Limits(concurrency=6)
    ) as stream:
        async for group in stream:
            found.append(group)
            if len(found) == 1:
                while stream.rollouts is None or stream.rollouts.counters.live:
                    await anyio.lowlevel.checkpoint()
                assert stream.look_again(group).complete
                agent.advance("1")
                agent.advance("2")
    first, *later = found
    assert first.complete
    assert [len(group.members) for group in later] == [0, 0]
    assert [(group.complete, len(group.failed)) for group in later] == [(False, 2)] * 2
    rows = list(first.members)
    assert stream.look_again(first) is first
    assert (first.members, first.failed, first.complete) == ([], rows, False)


@pytest.mark.parametrize("ends", ["played on", "cancelled"])
async def test_what_grew_too_old_in_a_group_that_was_ready_is_replaced_though_all_was_played(
    tasks: list[Task], chat: FamilyFormat, ends: str
) -> None:
    oracle = OracleSampler(chat, tasks)
    agent = Oracled(oracle, oracle.generate, chat)
    found: list[Group] = []
    async with groups(tasks[:3], agent, "scripted", size=2, max_staleness=0, limits=Limits(concurrency=6)) as stream:
        async for group in stream:
            found.append(group)
            if len(found) == 1:
                while stream.rollouts is None or stream.rollouts.counters.live:
                    await anyio.lowlevel.checkpoint()
                agent.advance("1")
                oracle.version = "1"
                if ends == "cancelled":
                    stream.cancel()
    assert sorted(group.place for group in found) == [0, 1, 2]
    assert [row.trial for row in found[0].members] == [0, 1]
    trials = [2, 3] if ends == "played on" else []
    for group in found[1:]:
        assert [row.trial for row in group.members] == trials
        assert ([row.trial for row in group.failed], group.complete) == ([0, 1], bool(trials))
        assert all(agent.staleness(row.tokens["agent"]) == 0 for row in group.members)


class NewWeights(Oracled):
    """Weights that change whenever a conversation has ended, `times` times in all; the newest speak."""

    def __init__(self, oracle: OracleSampler, chat: FamilyFormat, times: int) -> None:
        super().__init__(oracle, oracle.generate, chat)
        self._times = times

    def end_session(self, session: str) -> TokenSequence | None:
        tokens = super().end_session(session)
        if self._times:
            self._times -= 1
            self._oracle.version = str(int(self._oracle.version) + 1)
            self.advance(self._oracle.version)
        return tokens


async def test_a_conversation_whose_weights_were_replaced_as_it_ended_is_played_once_more(
    tasks: list[Task], chat: FamilyFormat
) -> None:
    agent = NewWeights(OracleSampler(chat, tasks), chat, times=2)
    (row,) = await play(tasks[:1], agent, "scripted", max_staleness=0)
    assert (row.trial, agent.staleness(row.tokens["agent"])) == (2, 0)


async def test_a_place_whose_weights_never_last_as_long_as_a_conversation_is_told_as_what_it_is(
    tasks: list[Task], chat: FamilyFormat
) -> None:
    agent = NewWeights(OracleSampler(chat, tasks), chat, times=9)
    with pytest.raises(EngineError, match=r"#2 could not be played: its oldest token is 1 versions behind"):
        await play(tasks[:1], agent, "scripted", max_staleness=0)


async def test_what_the_caller_finds_unusable_is_told_without_an_error_that_is_not_there(tasks: list[Task]) -> None:
    with pytest.raises(EngineError, match="#0 could not be played: user_stop: it is not usable"):
        await play(tasks[:1], "scripted", usable=lambda row: False, replacements=0)


async def test_a_run_that_was_ended_before_all_was_played_is_not_taken_for_a_shorter_one(tasks: list[Task]) -> None:
    class Gone:
        async def complete(self, request: Request) -> Completion:
            raise OutOfServiceError("no credit is left")

    with pytest.raises(EngineError, match=f"{tasks[0].id} could not be played: .*no credit is left"):
        await play(tasks, Gone(), "scripted")


async def test_a_staleness_bound_needs_an_engine_that_counts_versions(tasks: list[Task]) -> None:
    with pytest.raises(InputError, match="TokenEngine"):
        async with groups(tasks, "scripted", size=2, max_staleness=1):
            pass
    with pytest.raises(InputError, match="size must be at least 1"):
        async with groups(tasks, "scripted", size=0):
            pass
