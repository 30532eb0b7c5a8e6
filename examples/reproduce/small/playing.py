"""A model plays: greedily, all games of a batch in step, each with names of its own."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import torch

from examples.reproduce.small.dialect import GO, VERBS, is_complete
from examples.reproduce.small.game import Game, Outcome
from examples.reproduce.small.model import LENGTH, Cache, Model
from examples.reproduce.small.names import PADDING, Naming, Vocabulary, sizes_of
from examples.reproduce.small.tasks import Played

_BATCH = 128


class _Player:
    """One game: the tokens that the model has to be given yet, and the action that it is in the middle of."""

    def __init__(self, played: Played, vocabulary: Vocabulary) -> None:
        case = played.case
        self.game = Game(case, played.environment.domain, played.environment.world)
        self.names = Naming(sizes_of(case), Random(f"{case.task.id}/names"))
        self.tokens: list[str] = [*case.request, GO]
        self.given = 0
        self.action: list[str] = []
        self._vocabulary = vocabulary

    @property
    def over(self) -> bool:
        return self.game.over or len(self.tokens) > LENGTH or self.given >= LENGTH

    def next_id(self) -> int:
        token = self.tokens[self.given]
        self.given += 1
        return self._vocabulary.encode(self.names.rename([token]))[0]

    def hear(self, token: str) -> None:
        """What the model says next, where it is its turn; a word in place of a verb ends the game."""
        if self.given < len(self.tokens):
            return
        (token,) = self.names.restore([token])
        self.tokens.append(token)
        self.action.append(token)
        if self.action[0] not in VERBS:
            self.game.over = True
        elif is_complete(self.action):
            self.tokens += self.game.act(self.action)
            self.action = []


def play_all(model: Model, vocabulary: Vocabulary, tasks: Sequence[Played]) -> list[Outcome]:
    """The outcomes of all tasks, in their order. A task is named the same whichever model plays it."""
    outcomes: list[Outcome] = []
    for start in range(0, len(tasks), _BATCH):
        batch = tasks[start : start + _BATCH]
        players = [_Player(played, vocabulary) for played in batch]
        cache = Cache(model.shape, len(players))
        while not all(player.over for player in players) and cache.used < LENGTH:
            ids = torch.tensor([[PADDING if player.over else player.next_id()] for player in players])
            with torch.no_grad():
                best = model.logits(model.hidden(ids, cache))[:, -1].argmax(-1).tolist()
            for player, number in zip(players, best, strict=True):
                if not player.over:
                    player.hear(vocabulary.tokens[number])
        for played, player in zip(batch, players, strict=True):
            task = played.case.task
            assert task.proof is not None
            judged = player.game.judge()
            outcomes.append(Outcome(task.id, task.kind, task.proof.level, task.recipe, judged, " ".join(player.tokens)))
    return outcomes
