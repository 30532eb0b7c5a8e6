"""The scripted seats with behaviours: sessions that can be taken up anywhere, and an agent that copes."""

from collections.abc import Sequence
from random import Random

import anyio
import pytest
from writ_engines.scripted import ScriptedEngine
from writ_engines.scripted.agent import AgentScript
from writ_engines.scripted.agent_mistakes import parse_rates
from writ_engines.scripted.agent_turns import APOLOGISE, CALL, SAY, Turn
from writ_engines.scripted.user import UserScript
from writ_engines.scripted.user_mistakes import USER_MISTAKES
from writ_engines.scripted.user_plays import NOTHING_TO_PLAY, PLAYS, Play, joint_play

from tests.support.agent_sayings import pattern_of
from tests.support.crowd import domain_and_world, environments, has_room, plain_tasks, told, told_tasks, trait
from writ_async.api import run
from writ_async.behaviour.axes import VALUES
from writ_async.behaviour.value import PLAIN
from writ_async.conversation import Conversation, user_system_prompt
from writ_async.core.behaviour import Behaviour, Trait
from writ_async.core.engine import Completion, Request
from writ_async.core.message import AssistantMessage, Message, ToolMessage, UserMessage
from writ_async.core.task import Task
from writ_async.core.trajectory import Trajectory
from writ_async.errors import InputError

DOMAINS = {name: item.domain for name, item in environments().items()}


def engine(tasks: Sequence[Task], seed: int = 0) -> ScriptedEngine:
    return ScriptedEngine({task.id: task for task in tasks}, DOMAINS, seed)


def texts(messages: Sequence[Message]) -> list[str]:
    return [m.content for m in messages if isinstance(m, UserMessage | AssistantMessage) and m.content]


def test_an_engine_that_lost_its_sessions_goes_on_with_the_same_words() -> None:
    """Each completion asked of a fresh engine: what is said follows from the request alone."""

    async def play(task: Task, fresh: bool) -> Trajectory:
        conversation = Conversation(task, *domain_and_world(task), seed=0)
        kept = engine([task])
        while (request := conversation.request()) is not None:
            conversation.receive(await (engine([task]) if fresh else kept).complete(request))
        return conversation.trajectory()

    for task in told_tasks(1000)[:60]:
        assert anyio.run(play, task, True) == anyio.run(play, task, False)


def test_a_session_that_ended_is_forgotten() -> None:
    task = told_tasks(1000)[0]
    kept = engine([task])

    async def first() -> Completion:
        request = Conversation(task, *domain_and_world(task)).request()
        assert isinstance(request, Request)
        completion = await kept.complete(request)
        kept.end_session(request.session)
        return completion

    assert anyio.run(first) == anyio.run(first)


def test_a_behaviour_adds_no_more_turns_than_its_budget() -> None:
    tasks = told_tasks(1000)[:400]
    for task, row in zip(tasks, run(tasks), strict=True):
        assert task.behaviour is not None
        turns = sum(isinstance(message, UserMessage) for message in row.messages)
        confirmations = len(task.certified_writes)
        # the opening, one answer to a question for facts and one for the rest, the confirmations, and the end
        assert turns <= 4 + confirmations + task.behaviour.turns, (task.behaviour.label, texts(row.messages))


def test_a_correction_comes_before_any_write_and_is_asked_for() -> None:
    tasks = [task for task in plain_tasks(1000) if has_room(task, "correction", "self_corrects")][:30]
    tasks = [told(task, trait(task, "correction", "self_corrects")) for task in tasks]
    for row in run(tasks):
        said = texts(row.messages)
        asked = [place for place, text in enumerate(said) if pattern_of("ASK_CHECK").search(text)]
        assert len(asked) == 1
        assert any(word in said[asked[0] + 1].casefold() for word in ("sorry", "wrong", "mistake", "correction"))


def test_the_agent_says_that_it_found_nothing_only_after_a_look_up_that_failed() -> None:
    tasks = [task for task in plain_tasks(1000) if has_room(task, "correction", "self_corrects")][:30]
    for row in run([told(task, trait(task, "correction", "self_corrects")) for task in tasks]):
        claims = [
            place
            for place, message in enumerate(row.messages)
            if isinstance(message, AssistantMessage) and pattern_of("ASK_CHECK").search(message.content or "")
        ]
        for place in claims:
            before = row.messages[place - 1]
            assert isinstance(before, ToolMessage)
            assert before.error
        assert len(claims) == 1


