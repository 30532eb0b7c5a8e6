"""Rows to train on: a task played by a script, as tokens with a mask over what the agent said."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import msgspec

from examples.reproduce.small.dialect import DONE, GO, READ, THOUGHTS, gold_actions
from examples.reproduce.small.game import Game, Judged
from examples.reproduce.small.names import sizes_of
from examples.reproduce.small.tasks import Played
from writ_async import Message

WRITES = ("CANCEL", "PAY", "RETURN", "SHIP", "LIVE")


class Row(msgspec.Struct, frozen=True):
    """One conversation in the dialect. `said` has 1 where a token is the agent's own, and is trained on.

    `sizes` is how many ids and totals are to be named anew.
    """

    level: str
    tokens: tuple[str, ...]
    said: tuple[int, ...]
    sizes: tuple[int, int]
    judged: Judged

    @property
    def trained(self) -> int:
        """How many tokens are trained on."""
        return sum(self.said)


def play_actions(played: Played, actions: Sequence[Sequence[str]]) -> Row:
    """The row of a task whose agent does just these things, and then says that it is done."""
    case, environment = played.case, played.environment
    game = Game(case, environment.domain, environment.world)
    tokens = [*case.request, GO]
    said = [0] * len(tokens)
    for action in [*actions, [DONE]]:
        seen = game.act(action)
        tokens += [*action, *seen]
        said += [1] * len(action) + [0] * len(seen)
        if game.over:
            break
    assert case.task.proof is not None
    return Row(case.task.proof.level, tuple(tokens), tuple(said), sizes_of(case), game.judge())


def play_messages(played: Played) -> list[Message]:
    """The conversation of a task's gold calls, as the product has conversations."""
    game = Game(played.case, played.environment.domain, played.environment.world)
    for action in [*teacher(played), [DONE]]:
        game.act(action)
    return game.messages


def teacher(played: Played) -> list[list[str]]:
    """The task's own gold calls."""
    return gold_actions(played.case, played.environment.world)


def idle_reader(played: Played) -> list[list[str]]:
    """The gold calls, and before the first write the profile and all orders, whether or not they decide anything."""
    actions = teacher(played)
    first = next(number for number, action in enumerate(actions) if action[0] in (*THOUGHTS, *WRITES))
    before = actions[:first]
    wanted = [[READ, played.case.place(value)] for value in _all_records(played)]
    later = [action for action in actions[first:] if action[0] in (*THOUGHTS, *WRITES)]
    return [*before, *(read for read in wanted if read not in before), *later]


def careless(played: Played, rng: Random, share: float) -> list[list[str]]:
    """The gold calls with a planted mistake in a share of the conversations: the agent stops reading too early.

    It then writes about one of the orders that it has seen: the right one if that is among them, else another.
    """
    actions = teacher(played)
    if rng.random() >= share:
        return actions
    reads = [action for action in actions if action[0] == READ and action[1] != "@0"]
    kept = rng.sample(reads, rng.randrange(len(reads))) if reads else []
    shown = [action[1] for action in kept]
    told = [token for token in played.case.request if token.startswith("@")]
    found: list[list[str]] = []
    for action in actions:
        if action[0] in WRITES and shown and action[1] not in shown and action[1] not in told:
            found.append([action[0], rng.choice(shown), *action[2:]])
        elif action[0] != READ or action[1] == "@0" or action in kept:
            found.append(action)
    return found


def _all_records(played: Played) -> list[str]:
    user = played.environment.world.tables["users"][played.case.user]
    return [user.user_id, *user.orders]
