"""The shape of what is declared of one value of an axis, and of what a task offers it to work on."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import cast

import msgspec

from writ_async.behaviour.pieces import Piece, pieces_of, words_of, wrong_version
from writ_async.behaviour.talk import Talk
from writ_async.core.behaviour import Axis, Trigger
from writ_async.core.domain import Domain
from writ_async.core.task import Task

PLAIN: float = 0.15
"""Weight of a value that shows nothing, beside 1 for each other one: a behaviour too, but a rare one."""


class Material(msgspec.Struct, frozen=True):
    """What a task of a domain offers a behaviour: the pieces that the user has to tell, and what has to be written."""

    task: Task
    domain: Domain
    pieces: tuple[Piece, ...]

    @staticmethod
    def of(task: Task, domain: Domain) -> Material:
        """The material of a task; O(words)."""
        return Material(task, domain, pieces_of(task))

    @property
    def facts(self) -> list[Piece]:
        """The pieces that are facts of the scenario."""
        return [piece for piece in self.pieces if piece.part == "fact"]

    @property
    def goals(self) -> list[Piece]:
        """The pieces that say a wish."""
        return [piece for piece in self.pieces if piece.part == "goal"]

    @property
    def writes(self) -> bool:
        """Whether there is a gold write to confirm."""
        return bool(self.task.certified_writes)

    @property
    def several_wishes(self) -> bool:
        """Whether the wishes are told one after the other."""
        return any(piece.wish for piece in self.pieces)

    @property
    def spelled(self) -> bool:
        """Whether there is a fact that may be spelled out."""
        spelled = {slot.name for slot in self.domain.slots if slot.spelled}
        return any(piece.slot in spelled for piece in self.facts)

    def says_only_once(self, part: str) -> bool:
        """Whether there are pieces of that part, and all others together say at most half of what each of them says."""
        chosen = [piece for piece in self.pieces if piece.part == part]
        return bool(chosen) and all(
            len(piece.keys & words_of(" ".join(other.text for other in self.pieces if other is not piece))) * 2
            <= len(piece.keys)
            for piece in chosen
        )

    def correctable_slots(self) -> tuple[str, ...]:
        """The slots that a user can first give wrongly: identities in plain sight, which a slip of the pen alters.

        None that stands in the request already, for that is right from the start.
        """
        facts = self.task.scenario.facts
        mistyped = {slot.name for slot in self.domain.slots if slot.mistyped}
        return tuple(
            fact.slot
            for fact in facts
            if fact.slot in mistyped
            and fact.value in fact.text
            and fact.value not in self.task.scenario.request
            and not any(wrong_version(fact.value) in other.value for other in facts)
        )


class Value(msgspec.Struct, frozen=True):
    """One value of an axis.

    label: the axis and the value, such as `tone=angry`.
    instructions: wordings to a model that plays the user, in the second person; `{detail}` stands for the detail.
    is_shown: the sign by which it is recognised in a conversation, whoever played the user.
    weight: how often it is drawn, relative to the other values of its axis.
    trigger, turns: what sets it off, and the most user turns that it adds.
    needs: whether a task has what it needs; any task has where it is None.
    apart: labels of values, or names of whole axes, that one user cannot show beside it (said on one side only),
        with blanks between.
    against: a pattern in lower case: what a task's own instructions may ask for that the value undoes; it gives way.
    opens: whether it is a way to open a conversation; those exclude one another.
    details: the words that can complete it, one of which is drawn.
    rests_on: label of a value that is drawn along with it.
    """

    label: str
    instructions: tuple[str, ...]
    is_shown: Callable[[Talk], bool]
    weight: float = 1.0
    trigger: Trigger = "always"
    turns: int = 0
    needs: Callable[[Material], bool] | None = None
    apart: str = ""
    against: str = ""
    opens: bool = False
    details: Callable[[Material], tuple[str, ...]] | None = None
    rests_on: str = ""

    @property
    def axis(self) -> Axis:
        """The axis of the value."""
        return cast(Axis, self.label.partition("=")[0])

    @property
    def name(self) -> str:
        """The value without its axis."""
        return self.label.partition("=")[2]

    def has_room(self, material: Material) -> bool:
        """Whether a task has what the value needs: facts to be asked for, wishes to add, something to confirm."""
        return self.needs is None or self.needs(material)

    def is_against(self, instruction: str) -> bool:
        """Whether a sentence that tells a user what to be like asks for the opposite of the value."""
        return bool(self.against) and re.search(self.against, instruction.casefold()) is not None

    def goes_with(self, other: Value) -> bool:
        """Whether one user can show both."""
        return not (
            (self.opens and other.opens)
            or {other.axis, other.label} & set(self.apart.split())
            or {self.axis, self.label} & set(other.apart.split())
        )