def test_what_cannot_be_had_is_declined_as_often_as_it_is_asked() -> None:
    for task in plain_tasks(1000)[:20]:
        first, again = trait(task, "infeasible", "unavailable_first"), trait(task, "persistence", "repeats_denied")
        (row,) = run([told(task, first, again)])
        declined = [text for text in texts(row.messages) if pattern_of("REFUSE").search(text)]
        assert len(declined) == 3
        assert row.verdict is not None
        assert row.verdict.kept


def script(*plan: Turn, task: Task | None = None) -> AgentScript:
    bare = told(task or plain_tasks(1000)[0], Trait("tone", "calm"))
    agent = AgentScript(bare, DOMAINS[bare.domain], plan, Random(0))
    agent.next_turn(" ".join((bare.scenario.request, *(fact.text for fact in bare.scenario.facts))))
    return agent


CONFIRM = Turn(SAY, text="I will do it. Do you confirm (yes/no)?", confirms=True)
DONE = Turn(SAY, text="Done. Anything else?")


@pytest.mark.parametrize("said", ["Could you sum it up?", "What does that mean?", "Hm."])
def test_what_is_no_yes_has_the_agent_sum_up_once_more(said: str) -> None:
    agent = script(CONFIRM, Turn(CALL), DONE)
    again = agent.next_turn(said)
    assert again.confirms
    assert CONFIRM.text in again.text
    assert agent.next_turn("Yes.").kind == CALL


def test_a_no_is_asked_again_and_a_second_one_is_taken() -> None:
    agent = script(CONFIRM, Turn(CALL), DONE)
    assert agent.next_turn("No, don't do that.").confirms
    assert agent.next_turn("No.").kind == APOLOGISE
    assert agent.next_turn("Hello?").kind == APOLOGISE


def test_a_user_who_never_agrees_is_given_up_on() -> None:
    agent = script(CONFIRM, Turn(CALL), DONE)
    kinds = [agent.next_turn("Hm.").kind for _ in range(4)]
    assert kinds == [SAY, SAY, SAY, APOLOGISE]


def test_an_agent_asks_only_so_often_for_what_it_is_never_told() -> None:
    task = told(plain_tasks(1000)[0], Trait("tone", "calm"))
    agent = AgentScript(task, DOMAINS[task.domain], [DONE], Random(0))
    said = [agent.next_turn("I don't know.").text for _ in range(30)]
    assert said.index(DONE.text) == 16
    assert all("?" in text for text in said)


def test_a_user_says_all_there_is_whatever_the_agent_asks() -> None:
    for task in plain_tasks(1000)[:40]:
        user = UserScript(task, Behaviour((Trait("disclosure", "drip"),)), Random(1))
        said = [user.reply("Could you tell me more details?") for _ in range(14)]
        assert all(fact.text in " ".join(said) for fact in task.scenario.facts)
        assert user.reply("Is there anything else I can help you with?") == "###STOP###"
        assert user.reply("You are being transferred to a human agent.") == "###TRANSFER###"


def test_a_model_is_told_the_manner_beside_the_scenario() -> None:
    task = told_tasks(1000)[0]
    assert task.behaviour is not None
    prompt = user_system_prompt(task.scenario, task.behaviour).content
    assert task.behaviour.instruction in prompt
    assert "<manner>" in prompt
    assert "<manner>" not in user_system_prompt(task.scenario).content


def test_there_is_a_play_for_every_declared_value() -> None:
    """Those that are shown by doing nothing else are in the table too, as such."""
    assert set(PLAYS) == set(VALUES)
    for label, value in VALUES.items():
        assert PLAYS[label] is not NOTHING_TO_PLAY or value.weight == PLAIN, label
    assert {label for label, value in VALUES.items() if value.opens} == {
        label for label, play in PLAYS.items() if play.opens_with or play.cuts_off or label == "disclosure=reversed"
    }


def test_of_two_plays_on_one_point_the_later_holds() -> None:
    merged = joint_play([Play(agrees=("Yes.",), brief=True), Play(agrees=("Do it.",))])
    assert merged == Play(agrees=("Do it.",), brief=True)


def test_rates_of_slips_are_the_users() -> None:
    assert parse_rates("0.5", USER_MISTAKES, "user_mistakes") == dict.fromkeys(USER_MISTAKES, 0.1)
    with pytest.raises(InputError, match="user_mistakes: unknown kind 'wrong_write'"):
        parse_rates("wrong_write=0.1", USER_MISTAKES, "user_mistakes")
