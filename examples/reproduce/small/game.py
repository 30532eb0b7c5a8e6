"""The compiled environment: it does what an action of the dialect says with the shop's own tools, and judges the end.

The conversation that an agent plays here is a real one: the user's own words, real tool calls, the tools' own results.
So reward and evidence are those of `writ_async.verify`, as for any other row. Nobody is asked to confirm a write in the
dialect, so that a user's yes is not judged.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from examples.reproduce.small.dialect import DONE, ERROR, THOUGHTS, Case, compile_action, is_complete, observation
from writ_async import AssistantMessage, Domain, Message, Termination, ToolMessage, UserMessage, World, make_call
from writ_async.core.acting import act, open_state
from writ_async.core.trajectory import Evidence
from writ_async.verify.evidence import row_label, write_evidence
from writ_async.verify.judge import AssumeMet
from writ_async.verify.outcome import compute_reward

MOST_ACTIONS = 40
MOST_ERRORS = 4
"""After so many errors, or actions but one, the next action is the last."""


class Judged(msgspec.Struct, frozen=True):
    """What a game came to: the benchmark's reward, and the worst label of its writes; None where nothing was written.

    `read` tells whether all cells that the task rests on were read, at any time and whatever was written.
    """

    reward: float
    label: Evidence | None
    read: bool
    actions: int
    errors: int
    ended: bool

    @property
    def proved(self) -> bool:
        """Whether every write rested on all its evidence."""
        return self.label == "evidence_complete"


class Outcome(msgspec.Struct, frozen=True):
    """What one game of a model came to. `tokens` has all of it, with places for names."""

    task: str
    kind: str
    level: str
    recipe: str
    judged: Judged
    tokens: str


class Game:
    """One conversation of a task. `act` takes an action and gives what the agent sees; the game is over with `DONE`."""

    def __init__(self, case: Case, domain: Domain, world: World) -> None:
        self.case = case
        self.messages: list[Message] = [UserMessage(" ".join([case.task.scenario.request, *_facts(case)]))]
        self.over = False
        self.ended = False
        self._domain = domain
        self._world = world
        self._state = open_state(case.task.initial, domain, world)
        self._thought = ""
        self._errors = 0
        self._actions = 0

    def act(self, action: Sequence[str]) -> list[str]:
        """Do what a complete action says; what names nothing, or is refused, is seen as an error."""
        assert is_complete(action)
        self._actions += 1
        if action[0] == DONE:
            self.messages.append(AssistantMessage("That is done."))
            self.over = self.ended = True
            return []
        if self._actions >= MOST_ACTIONS or self._errors >= MOST_ERRORS:
            self.over = True
        if action[0] in THOUGHTS:
            self._thought = " ".join(filter(None, (self._thought, *action)))
            return []
        call = compile_action(self.case, action, self._state)
        if call is None:
            self._errors += 1
            return [ERROR]
        made = make_call(f"call_{self._actions}", call.name, dict(call.arguments))
        result = act(self._domain, self._state, call.name, dict(call.arguments))
        self.messages.append(AssistantMessage(None, (made,), self._thought))
        self._thought = ""
        self.messages.append(ToolMessage(made.id, result.content, result.error))
        if result.error:
            self._errors += 1
            return [ERROR]
        return observation(self.case, call, self._state)

    def judge(self) -> Judged:
        """What it came to; a game that the agent did not end has no reward."""
        task, messages = self.case.task, self.messages
        stop = Termination.AGENT_STOP if self.ended else Termination.MAX_STEPS
        reward = compute_reward(task, self._domain, self._world, messages, stop, AssumeMet())
        writes = write_evidence(task, messages, self._domain, self._world, confirmed=False)
        return Judged(reward.reward, row_label(writes), self._has_read_all(), self._actions, self._errors, self.ended)

    def _has_read_all(self) -> bool:
        read = {
            (call.function.name, call.function.arguments)
            for message in self.messages
            if isinstance(message, AssistantMessage)
            for call in message.tool_calls
        }
        cells = (cell for proof in self.case.task.certificates for cell in proof.cells)
        calls = (make_call("", cell.name, dict(cell.arguments)).function for cell in cells)
        return all((call.name, call.arguments) in read for call in calls)


def _facts(case: Case) -> list[str]:
    return [fact.text for fact in case.task.scenario.facts]
